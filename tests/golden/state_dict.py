#!/usr/bin/python3
"""Makes tests/golden/state_dict.pt, a checkpoint as PyTorch writes them, for tests/data/pytorch/state_dict_test.cpp. Needs torch; made with 1.13.

    tests/golden/state_dict.py tests/golden/state_dict.pt
"""
import collections
import sys

import torch

base = torch.arange(24, dtype=torch.float32)
weights = collections.OrderedDict()
weights["module.contiguous"] = base.reshape(2, 3, 4) / 8
weights["module.transposed"] = base.reshape(4, 6).t() / 8
weights["module.channels_last"] = (base.reshape(2, 3, 2, 2) / 8).contiguous(memory_format=torch.channels_last)
weights["module.slice"] = base[5:17:3]  # shares its memory with the next
weights["module.whole"] = base
weights["module.half"] = torch.tensor([0.5, -2.0, 65504.0, 6e-8], dtype=torch.float16)
weights["module.bfloat16"] = torch.tensor([0.5, -2.0, 3.0], dtype=torch.bfloat16)
weights["module.double"] = torch.tensor([0.1, -1e30], dtype=torch.float64)
weights["module.bool"] = torch.tensor([True, False])
weights["module.parameter"] = torch.nn.Parameter(torch.tensor([1.5, 2.5]))
weights["module.bn.num_batches_tracked"] = torch.tensor(1234567)
optimizer = torch.optim.Adam([weights["module.parameter"]]).state_dict()
torch.save({"epoch": 3, "accuracy": 0.5, "optimizer": optimizer, "state_dict": weights, "note": "résumé"}, sys.argv[1])
