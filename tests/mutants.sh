#!/usr/bin/env bash
# Do the tests see a mistake? Makes one small wrong edit at a time (a boundary, a sign, an index, a chunk's offset, a missing reset), builds,
# and runs the tests that have to fail. A mutant that no test kills shows where a proof is blind: write the test that is missing.
#
#   tests/mutants.sh [NAME...]     all of tests/mutants/*.txt, or those whose names match (fast-*: all that begin so)
#
# The tree is copied and built once (build/mutants, about as long as any build; later calls build what has changed). A mutant is then the edited
# file alone, laid over the copy: the objects that hold it are compiled anew and linked with the tests that it names, one mutant on each core
# (or WORKERS of them). The tests run twice, the second time with parallel loops cut into chunks of 7 elements, see tests/main.cpp.
#
# A mutant is a block of lines in tests/mutants/*.txt, and blocks are parted by an empty line:
#
#   relu-forward-offset: core/ops/relu.cpp tests/core/ops/elementwise_test.cpp     name: file, test files that must kill it
#   - rectify(x.data + begin, end - begin                                          the old text, which must stand in the file exactly once
#   + rectify(x.data, end - begin                                                  the new text; both may be several such lines
#   = why no test can tell the two apart                                           only where none can: then it may live
set -euo pipefail
cd "$(dirname "$0")/.."
work=$PWD/build/mutants
tree=$work/tree build=$work/build
workers=${WORKERS:-$(nproc)}
mkdir -p "$tree"
trap 'rm -rf "$work"/mutant.*' EXIT  # also of a run that is stopped

# The list, as arrays by number.
names=() files=() tests=() olds=() news=() excuses=()
error() { echo "tests/mutants: $*" >&2; exit 1; }
read_mutants() { # file
  local line name='' number
  while IFS= read -r line || [[ -n $line ]]; do
    case $line in
      '' | '#'*) name='' ;;
      '- '* | '-') [[ -n $name ]] || error "$1: an old text without a name: $line"
        number=$((${#names[@]} - 1)); olds[number]+=${olds[number]:+$'\n'}${line:2} ;;
      '+ '* | '+') number=$((${#names[@]} - 1)); news[number]+=${news[number]:+$'\n'}${line:2} ;;
      '= '*) excuses[${#names[@]} - 1]=${line:2} ;;
      *': '*) name=${line%%: *}
        local rest=${line#*: }
        names+=("$name") files+=("${rest%% *}") tests+=("${rest#* }") olds+=('') news+=('') excuses+=('') ;;
      *) error "$1: what is this? $line" ;;
    esac
  done <"$1"
}
for list in tests/mutants/*.txt; do read_mutants "$list"; done

chosen=()
for i in "${!names[@]}"; do
  [[ -f ${files[i]} ]] || error "${names[i]}: there is no ${files[i]}"
  for test in ${tests[i]}; do [[ -f $test ]] || error "${names[i]}: there is no $test"; done
  text=$(<"${files[i]}")
  rest=${text#*"${olds[i]}"}
  [[ -n ${olds[i]} && $rest != "$text" && ${rest#*"${olds[i]}"} == "$rest" ]] ||
    error "${names[i]}: ${files[i]} does not hold exactly once: ${olds[i]}"
  (($# > 0)) || chosen+=("$i")
  for pattern; do
    # shellcheck disable=SC2053
    [[ ${names[i]} == $pattern ]] && chosen+=("$i")
  done
done
((${#chosen[@]} > 0)) || error "no mutant is called $*"
[[ -z $(printf '%s\n' "${names[@]}" | sort | uniq -d) ]] || error "two mutants have one name"

# A copy of what git would commit. Files that are the same stay untouched, so that only what changed is built again.
git ls-files -co --exclude-standard | while IFS= read -r file; do
  [[ -f $file ]] || continue
  echo "$file"
  cmp -s "$file" "$tree/$file" || { mkdir -p "$(dirname "$tree/$file")" && cp "$file" "$tree/$file"; }
done | sort >"$work/files"
(cd "$tree" && find . -type f | sed 's|^\./||' | sort | comm -23 - "$work/files" | xargs -r rm)

# All test files that a mutant names, whoever was chosen. Without warnings: a mutant may leave something unused.
filter=$(printf '%s\n' "${tests[@]}" | tr ' ' '\n' | sort -u | paste -sd '|' -)
launcher=()
! command -v ccache >/dev/null || launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1
cmake -S "$tree" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-O1 -w" -DTEMPER_BUILD_TESTS=ON -DTEMPER_TEST_FILTER="$filter" \
  "${launcher[@]}" >"$work/log" || { cat "$work/log"; exit 1; }
ninja -C "$build" temper_tests >"$work/log" || { tail -30 "$work/log"; exit 1; }
ninja -C "$build" -t deps >"$work/deps"
link=$(ninja -C "$build" -t commands -s temper_tests)
libraries=${link#*-o temper_tests} libraries=${libraries%%&&*}
echo "built at $SECONDS s"

test_object() { echo "CMakeFiles/temper_tests.dir/$1.o"; }
# The objects that hold a file: its own, or those of the library that include it.
library_objects() { # file
  if [[ $1 == *.cpp ]]; then
    echo "CMakeFiles/temper.dir/$1.o"
  else
    awk -v file="/tree/$1" '/^[^ ]/ { object = $1; sub(/:$/, "", object) }
      /^ / && substr($1, length($1) - length(file) + 1) == file && object ~ /temper.dir/ { print object }' "$work/deps"
  fi
}
# Compiles an object of the build as it is but for the files laid over the tree, and prints where it is.
compile() { # folder of the overlay, object
  local command object=$1/objects/$2
  command=$(ninja -C "$build" -t commands -s "$2")
  local source=${command##* -c }
  [[ ! -f $1/${source#"$tree/"} ]] || command=${command% -c *}" -c $1/${source#"$tree/"}"
  command=${command/ -I/ -I$1 -I}
  command=${command// $2/ $object}  # after -o, -MT and -MF
  mkdir -p "$(dirname "$object")"
  (cd "$build" && eval "$command") || return 1
  echo "$object"
}
# Links the test files with some objects in front of the library's own, and runs them. A mutant that never ends is killed, too.
run_tests() { # seconds, program, objects, test files...
  local seconds=$1 program=$2 objects=$3 test; shift 3
  for test in tests/main.cpp tests/allocation_counter.cpp tests/check_op.cpp "$@"; do
    [[ $objects == *"$test.o"* ]] || objects+=" $(test_object "$test")"
  done
  # shellcheck disable=SC2086
  (cd "$build" && c++ $objects $libraries -o "$program") || return 2
  for grain in '' --grain=7; do
    (cd "$build" && timeout "$seconds" "$program" --abort-after=1 --minimal $grain) || return 1
  done
}

# Prints what becomes of mutant i, and leaves it in a file.
try_mutant() { # i
  local i=$1 folder start=$SECONDS object objects='' verdict text code=0
  folder=$(mktemp -d "$work/mutant.XXXXXX")
  mkdir -p "$folder/$(dirname "${files[i]}")"
  text=$(<"$tree/${files[i]}")
  printf '%s\n' "${text/"${olds[i]}"/"${news[i]}"}" >"$folder/${files[i]}"
  verdict=killed
  # A header's tests are compiled anew as well.
  # shellcheck disable=SC2046
  for object in $(library_objects "${files[i]}") $([[ ${files[i]} == *.cpp ]] || for test in tests/check_op.cpp ${tests[i]}; do test_object "$test"; done); do
    objects+=" $(compile "$folder" "$object" 2>"$folder/log")" || { verdict=broken; break; }
  done
  # shellcheck disable=SC2086
  [[ $verdict == broken ]] || run_tests 300 "$folder/tests" "$objects" ${tests[i]} >"$folder/log" 2>&1 || code=$?
  case $verdict$code in
    broken* | killed2) verdict=broken; cat "$folder/log" ;;
    killed0) [[ -n ${excuses[i]} ]] && verdict=excused || verdict=LIVES ;;
  esac
  rm -r "$folder"
  printf '%-44s %s (%d s)%s\n' "${names[i]}" "$verdict" $((SECONDS - start)) "${excuses[i]:+: ${excuses[i]}}"
  echo "$verdict" >"$work/verdicts/$i"
}

rm -rf "$work/verdicts" && mkdir "$work/verdicts"
# shellcheck disable=SC2046
run_tests 3600 "$work/unchanged" '' $(for i in "${chosen[@]}"; do echo "${tests[i]}"; done | tr ' ' '\n' | sort -u) >"$work/log" 2>&1 ||
  { tail -50 "$work/log"; error "the tests fail without a mutant"; }
echo "the tests pass without a mutant, at $SECONDS s"
for ((w = 0; w < workers; ++w)); do
  for ((j = w; j < ${#chosen[@]}; j += workers)); do try_mutant "${chosen[j]}"; done &
done
wait
count() { cat "$work"/verdicts/* | grep -c "^$1" || true; }
echo "${#chosen[@]} mutants, $(count killed) killed, $(count excused) excused, $(count LIVES) live, $(count broken) broken, $((SECONDS / 60)) minutes"
(($(count LIVES) + $(count broken) == 0))
