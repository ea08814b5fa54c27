#!/usr/bin/env python3
"""The peer of tests/bench/transformer_bench.cpp: PyTorch's nn.Transformer of the same size, on the same batches. Prints words a second, and words a second of
processor time. Needs torch.

    tests/bench/peers/transformer.py THREADS
"""
import math
import sys
import time

import at_its_best

# BLAS has the threads: PyTorch's own beside them fight with them over the cores.
at_its_best.restart(blas_threads=sys.argv[1] if len(sys.argv) > 1 else 2)

import torch
import torch.nn as nn

VOCABULARY, SENTENCES, SOURCE, TARGET, STEPS = 8000, 256, 17, 16, 7
WIDTH, FEED_FORWARD, HEADS, LAYERS, DROPOUT = 128, 256, 4, 4, 0.3


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        nn.init.normal_(self.embedding.weight, std=WIDTH**-0.5)
        self.transformer = nn.Transformer(WIDTH, HEADS, LAYERS, LAYERS, FEED_FORWARD, DROPOUT, batch_first=True, norm_first=True)
        self.dropout = nn.Dropout(DROPOUT)
        position, pair = torch.arange(SOURCE)[:, None], torch.arange(0, WIDTH, 2)[None]
        angle = position / 10000 ** (pair / WIDTH)
        self.positions = torch.stack([angle.sin(), angle.cos()], 2).reshape(SOURCE, WIDTH)
        self.causal = torch.ones(TARGET, TARGET, dtype=torch.bool).triu(1)

    def embed(self, ids):
        return self.dropout(self.embedding(ids) * math.sqrt(WIDTH) + self.positions[: ids.shape[1]])

    def forward(self, source, padding, target):
        hidden = self.transformer(self.embed(source), self.embed(target), tgt_mask=self.causal, src_key_padding_mask=padding, memory_key_padding_mask=padding)
        return hidden @ self.embedding.weight.T


def batch(length, factor):
    n, i = torch.arange(SENTENCES)[:, None], torch.arange(length)[None]
    padding = i >= length - n % 3
    return ((n * 131 + i * factor) % VOCABULARY).masked_fill(padding, 0), padding


def main():
    torch.set_num_threads(1)
    net = Translator().train()
    adam = torch.optim.Adam(net.parameters(), lr=1e-4, betas=(0.9, 0.997), eps=1e-9)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    (source, source_padding), (target, target_padding) = batch(SOURCE, 17), batch(TARGET, 29)
    labels = (torch.arange(SENTENCES * TARGET) * 7 % VOCABULARY).masked_fill(target_padding.reshape(-1), -100)
    times, processor_times = [], []
    for step in range(STEPS):
        start, processor_start = time.perf_counter(), time.process_time()
        adam.zero_grad()
        loss = loss_of(net(source, source_padding, target).reshape(-1, VOCABULARY), labels)
        loss.backward()
        adam.step()
        if step >= 2:
            times.append(time.perf_counter() - start)
            processor_times.append(time.process_time() - processor_start)
    words = (~target_padding).sum().item()
    print(f"{words / sorted(times)[len(times) // 2]:.0f} {words / sorted(processor_times)[len(times) // 2]:.0f}")


if __name__ == "__main__":
    main()
