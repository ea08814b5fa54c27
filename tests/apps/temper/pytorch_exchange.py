#!/usr/bin/python3
"""The other side of tests/apps/temper/pytorch_exchange_test.cpp: ResNet-20 of PyTorch's own modules.

    pytorch_exchange.py FOLDER
        reads   images.pt                      {"images": (N,C,H,W)}
                temper.pt                      a state_dict that `temper convert` wrote
        writes  temper_logits.pt               {"logits": (N,K)}, loaded with strict=True and weights_only=True
                pytorch.pt, pytorch_logits.pt  a checkpoint as training programs leave one, after a few steps here, and its logits
"""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.more = stride, outputs - inputs

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        x = x[:, :, :: self.stride, :: self.stride]
        return F.relu(y + F.pad(x, (0, 0, 0, 0, self.more // 2, self.more // 2)))


class ResNet20(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        widths, layers = [16, 16, 32, 64], []
        for before, width in zip(widths, widths[1:]):
            stride = 1 if width == 16 else 2
            layers.append(nn.Sequential(Block(before, width, stride), Block(width, width, 1), Block(width, width, 1)))
        self.layer1, self.layer2, self.layer3 = layers
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


def write_logits(path, net, images):
    net.eval()
    with torch.no_grad():
        torch.save({"logits": net(images)}, path)


def main(folder):
    images = torch.load(f"{folder}/images.pt", weights_only=True)["images"]
    weights = torch.load(f"{folder}/temper.pt", weights_only=True)
    net = ResNet20(images.shape[1], weights["fc.weight"].shape[0])
    net.load_state_dict(weights, strict=True)
    write_logits(f"{folder}/temper_logits.pt", net, images)

    torch.manual_seed(1)
    net = nn.DataParallel(ResNet20(images.shape[1], weights["fc.weight"].shape[0]))
    sgd = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    labels = torch.arange(len(images)) % weights["fc.weight"].shape[0]
    for _ in range(5):
        sgd.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        sgd.step()
    torch.save({"epoch": 5, "state_dict": net.state_dict(), "optimizer": sgd.state_dict()}, f"{folder}/pytorch.pt")
    write_logits(f"{folder}/pytorch_logits.pt", net, images)


main(sys.argv[1])
