#!/usr/bin/env bash
# Ends commands that write at random moments, in every way that happens: SIGKILL, SIGTERM, SIGHUP, and a disk that is full (a limit on the size
# of files stands in for it). Then the same command runs once more, undisturbed. Nothing may be lost or left half-written, and the results must
# be those of a command that nobody disturbed: weights byte for byte, the rest but for its times.
#
#   tests/resume_kill.sh [KILLS] [PROGRAM]      default: 200 build/bin/temper; a second or so a kill
set -euo pipefail
kills=${1:-200}
program=$(realpath "${2:-$(dirname "$0")/../build/bin/temper}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
RANDOM=1
now() { date +%s%N; }
fail() { echo "kill $kill ($how of $what): $*"; exit 1; }

# Each command, what it leaves in the folder $1, what of that must be the same, and what it begins with.
small="--data digits --model mlp-24 --epochs 6 --batch 32 --checkpoint-every 3 --log-steps 10 --threads 1 --json"
# shellcheck disable=SC2086
run_train() { "$program" train $small --resume --out "$1"; }
# shellcheck disable=SC2086
run_distill() { "$program" distill --teacher teacher ${small/mlp-24/mlp-12} --temperature 2 --resume --out "$1"; }
run_calibrate() { "$program" calibrate "$1" --method all --threads 1 --json; }
run_convert() { "$program" convert teacher --out "$1/weights.pt" --overwrite --json; }
run_reproduce() { "$program" reproduce mnist --out "$1" --jobs 2 --json; }
results_train() { cat "$1/model.safetensors"; cut -d, -f1-7 "$1/log.csv"; cut -d, -f1-5 "$1/log_steps.csv"; }
results_distill() { results_train "$1"; }
results_calibrate() { cat "$1/calibrator.json" "$1/model.safetensors" "$1/run.json"; }
results_convert() { cat "$1/weights.pt"; }
results_reproduce() { cat "$1/numbers.csv"; }
prepare() { # folder
  case $what in
    calibrate) cp -r teacher "$1" ;;
    convert) mkdir "$1" ;;
  esac
}
commands=(train distill calibrate convert reproduce) ways=(KILL TERM HUP disk)

# shellcheck disable=SC2086
"$program" train $small --out teacher >/dev/null 2>&1
declare -A length
for what in "${commands[@]}"; do
  prepare "undisturbed-$what"
  begin=$(now)
  "run_$what" "undisturbed-$what" >/dev/null 2>&1
  length[$what]=$(($(now) - begin))
done

# A process of its own, so that what it starts ends with it; of a full disk the shell's limit, in KiB.
disturb() {
  if [[ $how == disk ]]; then
    (ulimit -f $((RANDOM % 40)) && "run_$what" run) 2>&1 >/dev/null | cat >said  # which may grow
    return "${PIPESTATUS[0]}"
  fi
  local code=0 nanoseconds=$(((RANDOM * 32768 + RANDOM) % 1073741824 * (${length[$what]} / 1000) / 1073741824 * 1000))
  ("run_$what" run) >/dev/null 2>said & local shell=$!
  sleep "$((nanoseconds / 1000000000)).$(printf %09d $((nanoseconds % 1000000000)))"
  pkill "-$how" -P $shell 2>/dev/null || true
  wait $shell 2>/dev/null || code=$?
  # What a killed reproduce had begun ends by itself.
  while [[ $how == KILL ]] && pgrep -f "$program (train|distill|calibrate).*runs/mnist" >/dev/null; do sleep 0.02; done
  return $code
}

resumed=0 late=0
declare -A count
for ((kill = 1; kill <= kills; ++kill)); do
  what=${commands[kill % 5]} how=${ways[kill / 5 % 4]}
  rm -rf run
  prepare run
  # Every third is disturbed twice.
  ended=1
  for ((times = kill % 3 == 0 ? 2 : 1; times > 0; --times)); do disturb && ended=0; done
  # It had ended: no kill; the next may come sooner. A disk may be large enough.
  if [[ $ended == 0 ]] && ((late < 20 * kills)); then
    late=$((late + 1)) length[$what]=$((${length[$what]} * 19 / 20)) kill=$((kill - 1))
    continue
  fi
  if [[ $how == disk ]]; then
    grep -q '^temper: error: .*; ' said || fail "no error was told: $(cat said)"
  fi
  if compgen -G 'run/checkpoint/step-*' >/dev/null; then resumed=$((resumed + 1)); fi
  "run_$what" run >/dev/null 2>said || fail "it does not go on: $(cat said)"
  cmp -s <("results_$what" "undisturbed-$what") <("results_$what" run) || fail "other results than without"
  left=$(find run -name '*.writing.*')
  [[ -z $left ]] || fail "a half-written file was left: $left"
  count[$how]=$((${count[$how]:-0} + 1))
done
for how in "${ways[@]}"; do echo -n "$how ${count[$how]:-0}, "; done
echo "in all $kills of ${commands[*]}: the same results each time; $resumed went on from a checkpoint; $late more came too late and do not count"
