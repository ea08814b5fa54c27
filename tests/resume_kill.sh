#!/usr/bin/env bash
# Kills a training that checkpoints every few steps at random moments (SIGKILL), resumes it, and compares what it leaves with the
# undisturbed run's: the weights byte for byte, the log but for its times.
#
#   tests/resume_kill.sh [KILLS] [PROGRAM]      default: 200 build/bin/temper; a second or so a kill
set -euo pipefail
kills=${1:-200}
program=$(realpath "${2:-$(dirname "$0")/../build/bin/temper}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
RANDOM=1

training=("$program" train --data digits --model mlp-24 --epochs 6 --batch 32 --checkpoint-every 3 --threads 1 --json)
without_times() { cut -d, -f1-7 "$1/log.csv"; }
now() { date +%s%N; }

begin=$(now)
"${training[@]}" --out undisturbed >/dev/null 2>&1
length=$(($(now) - begin))

resumed=0 late=0
for ((kill = 1; kill <= kills; ++kill)); do
  rm -rf run
  # Every third run is killed twice.
  for ((times = kill % 3 == 0 ? 2 : 1; times > 0; --times)); do
    nanoseconds=$(((RANDOM * 32768 + RANDOM) % 1073741824 * (length / 1000) / 1073741824 * 1000))
    "${training[@]}" --resume --out run >/dev/null 2>&1 & pid=$!
    sleep "$((nanoseconds / 1000000000)).$(printf %09d $((nanoseconds % 1000000000)))"
    { kill -KILL $pid && wait $pid; } 2>/dev/null || true
  done
  if [[ -e run/run.json ]]; then  # it had ended: no kill; the next may come sooner
    late=$((late + 1)) length=$((length * 19 / 20)) kill=$((kill - 1))
    continue
  fi
  if compgen -G 'run/checkpoint/step-*' >/dev/null; then resumed=$((resumed + 1)); fi
  "${training[@]}" --resume --out run >/dev/null 2>log || { echo "kill $kill: resuming failed: $(cat log)"; exit 1; }
  cmp -s undisturbed/model.safetensors run/model.safetensors || { echo "kill $kill: other weights than without"; exit 1; }
  cmp -s <(without_times undisturbed) <(without_times run) || { echo "kill $kill: another log than without"; exit 1; }
  if compgen -G 'run/*.writing.*' >/dev/null || compgen -G 'run/checkpoint/*.writing.*' >/dev/null; then
    echo "kill $kill: a half-written file was left"; exit 1
  fi
done
echo "$kills kills: the same bits each time; $resumed went on from a checkpoint; $late more came too late and do not count"
