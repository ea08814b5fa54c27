#!/usr/bin/env python3
"""Makes the golden numbers of tests/golden/transformer_test.cpp: loss and gradients of one step of PyTorch's nn.Transformer, from weights given by a formula, on
three sentence pairs of different lengths. Needs torch and numpy.

    tests/golden/transformer.py tests/golden/transformer_gradients.safetensors      prints the loss
"""
import math
import sys

import numpy as np
import torch
import torch.nn as nn

from lenet import formula, write_safetensors

VOCABULARY, WIDTH, FEED_FORWARD, HEADS, LAYERS = 37, 16, 24, 4, 2
SOURCE_LENGTHS, TARGET_LENGTHS = (7, 4, 1), (3, 6, 5)
PADDING = 0


def positions(length):
    position, pair = torch.arange(length)[:, None].double(), torch.arange(0, WIDTH, 2)[None].double()
    angle = position / 10000 ** (pair / WIDTH)
    return torch.stack([angle.sin(), angle.cos()], 2).reshape(length, WIDTH).float()


def sentences(lengths, factor):
    ids = torch.full((len(lengths), max(lengths)), PADDING)
    for n, length in enumerate(lengths):
        for l in range(length):
            ids[n, l] = 1 + (n * 11 + l * factor) % (VOCABULARY - 1)
    return ids, torch.arange(max(lengths))[None] >= torch.tensor(lengths)[:, None]


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.transformer = nn.Transformer(WIDTH, HEADS, LAYERS, LAYERS, FEED_FORWARD, dropout=0, batch_first=True, norm_first=True)

    def embed(self, ids):
        return self.embedding(ids) * math.sqrt(WIDTH) + positions(ids.shape[1])

    def forward(self, source, source_padding, target):
        causal = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        hidden = self.transformer(self.embed(source), self.embed(target), tgt_mask=causal, src_key_padding_mask=source_padding,
                                  memory_key_padding_mask=source_padding)
        return hidden @ self.embedding.weight.T


def main(out):
    net = Translator()
    named = {name.removeprefix("transformer."): parameter for name, parameter in net.named_parameters()}
    with torch.no_grad():
        for t, name in enumerate(sorted(named)):
            values = formula(t, tuple(named[name].shape), named[name].shape[-1])
            named[name].copy_(1 + values if ".norm" in name and name.endswith("weight") else values)
    source, source_padding = sentences(SOURCE_LENGTHS, 5)
    target, target_padding = sentences(TARGET_LENGTHS, 3)
    labels = (target * 2 + 1) % VOCABULARY
    labels[target_padding] = -100
    logits = net(source, source_padding, target)
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)(logits.reshape(-1, VOCABULARY), labels.reshape(-1))
    loss.backward()
    print(f"{loss.item():.7f}")
    write_safetensors(out, {name: parameter.grad for name, parameter in named.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
