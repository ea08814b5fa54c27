#!/usr/bin/python3
"""Calibration by temper beside scikit-learn, SciPy and PyTorch on the same logits: seconds of wall clock and processor, and their ratios, as Markdown.

Debian: python3-sklearn, python3-torch; build/calibration_bench (ninja -C build calibration_bench). All do the same work on data in memory: one fit on all
rows, then the ECE of 15 bins before and after. temper computes in double and solves to 1e-10, the peers in the float32 of the data. The last line is the
whole `temper calibrate`: it reads the files, fits on all rows and in five folds, and takes every metric with its bootstrap interval before and after.

    tests/bench/calibration_peers.py [--rows 200000] [--classes 100] [--rounds 3] [--build build]
"""
import argparse, json, pathlib, resource, statistics, subprocess, tempfile, time

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.calibration import CalibratedClassifierCV

options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("--rows", type=int, default=200_000)
options.add_argument("--classes", type=int, default=100)
options.add_argument("--rounds", type=int, default=3)
options.add_argument("--build", default="build")
options = options.parse_args()
torch.set_num_threads(2)


def sample(rows, classes):
    """Logits of an underconfident classifier that is right about two times in three."""
    random = np.random.default_rng(7)
    labels = random.integers(0, classes, rows)
    logits = random.standard_normal((rows, classes), dtype=np.float32)
    logits[np.arange(rows), labels] += random.normal(3.2, 1.3, rows).astype(np.float32)
    return logits * np.float32(1.7), labels


def ece(p, labels, bins=15):
    confidence, right = p.max(1), p.argmax(1) == labels
    at = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return np.abs(np.bincount(at, right - confidence, bins)).sum() / len(labels)


class Softmax:
    """The network, as scikit-learn wants it: its probabilities are the features."""
    def __init__(self, classes):
        self.classes_ = np.arange(classes)
        self.n_features_in_ = classes

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return X


def torch_temperature(logits, labels):
    """As gpleiss/temperature_scaling, on the CPU: LBFGS on T, 50 steps."""
    z, y = torch.from_numpy(logits), torch.from_numpy(labels)
    t = torch.nn.Parameter(torch.ones(1) * 1.5)
    optimizer = torch.optim.LBFGS([t], lr=0.01, max_iter=50)

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(z / t, y)
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        return ece(torch.softmax(z, 1).numpy(), labels), ece(torch.softmax(z / t, 1).numpy(), labels), t.item()


def scipy_temperature(logits, labels):
    rows = np.arange(len(labels))
    found = minimize_scalar(lambda u: -log_softmax(logits * np.float32(np.exp(-u)), axis=1)[rows, labels].mean(), bracket=(-0.5, 0.5), tol=1e-6)
    t = np.exp(found.x)
    return ece(softmax(logits, axis=1), labels), ece(softmax(logits / np.float32(t), axis=1), labels), t


def sklearn_isotonic(logits, labels):
    p = softmax(logits, axis=1)
    fitted = CalibratedClassifierCV(Softmax(logits.shape[1]), method="isotonic", cv="prefit").fit(p, labels)
    return ece(p, labels), ece(fitted.predict_proba(p), labels), float("nan")


def timed(work):
    begin, before = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - begin, time.process_time() - before, result


def library(method, folder):
    command = [f"{options.build}/calibration_bench", f"{folder}/z.npy", f"{folder}/y.npy", method]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found["seconds"], found["processor_seconds"], found["ece"]


def program(method, folder):
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([f"{options.build}/bin/temper", "calibrate", "--logits", f"{folder}/z.npy", "--labels", f"{folder}/y.npy", "--method", method, "--json"], check=True,
                   capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, None


logits, labels = sample(options.rows, options.classes)
with tempfile.TemporaryDirectory() as folder:
    np.save(f"{folder}/z.npy", logits)
    np.save(f"{folder}/y.npy", labels)
    runs = {
        ("temperature", "temper"): lambda: library("temperature", folder),
        ("temperature", "PyTorch, LBFGS"): lambda: timed(lambda: torch_temperature(logits, labels)),
        ("temperature", "SciPy, Brent"): lambda: timed(lambda: scipy_temperature(logits, labels)),
        ("isotonic", "temper"): lambda: library("isotonic", folder),
        ("isotonic", "scikit-learn"): lambda: timed(lambda: sklearn_isotonic(logits, labels)),
        ("temperature", "`temper calibrate`"): lambda: program("temperature", folder),
    }
    seconds = {key: [] for key in runs}
    for _ in range(options.rounds):  # in turn, so that what else runs on the machine meets all alike
        for key, run in runs.items():
            seconds[key].append(run()[:2])

load = pathlib.Path("/proc/loadavg").read_text().split()[0]
print(f"{options.rows:,} rows of {options.classes} classes, medians of {options.rounds} rounds, load {load}\n")
print("| method | tool | seconds | processor seconds | of temper's processor seconds |\n|---|---|---|---|---|")
for (method, tool), times in seconds.items():
    wall, cpu = (statistics.median(column) for column in zip(*times))
    ours = statistics.median(cpu for _, cpu in seconds[method, "temper"])
    print(f"| {method} | {tool} | {wall:.2f} | {cpu:.2f} | {cpu / ours:.1f} x |")
