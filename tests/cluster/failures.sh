#!/usr/bin/env bash
# What goes wrong on one rank ends the whole job within ten seconds, not with 0, with a message that names the rank and the cause, and the run
# goes on afterwards to the bits of an undisturbed one.
#
#   tests/cluster/failures.sh [PROGRAM]      default: build/bin/temper
set -euo pipefail
[[ $# == 0 ]] || program=$1
source "$(dirname "$0")/ranks.sh"

# So long on one rank that two are still at it when mpirun passes Ctrl-C on, a second after it came.
for ((epochs = 24, took = 0; took < 5000; epochs *= 2)); do
  training=("$program" train --data digits --model resnet8 --epochs "$epochs" --batch 50 --shards 2 --threads 1 --json)
  rm -rf undisturbed
  started=$(milliseconds)
  "${training[@]}" --out undisturbed >/dev/null 2>&1
  took=$(($(milliseconds) - started))
done

begin() { # run, steps between checkpoints, options...: two ranks in the background, up to their 20th step
  local run=$1 every=$2; shift 2
  on 2 "${training[@]}" --checkpoint-every "$every" --out "$run" "$@" >"$run.log" 2>&1 & job=$!
  wait_for_step "$run" 20
  started=$(milliseconds)
}

ends() { # run, what happened, the message
  local code=0
  wait $job || code=$?
  local took=$(($(milliseconds) - started))
  [[ $code != 0 ]] || fail "$2: the job ended with 0"
  ((took < 10000)) || fail "$2: it took $took ms"
  grep -q "$3" "$1.log" || fail "$2: no message with '$3': $(cat "$1.log")"
  [[ -z $(ranks_of "$1") ]] || fail "$2: a rank is left"
  echo "$2: ended after $took ms with $code: $(grep -m 1 "$3" "$1.log")"
}

goes_on() { # run
  on 2 "${training[@]}" --out "$1" --resume >"$1.log" 2>&1 || fail "$1 does not go on: $(cat "$1.log")"
  same_run undisturbed "$1"
}

for rank in 1 0; do
  begin killed-$rank 5
  kill -KILL "$(pid_of killed-$rank $rank)"
  ends killed-$rank "rank $rank killed" "rank $rank .*signal 9"
  goes_on killed-$rank
done

begin hung 5 --rank-timeout 3
kill -STOP "$(pid_of hung 1)"
ends hung "rank 1 hung" "rank 0 on .*nothing was heard of rank 1 "
goes_on hung

# Ctrl-C, and the signal that Slurm sends before the time is up.
for signal in INT USR1; do
  begin stopped-$signal 1000
  kill -$signal "$(pgrep -P "$job" mpirun)"
  ends stopped-$signal "SIG$signal to mpirun" "stopped in epoch .* resume with: temper train --resume"
  goes_on stopped-$signal
done

# Ranks see other files in their own working folders: one that cannot be read, others, another setting.
fails() { # what happened, the message, options of rank 1...
  local what=$1 message=$2; shift 2
  started=$(milliseconds)
  mpirun --oversubscribe --bind-to none -np 1 -wdir "$folder/left" "${pictures[@]}" : -np 1 -wdir "$folder/right" "${pictures[@]}" "$@" \
    >fails.log 2>&1 & job=$!
  ends fails "$what" "$message"
}
pictures=("$program" train --data folder:photos --model cnn --image-size 8 --epochs 1 --threads 1 --out "$folder/fails" --json)
for side in left right; do
  for class in a b; do
    mkdir -p $side/photos/$class
    for i in $(seq 20); do
      { printf 'P6 8 8 255\n'; printf "%0192d" $((i * 7 + ${#class})); } >$side/photos/$class/$i.ppm
    done
  done
done
fails "another setting on rank 1" "rank . on .*the settings: rank 1 on .* has lr = 0.01.*start all ranks with the same" --lr 0.01
printf 'P6\n# another\n8 8 255\n%0192d' 5 >right/photos/b/3.ppm
fails "other images on rank 1" "rank . on .*the images of .*: rank 1 on .*same .* data"
printf 'P6 8 8 255\n12' >right/photos/b/3.ppm
fails "an image that rank 1 cannot read" "rank 1 on .*3.ppm"
fails "an option that makes no sense on rank 1" "temper: error: rank 1 on .*--lr" --lr minus

# A full disk: the checkpoint that is being written is lost, those before it are not.
mkdir small
if mount -t tmpfs -o size=4m tmpfs small 2>/dev/null; then
  trap 'umount small; cd /; rm -rf "$folder"' EXIT
  mkdir small/full
  ln -s small/full full
  begin full 5
  head -c 4m /dev/zero >small/filler 2>/dev/null || true
  ends full "the disk of rank 0 full" "rank 0 on .*full/.*[Nn]o space"
  rm small/filler
  goes_on full
else
  echo "skipped: a full disk, which only root can pretend"
fi
echo "all failures ended in time, and the runs went on to the same bits"
