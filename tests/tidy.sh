#!/usr/bin/env bash
# clang-tidy with the checks of .clang-tidy over all sources; fails where it finds something. Folder: build/UnifiedSource.
#
#   tests/tidy.sh          all but the static analyser, which takes twice the time of the rest
#   tests/tidy.sh full     all
set -euo pipefail
cd "$(dirname "$0")/.."
# Many files as one: most of the time goes into headers, which they share. The analyser looks into a source that another includes only where
# the other's path has this name.
folder=build/UnifiedSource
cmake -S . -B $folder -G Ninja -DCMAKE_BUILD_TYPE=Release -DTEMPER_BUILD_TESTS=ON -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=64 >/dev/null

# A kernel is the same text for every kind of processor: read for one.
options=(--quiet -p $folder --extra-arg=-DHWY_COMPILE_ONLY_STATIC)
[[ ${1:-} == full ]] || options+=('--checks=-clang-analyzer-*')
sed -n 's/^ *"file": "\(.*\)".*/\1/p' $folder/compile_commands.json | sort | xargs -P "$(nproc)" -n 1 clang-tidy-14 "${options[@]}" 2>&1 |
  sed '/^[0-9]* warnings\? generated\.$/d'
