#!/usr/bin/env bash
# Speed and memory beside the peers, PyTorch and onnxruntime, on the same networks, batch and threads: all in turn, several rounds; prints a table of
# medians and ratios, in Markdown. Only the ratios of one call mean something. Installs the peers where it may (python3-torch by apt, onnxruntime-node by npm).
#
#   tests/bench/compare.sh [NETWORK...]        default: lenet alexnet resnet20 resnet56
#   ROUNDS=3 THREADS=2 BATCH=128 tests/bench/compare.sh resnet20
set -euo pipefail
cd "$(dirname "$0")/../.."
networks=("${@:-}"); [[ -n ${networks[0]} ]] || networks=(lenet alexnet resnet20 resnet56)
rounds=${ROUNDS:-3} threads=${THREADS:-2} batch=${BATCH:-128}
source apps/install_packages.sh
install_packages "${build_packages[@]}" python3-torch time
command -v npm >/dev/null || install_packages nodejs npm
work=$PWD/build/peers; mkdir -p "$work"

if [[ ! -x build/bin/temper ]]; then
  cmake -S . -B build -G Ninja -DTEMPER_BUILD_TESTS=OFF >/dev/null && cmake --build build --target temper_app
fi
[[ -d $work/node_modules/onnxruntime-node ]] ||
  (cd "$work" && npm install --silent --no-fund --no-audit --ignore-scripts onnxruntime-node) || echo "without onnxruntime: npm could not install it" >&2
/usr/bin/python3 tests/bench/peers/pytorch.py --export "$work" "${networks[@]}"

results=$work/results.jsonl; : >"$results"
record() { # tool, command...: every JSON line with the tool, and its peak memory
  local tool=$1; shift
  /usr/bin/time -f %M -o "$work/memory" "$@" >"$work/lines"
  sed "s/^{/{\"tool\": \"$tool\", \"peak_kib\": $(tail -n 1 "$work/memory"), /" "$work/lines" >>"$results"
}
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg); $threads threads, batch $batch, $rounds rounds" >&2
for ((round = 1; round <= rounds; ++round)); do
  for network in "${networks[@]}"; do
    echo "round $round of $rounds: $network" >&2
    record temper build/bin/temper bench "$network" --threads "$threads" --batch "$batch" --json
    record pytorch /usr/bin/python3 tests/bench/peers/pytorch.py --threads "$threads" --batch "$batch" "$network"
    if [[ -d $work/node_modules/onnxruntime-node ]]; then
      for size in "$batch" 1; do
        (cd "$work" && record onnxruntime node ../../tests/bench/peers/onnxruntime.js "$work" "$threads" "$size" "$network")
      done
    fi
  done
done
/usr/bin/python3 tests/bench/ratios.py "$results" "$batch"
