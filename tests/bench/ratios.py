#!/usr/bin/env python3
"""What compare.sh measured, as a table in Markdown of medians over the rounds: ratios.py RESULTS.jsonl BATCH"""
import json
import statistics
import sys

path, batch = sys.argv[1], int(sys.argv[2])
rows = [json.loads(line) for line in open(path)]


def median(tool, net, key, size=batch):
    values = [row[key] for row in rows if (row["tool"], row["net"], row["batch"]) == (tool, net, size) and key in row]
    return statistics.median(values) if values else None


def number(value):
    return f"{value:,.0f}" if value else "-"


def ratio(ours, theirs):
    return f"{ours / theirs:.2f} x" if ours and theirs else "-"


def peak(tool, net):
    kib = median(tool, net, "peak_kib")
    return kib / 1024 if kib else None


threads = next((row["threads"] for row in rows), "?")
print(f"Images a second, batch {batch}, {threads} threads; `of one thread` is temper on {threads} threads beside temper on one; memory is the peak of the process in MiB.\n")
print("| network | training | of PyTorch | of one thread | memory | PyTorch's | inference | of PyTorch | of onnxruntime | batch 1 | of onnxruntime |")
print("|---|---|---|---|---|---|---|---|---|---|---|")
for net in dict.fromkeys(row["net"] for row in rows):
    train, infer = median("temper", net, "train_images_per_s"), median("temper", net, "infer_images_per_s")
    single = median("temper", net, "infer_images_per_s_batch_1")
    cells = [net, number(train), ratio(train, median("pytorch", net, "train_images_per_s")),
             ratio(train, median("temper", net, "train_images_per_s_one_thread")), number(peak("temper", net)), number(peak("pytorch", net)),
             number(infer), ratio(infer, median("pytorch", net, "infer_images_per_s")), ratio(infer, median("onnxruntime", net, "infer_images_per_s")),
             number(single), ratio(single, median("onnxruntime", net, "infer_images_per_s", 1))]
    print(f"| {' | '.join(cells)} |")
