#!/usr/bin/env bash
# The first thing to run: builds temper and shows what it is for, on real handwritten digits that are part of the repository.
#
#   apps/demo.sh [FOLDER]      results go to FOLDER (default: demo)
#
# Trains a CNN with hard labels and one with label smoothing, calibrates both, distils a small student from each, and writes one page about all of it.
set -euo pipefail
cd "$(dirname "$0")/.."
source apps/install_packages.sh
out=${1:-demo}
started=$SECONDS

install_packages "${build_packages[@]}"
echo "== building (build/)"
# Sixteen files at a time: most of the time to build goes into headers, which they share.
cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DTEMPER_BUILD_TESTS=OFF -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16 \
  >/dev/null
cmake --build build --target temper_app
built=$SECONDS
temper=build/bin/temper

mkdir -p "$out"
train() { # name, then options of `temper train`
  local name=$1; shift
  echo "== $name"
  "$temper" train --data digits --model cnn --seed 1 --overwrite --out "$out/$name" "$@"
  "$temper" calibrate "$out/$name"
}
distill() { # name, teacher, temperature
  echo "== $1"
  "$temper" distill --teacher "$out/$2" --model mlp-32 --temperature "$3" --seed 1 --overwrite --out "$out/$1"
  "$temper" calibrate "$out/$1"
}
train hard_labels --smoothing 0
train smoothed_labels --smoothing 0.1
distill student_of_hard hard_labels 2
distill student_of_smoothed smoothed_labels 2
"$temper" train --data digits --model mlp-32 --seed 1 --overwrite --out "$out/student_alone"
"$temper" calibrate "$out/student_alone"

echo "== all runs, on the test images"
"$temper" report "$out"/{hard_labels,smoothed_labels,student_of_hard,student_of_smoothed,student_alone} --out "$out/report.html"
cat <<END

Built in $((built - started)) s, trained, calibrated, distilled and reported in $((SECONDS - built)) s.
Open $(realpath "$out/report.html") in a browser. What to read in it:
  - the table: accuracy of each network, and its calibration error (ECE) before and after temperature;
  - the reliability diagrams: where bars leave the diagonal, the network is surer, or less sure, than it is right. Label smoothing pulls confidence down;
    one temperature fitted on held-out images mends either;
  - the students: what a small network learns from each teacher's probabilities, against learning from the labels alone.
On 300 test images one mistake is 0.33 points: differences below two points mean little. \`temper train --help\` shows how to go on with MNIST or CIFAR-10.
END
