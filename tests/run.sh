#!/usr/bin/env bash
# Installs what is missing, builds, and passes every test. Folders: build/ and build/asan, build/tsan, build/consumer.
#
#   tests/run.sh            everything
#   tests/run.sh quick      the release build's tests only
#   tests/run.sh full       everything, and the address sanitizer over all tests of the library
#
# Tests on MNIST and CIFAR-10 run when TEMPER_DATA names a folder that holds mnist/ and cifar-10-batches-bin/; else they say that they were skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
source apps/install_packages.sh
install_packages "${build_packages[@]}" "${test_packages[@]}"

step() { echo; echo "== $* (at $SECONDS s)"; }
build() { # folder, targets, cmake options...
  local folder=$1 targets=$2; shift 2
  # Sixteen files at a time: most of the time to build goes into headers, which they share.
  cmake -S . -B "$folder" -G Ninja -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16 "$@" >/dev/null
  # shellcheck disable=SC2086
  cmake --build "$folder" --target $targets
}

step "release build and all tests"
build build all -DCMAKE_BUILD_TYPE=Release -DTEMPER_BUILD_TESTS=ON
ctest --test-dir build --output-on-failure -j 2

if [[ ${1:-} != quick ]]; then
  step "a training that is killed at random moments goes on to the same bits"
  tests/resume_kill.sh 12

  step "ranks: the same bits on any number of them, and every failure of one ends all"
  tests/cluster/bits.sh
  tests/cluster/failures.sh
  tests/cluster/network.sh

  step "style: clang-format, where it is installed"
  if command -v clang-format >/dev/null; then
    git ls-files '*.h' '*.cpp' | xargs clang-format --dry-run --Werror
  else
    echo "skipped: no clang-format"
  fi

  # On one core, while the next steps build on the other.
  step "begins: a minute of damaged files for the readers of logits"
  build/tables_fuzz 60 & fuzz=$!
  trap 'kill $fuzz 2>/dev/null' EXIT

  step "a matrix product is right under other BLAS kernels"
  for kernel in Haswell SkylakeX Prescott Zen; do
    OPENBLAS_CORETYPE=$kernel build/temper_tests --source-file='*/tests/core/engine/gemm_test.cpp' --minimal >/dev/null && echo "$kernel: passed"
  done

  step "embedding: install, find_package, and the README's program"
  cmake --install build --prefix build/installed >/dev/null
  build build/consumer all -DCMAKE_PREFIX_PATH="$PWD/build/installed" -S tests/consumer
  ctest --test-dir build/consumer --output-on-failure

  # Without the sanitizers' default optimisation and with short debug information: half the time to build, the same findings. Without the
  # program, which takes as long to build as the library.
  sanitized='tests/(core|data|layers|optim|models/training)/'
  [[ ${1:-} != full ]] || sanitized='tests/(core|data|golden|layers|models|optim)/'
  step "address and undefined-behaviour sanitizers: $sanitized"
  build build/asan "temper_tests tables_fuzz" -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-O1 -g1" -DTEMPER_SANITIZE=address,undefined \
    -DTEMPER_TEST_FILTER="$sanitized"
  ctest --test-dir build/asan --output-on-failure -j 2

  step "the minute of damaged files has passed"
  wait $fuzz
  trap - EXIT

  step "thread sanitizer, the tests of threads"
  build build/tsan temper_tests -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-O1 -g1" -DTEMPER_SANITIZE=thread \
    -DTEMPER_TEST_FILTER='core/engine/(buffer|parallel|team|gemm)_test|data/(loader|prefetcher)_test|training/trainer_test|optim/distributed/lockstep_test'
  ctest --test-dir build/tsan --output-on-failure
fi
step "all passed"
