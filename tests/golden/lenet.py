#!/usr/bin/env python3
"""Makes the golden numbers of tests/golden/lenet_test.cpp: ten SGD steps of LeNet-5 in PyTorch, from weights given by a formula, on the first 2,560 training
images of MNIST in the order of the file. Needs torch and numpy.

    tests/golden/lenet.py MNIST_DIR tests/golden/lenet_after.safetensors      prints the ten losses
"""
import gzip
import json
import struct
import sys

import numpy as np
import torch
import torch.nn as nn

BATCH, STEPS = 256, 10
# Where two inputs of a max pooling, or an input of a ReLU and 0, are nearer to each other than float32 can tell, rounding decides where a gradient goes, and ten
# steps make up to 1e-3 of it: PyTorch itself then differs by as much between one thread and two. Such near ties are common; with this rate and these weights
# there is none that matters: weights disturbed by 1e-6 at the start end within 3e-5 of these, in five trials of five.
LEARNING_RATE, FIRST_TENSOR = 0.03, 360


def formula(tensor_number, shape, fan_in):
    """Value i of tensor t: a hash of (t, i), uniform in +-1/sqrt(fan_in)."""
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    word = (i * np.uint64(2654435761) + np.uint64(tensor_number) * np.uint64(40503)) % np.uint64(2**32)
    word = (word ^ (word >> np.uint64(15))) * np.uint64(2246822519) % np.uint64(2**32)
    return torch.from_numpy(((word.astype(np.float64) / 2**31 - 1) / np.sqrt(fan_in)).astype(np.float32).reshape(shape))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = nn.functional.max_pool2d(torch.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


def idx(path, offset):
    with gzip.open(path) as file:
        return np.frombuffer(file.read()[offset:], np.uint8)


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in sorted(tensors.items()):
        raw = tensor.detach().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main(mnist, out):
    images = torch.from_numpy(idx(f"{mnist}/train-images-idx3-ubyte.gz", 16)[: BATCH * STEPS * 784].reshape(-1, 1, 28, 28).astype(np.float32))
    labels = torch.from_numpy(idx(f"{mnist}/train-labels-idx1-ubyte.gz", 8)[: BATCH * STEPS].astype(np.int64))
    images = (images / 255 - 0.1307) / 0.3081
    net = LeNet()
    with torch.no_grad():
        for t, (name, parameter) in enumerate(net.named_parameters(), FIRST_TENSOR):
            layer = net.get_submodule(name.split(".")[0])
            parameter.copy_(formula(t, tuple(parameter.shape), layer.weight[0].numel()))
    sgd = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, momentum=0.9, weight_decay=5e-4, nesterov=True)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    for step in range(STEPS):
        part = slice(step * BATCH, (step + 1) * BATCH)
        loss = loss_of(net(images[part]), labels[part])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        print(f"{loss.item():.7f},")
    write_safetensors(out, dict(net.named_parameters()))


if __name__ == "__main__":
    main(*sys.argv[1:])
