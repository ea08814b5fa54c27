#!/usr/bin/python3
"""The peer's side of the speed comparison: training and inference throughput of PyTorch on the same nets, batch and threads.

Needs Debian's python3-torch (1.13, oneDNN 2.6). One JSON line a net: images a second, best of NCHW and channels_last (inference: also of eager and frozen),
median of --runs steps after --warmup. Training = zero_grad + forward + backward + SGD step, cross entropy with label smoothing 0.1.

    ./pytorch.py --threads 2 --batch 128 lenet alexnet resnet20 resnet56
    ./pytorch.py --export DIR            writes the nets as ONNX files for onnxruntime.js, the faster peer in inference
"""
import argparse, json, statistics, time

import at_its_best

at_its_best.restart(blas_threads=1)  # PyTorch's own threads call it

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    """He's CIFAR basic block, option A shortcut (subsample, zero-pad channels)."""

    def __init__(self, cin, cout, stride):
        super().__init__()
        self.c1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.b1 = nn.BatchNorm2d(cout)
        self.c2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.b2 = nn.BatchNorm2d(cout)
        self.stride, self.extra = stride, (cout - cin) // 2

    def forward(self, x):
        y = self.b2(self.c2(F.relu(self.b1(self.c1(x)))))
        if self.extra:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.extra, self.extra))
        return F.relu(x + y)


def resnet(blocks, classes=10):
    layers, cin = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for group, cout in enumerate((16, 32, 64)):
        for j in range(blocks):
            layers.append(Block(cin, cout, 2 if group and not j else 1))
            cin = cout
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


def lenet():
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def alexnet():
    """The TF CIFAR-10 tutorial net on 24x24 crops: 1,068,298 parameters."""
    lrn = lambda: nn.LocalResponseNorm(9, alpha=0.001, beta=0.75, k=1.0)
    return nn.Sequential(nn.Conv2d(3, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2, 1), lrn(),
                         nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(), lrn(), nn.MaxPool2d(3, 2, 1),
                         nn.Flatten(), nn.Linear(64 * 36, 384), nn.ReLU(), nn.Linear(384, 192), nn.ReLU(), nn.Linear(192, 10))


NETS = {"lenet": (lenet, (1, 28, 28)), "alexnet": (alexnet, (3, 24, 24)), "resnet20": (lambda: resnet(3), (3, 32, 32)),
        "resnet56": (lambda: resnet(9), (3, 32, 32))}


def median_seconds(step, runs, warmup):
    for _ in range(warmup):
        step()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def measure(name, batch, runs, warmup):
    make, shape = NETS[name]
    best = {"train": 0.0, "infer": 0.0}
    for memory_format in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(0)
        net = make().to(memory_format=memory_format)
        x = torch.randn(batch, *shape).to(memory_format=memory_format)
        y = torch.randint(0, 10, (batch,))
        loss = nn.CrossEntropyLoss(label_smoothing=0.1)
        sgd = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9, weight_decay=1e-4)

        def train():
            sgd.zero_grad()
            loss(net(x), y).backward()
            sgd.step()

        net.train()
        best["train"] = max(best["train"], batch / median_seconds(train, runs, warmup))
        net.eval()
        with torch.no_grad():
            frozen = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, x)))
            for infer in (net, frozen):
                best["infer"] = max(best["infer"], batch / median_seconds(lambda: infer(x), runs, warmup + 3))
    return best


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nets", nargs="*", default=list(NETS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--export", metavar="DIR", help="write each net as DIR/NET.onnx and stop")
    args = parser.parse_args()
    if args.export:
        for name in args.nets:
            make, shape = NETS[name]
            torch.manual_seed(0)
            torch.onnx.export(make().eval(), torch.randn(2, *shape), f"{args.export}/{name}.onnx", opset_version=13,
                              input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
        raise SystemExit
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    for name in args.nets:
        best = measure(name, args.batch, args.runs, args.warmup)
        print(json.dumps({"net": name, "batch": args.batch, "threads": args.threads, "train_images_per_s": round(best["train"], 1),
                          "infer_images_per_s": round(best["infer"], 1), "torch": torch.__version__}), flush=True)
