#!/usr/bin/env python3
"""Makes the six IDX files of this folder from the UCI digits as CSV (64 pixels 0..16, then the label; gzip).

    make_digits.py digits.csv.gz [OUT_DIR]

Nothing but the rows themselves decides the split: see README.md.
"""

import gzip
import hashlib
import pathlib
import struct
import sys

SIDE, CLASSES, LEVELS = 8, 10, 16
HELD_OUT = {"test": 300, "val": 300}  # the rest is train


def read_rows(path):
    with gzip.open(path, "rt", encoding="ascii") as lines:
        rows = [line.strip() for line in lines]
    samples = [[int(value) for value in row.split(",")] for row in rows]
    for number, sample in enumerate(samples, start=1):
        if len(sample) != SIDE * SIDE + 1 or not all(0 <= v <= LEVELS for v in sample[:-1]) or not 0 <= sample[-1] < CLASSES:
            sys.exit(f"{path}: line {number} is not 64 pixels 0..16 and a label 0..9")
    return rows, samples


def quotas(class_sizes, total):
    """How many of `total` each class gives: in proportion to its size, the largest remainders rounded up."""
    everything = sum(class_sizes)
    shares = [size * total // everything for size in class_sizes]
    by_remainder = sorted(range(len(class_sizes)), key=lambda k: (-(class_sizes[k] * total % everything), k))
    for k in by_remainder[: total - sum(shares)]:
        shares[k] += 1
    return shares


def split(rows, samples):
    """The row numbers of each part, in the order of the file. In each class the rows are ranked by the SHA-256 of their text."""
    members = [[i for i, sample in enumerate(samples) if sample[-1] == k] for k in range(CLASSES)]
    sizes = [len(rows_of_class) for rows_of_class in members]
    ranked = [sorted(rows_of_class, key=lambda i: (hashlib.sha256(rows[i].encode()).digest(), i)) for rows_of_class in members]
    parts = {}
    for part, total in HELD_OUT.items():
        parts[part] = []
        for k, share in enumerate(quotas(sizes, total)):
            parts[part] += ranked[k][:share]
            ranked[k] = ranked[k][share:]
    parts["train"] = sum(ranked, [])
    return {part: sorted(chosen) for part, chosen in parts.items()}


def write_idx(path, extents, values):
    header = struct.pack(f">BBBB{len(extents)}I", 0, 0, 0x08, len(extents), *extents)  # 0x08: unsigned bytes
    path.write_bytes(header + bytes(values))


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else pathlib.Path(__file__).parent
    rows, samples = read_rows(sys.argv[1])
    for part, chosen in split(rows, samples).items():
        # round half up of v * 255 / 16; 17 distinct values, so v = round(pixel * 16 / 255) gets the level back.
        pixels = [(samples[i][j] * 255 + LEVELS // 2) // LEVELS for i in chosen for j in range(SIDE * SIDE)]
        write_idx(out / f"{part}-images-idx3-ubyte", (len(chosen), SIDE, SIDE), pixels)
        write_idx(out / f"{part}-labels-idx1-ubyte", (len(chosen),), [samples[i][-1] for i in chosen])


if __name__ == "__main__":
    main()
