#!/usr/bin/env bash
# Training speed of the small Transformer beside PyTorch's nn.Transformer of the same size on the same batches, in turn, several rounds; prints medians of words
# a second and of words a second of processor time. Only the ratios of one call mean something.
#
#   ROUNDS=3 THREADS=2 tests/bench/transformer.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-3} threads=${THREADS:-2}
source apps/install_packages.sh
install_packages "${build_packages[@]}" "${test_packages[@]}" python3-torch
cmake -S . -B build -G Ninja >/dev/null && cmake --build build --target transformer_bench >/dev/null
results=build/transformer_bench.txt; : >"$results"
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg); $threads threads, $rounds rounds" >&2
for ((round = 1; round <= rounds; ++round)); do
  echo "temper $(build/transformer_bench "$threads")" >>"$results"
  echo "pytorch $(/usr/bin/python3 tests/bench/peers/transformer.py "$threads")" >>"$results"
done
/usr/bin/python3 - "$results" <<'PYTHON'
import statistics, sys
rows = [line.split() for line in open(sys.argv[1])]
median = {tool: [statistics.median(float(row[column]) for row in rows if row[0] == tool) for column in (1, 2)] for tool in ("temper", "pytorch")}
for column, what in enumerate(("words a second", "words a second of processor time")):
    ours, theirs = median["temper"][column], median["pytorch"][column]
    print(f"{what}: temper {ours:.0f}, PyTorch {theirs:.0f}, ratio {ours / theirs:.2f}")
PYTHON
