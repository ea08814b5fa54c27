#!/usr/bin/env python3
"""Medians and ratios of what compare.sh measured: ratios.py RESULTS.jsonl BATCH"""
import json
import statistics
import sys

path, batch = sys.argv[1], int(sys.argv[2])
rows = [json.loads(line) for line in open(path)]


def median(tool, net, size, key):
    values = [row[key] for row in rows if (row["tool"], row["net"], row["batch"]) == (tool, net, size) and key in row]
    return statistics.median(values) if values else None


def compare(title, key, size, peer):
    print(f"\n{title}, images/s, median of rounds")
    for net in dict.fromkeys(row["net"] for row in rows):
        ours, theirs = median("temper", net, size, key), median(peer, net, size, key)
        if ours and theirs:
            print(f"  {net:10} temper {ours:10,.0f}   {peer} {theirs:10,.0f}   ratio {ours / theirs:.2f}")


compare(f"training, batch {batch}", "train_images_per_s", batch, "pytorch")
compare(f"inference, batch {batch}", "infer_images_per_s", batch, "pytorch")
compare(f"inference, batch {batch}", "infer_images_per_s", batch, "onnxruntime")
compare("inference, batch 1", "infer_images_per_s", 1, "onnxruntime")
print(f"\npeak memory of the process, training and inference at batch {batch}, MiB")
for net in dict.fromkeys(row["net"] for row in rows):
    print(f"  {net:10} temper {(median('temper', net, batch, 'peak_kib') or 0) / 1024:6.0f}   pytorch {(median('pytorch', net, batch, 'peak_kib') or 0) / 1024:6.0f}")
