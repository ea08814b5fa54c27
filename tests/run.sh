#!/usr/bin/env bash
# Installs what is missing, builds, and passes every test. Folders: build/ and build/asan, build/tsan, build/consumer.
#
#   tests/run.sh            everything
#   tests/run.sh quick      the release build's tests only
#   tests/run.sh full       everything, the address sanitizer over all tests of the library, clang-tidy, and more damaged files
#
# Tests on MNIST and CIFAR-10 run when TEMPER_DATA names a folder that holds mnist/ and cifar-10-batches-bin/. The last lines say what was
# skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-}
source apps/install_packages.sh
install_packages "${build_packages[@]}" "${test_packages[@]}"

step() {
  [[ -z ${beside:-} ]] || kill -0 "$beside" 2>/dev/null || join_beside  # as soon as it has ended
  echo; echo "== $* (at $SECONDS s)"
}
# Other versions of the compiler warn of more.
warnings_are_errors=$([[ $(c++ -dumpversion) == 12 ]] && echo ON || echo OFF)
build() { # folder, targets, cmake options...
  local folder=$1 targets=$2; shift 2
  # Sixteen files at a time: most of the time to build goes into headers, which they share.
  cmake -S . -B "$folder" -G Ninja -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16 -DCMAKE_COMPILE_WARNING_AS_ERROR="$warnings_are_errors" \
    -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache || true)" "$@" >/dev/null
  # shellcheck disable=SC2086
  cmake --build "$folder" -j "$(nproc)" --target $targets
}
skip() { echo "skipped: $*"; }

# Other versions format otherwise and check more: Debian 13 has none of this one.
check_style() {
  local tools=(clang-format-14 clang-tidy-14)
  apt-cache show "${tools[@]}" >/dev/null 2>&1 || { skip "style: this system has no ${tools[*]}"; return; }
  (install_packages "${tools[@]}") || { skip "style: ${tools[*]} could not be installed"; return; }
  git ls-files '*.h' '*.cpp' | xargs clang-format-14 --dry-run --Werror
  if [[ $mode == full ]]; then tests/tidy.sh full; else skip "style: clang-tidy, which takes five minutes; tests/run.sh full runs it"; fi
}

# What builds nothing, in one process beside the builds. Its output is shown when it has ended.
beside_the_builds() {
  step "what is killed, or finds the disk full, at random moments goes on to the same bits"
  tests/resume_kill.sh 20
  step "ranks: the same bits on any number of them, and every failure of one ends all"
  tests/cluster/bits.sh
  tests/cluster/failures.sh
  tests/cluster/network.sh
  step "damaged files for all readers of files"
  build/fuzz "$([[ $mode == full ]] && echo 600 || echo 120)"
  step "a matrix product is right under other BLAS kernels"
  for kernel in Haswell SkylakeX Prescott Zen; do
    OPENBLAS_CORETYPE=$kernel build/temper_tests --source-file='*/tests/core/engine/gemm_test.cpp' --minimal >/dev/null && echo "$kernel: passed"
  done
  step "style: clang-format and clang-tidy"
  check_style
}
join_beside() { # Once, when it has ended or when nothing else is left to do.
  [[ -n ${beside:-} ]] || return 0
  local process=$beside code=0
  beside=
  wait "$process" || code=$?
  cat build/beside.log
  [[ $code == 0 ]] || { echo "failed: the last of the steps above"; exit 1; }
}

step "release build and all tests"
build build all -DCMAKE_BUILD_TYPE=Release -DTEMPER_BUILD_TESTS=ON
ctest --test-dir build --output-on-failure -j 2
logs=(build/Testing/Temporary/LastTest.log)

if [[ $mode != quick ]]; then
  step "begins, beside the builds below: kills, ranks, damaged files, other BLAS kernels, style"
  set -m  # a process group of its own, which ends as a whole
  beside_the_builds </dev/null >build/beside.log 2>&1 & beside=$!
  set +m
  trap '[[ -z $beside ]] || kill -- -$beside 2>/dev/null' EXIT
  logs+=(build/beside.log)

  step "embedding: install, find_package, and the README's program"
  cmake --install build --prefix build/installed >/dev/null
  build build/consumer all -DCMAKE_PREFIX_PATH="$PWD/build/installed" -S tests/consumer
  ctest --test-dir build/consumer --output-on-failure
  # By add_subdirectory the same programs compile; the library would be the same once more.
  cmake -S tests/consumer -B build/subdirectory -G Ninja -DTEMPER_FOLDER="$PWD" >/dev/null
  cmake --build build/subdirectory --target CMakeFiles/host.dir/host.cpp.o CMakeFiles/readme_program.dir/readme_program.cpp.o

  # Without the sanitizers' default optimisation and with short debug information: half the time to build, the same findings. Without the
  # program, which takes as long to build as the library.
  sanitized='tests/(core|data|layers|optim|models/(training|runs))/'
  [[ $mode != full ]] || sanitized='tests/(core|data|golden|layers|models|optim)/'
  step "address and undefined-behaviour sanitizers: $sanitized"
  build build/asan "temper_tests fuzz" -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-O1 -g1" -DTEMPER_SANITIZE=address,undefined \
    -DTEMPER_TEST_FILTER="$sanitized"
  ctest --test-dir build/asan --output-on-failure -j 2

  # Kernels for one kind of processor: threads do not know which.
  step "thread sanitizer, the tests of threads"
  build build/tsan temper_tests -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-O1 -g1 -DHWY_COMPILE_ONLY_STATIC" -DTEMPER_SANITIZE=thread \
    -DTEMPER_TEST_FILTER='core/engine/(buffer|parallel|thread_pool|gemm)_test|data/(loader|prefetcher)_test|training/trainer_test|optim/distributed/sync_batch_norm_runner_test'
  ctest --test-dir build/tsan --output-on-failure

  step "the steps beside the builds"
  join_beside
  trap - EXIT
fi
step "all passed"
grep -ho 'skipped: .*' "${logs[@]}" | sort | uniq -c | sed -E 's/^ *1 (.*)/\1/; s/^ *([0-9]+) (.*)/\2 (\1 times)/' || true
