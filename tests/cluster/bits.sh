#!/usr/bin/env bash
# The same training on 1, 2, 3, 4 and 8 ranks, with 1 and 2 threads, ends with the same bits: weights and log. So does one that is stopped on
# four ranks and goes on with two, and one whose rank is killed. With TEMPER_DATA also ResNet-20 on a part of CIFAR-10, and a translator.
#
#   tests/cluster/bits.sh [PROGRAM]      default: build/bin/temper
set -euo pipefail
[[ $# == 0 ]] || program=$1
source "$(dirname "$0")/ranks.sh"

training=("$program" train --data digits --model resnet8 --batch 50 --shards 8 --shift 1 --json)

"${training[@]}" --epochs 2 --threads 1 --out one >one.log 2>&1 || fail "one rank: $(cat one.log)"
for ranks in 2 3 4 8; do
  for threads in 1 2; do
    [[ $threads == 1 || $ranks == 2 ]] || continue
    run=on-$ranks-$threads
    on "$ranks" "${training[@]}" --epochs 2 --threads "$threads" --out "$run" >"$run.log" 2>&1 || fail "$ranks ranks: $(cat "$run.log")"
    same_run one "$run"
  done
done
echo "1, 2, 3, 4 and 8 ranks, 1 and 2 threads: the same bits"

# A rank that rounds in another way: BLAS has other kernels there.
mixed=("${training[@]}" --epochs 1 --threads 1 --out mixed)
mpirun --oversubscribe --bind-to none -np 1 -x OPENBLAS_CORETYPE=Prescott "${mixed[@]}" : -np 1 -x OPENBLAS_CORETYPE=Haswell "${mixed[@]}" \
  >mixed.log 2>&1 || fail "ranks with different BLAS kernels: $(cat mixed.log)"
grep -q "warning: ranks: rank 1 on .*Haswell, rank 0 on .*Prescott" mixed.log || fail "no word of different BLAS kernels: $(cat mixed.log)"
! grep -q "warning: ranks" on-2-1.log || fail "a warning of ranks that are alike: $(cat on-2-1.log)"
echo "ranks with different BLAS kernels: a warning"

# Statistics over the whole batch.
"${training[@]}" --sync-batch-norm --epochs 1 --threads 2 --out synchronised-1 >sync.log 2>&1 || fail "--sync-batch-norm: $(cat sync.log)"
for ranks in 2 3; do
  on "$ranks" "${training[@]}" --sync-batch-norm --epochs 1 --threads 1 --out synchronised-$ranks >sync.log 2>&1 || fail "$(cat sync.log)"
  same_run synchronised-1 synchronised-$ranks
done
! cmp -s one/model.safetensors synchronised-1/model.safetensors || fail "--sync-batch-norm changes nothing"
echo "synchronised batch normalisation on 1, 2 and 3 ranks: the same bits"

# Killed on four ranks in the middle of an epoch, resumed on two.
on 4 "${training[@]}" --epochs 2 --checkpoint-every 3 --threads 1 --out killed >killed.log 2>&1 & job=$!
wait_for_step killed 5
kill -KILL "$(pid_of killed 3)"
! wait $job || fail "a job whose rank was killed ended as if nothing had been"
on 2 "${training[@]}" --epochs 2 --threads 1 --resume --out killed >killed.log 2>&1 || fail "going on with two ranks: $(cat killed.log)"
same_run one killed
echo "a rank of four killed, two went on: the same bits"

for kind in eval calibrate; do
  "$program" $kind one --json >$kind.one
  on 3 "$program" $kind one --json >$kind.three 2>$kind.log || fail "$kind on three ranks: $(cat $kind.log)"
  cmp $kind.one $kind.three || fail "$kind says something else on three ranks"
done
echo "eval and calibrate on three ranks: the same numbers"

distilling=("$program" distill --teacher one --model mlp-32 --epochs 1 --batch 50 --shards 4 --threads 1 --json)
"${distilling[@]}" --out student-one >/dev/null 2>&1
on 3 "${distilling[@]}" --out student-three >distill.log 2>&1 || fail "distill on three ranks: $(cat distill.log)"
same_run student-one student-three
echo "distill on three ranks: the same bits"

# A training on 1, 2, 4 and 8 ranks, then one killed on four ranks that two finish.
on_ranks_and_after_a_kill() { # name, command...
  local name=$1 ranks job; shift
  "$@" --threads 2 --out "$name-1" >"$name-1.log" 2>&1 || fail "$name: $(cat "$name-1.log")"
  for ranks in 2 4 8; do
    on "$ranks" "$@" --threads 1 --out "$name-$ranks" >"$name-$ranks.log" 2>&1 || fail "$ranks ranks: $(cat "$name-$ranks.log")"
    same_run "$name-1" "$name-$ranks"
  done
  on 4 "$@" --threads 1 --checkpoint-every 2 --out "$name-killed" >"$name-killed.log" 2>&1 & job=$!
  wait_for_step "$name-killed" 4
  kill -KILL "$(pid_of "$name-killed" 2)"
  ! wait $job || fail "$name: a job whose rank was killed ended as if nothing had been"
  on 2 "$@" --threads 1 --resume --out "$name-killed" >"$name-killed.log" 2>&1 || fail "going on with two ranks: $(cat "$name-killed.log")"
  same_run "$name-1" "$name-killed"
}

cifar=${TEMPER_DATA:-}/cifar-10-batches-bin
if [[ -f $cifar/data_batch_1.bin ]]; then
  mkdir some
  for file in "$cifar"/*.bin; do head -c $((3073 * 120)) "$file" >"some/${file##*/}"; done
  on_ranks_and_after_a_kill resnet "$program" train --data cifar10:some --val-size 100 --model resnet20 --epochs 2 --batch 64 --shards 8 --json
  echo "ResNet-20 on CIFAR-10 with 2 threads, on 2, 4 and 8 ranks, killed on four and finished by two: the same bits"
else
  echo "skipped: ResNet-20 on CIFAR-10, TEMPER_DATA does not hold it"
fi

corpus=${TEMPER_DATA:-}/multi30k
if [[ -f $corpus/train.en ]]; then
  mkdir few
  for file in "$corpus"/*.{en,de}; do head -n 400 "$file" >"few/${file##*/}"; done
  on_ranks_and_after_a_kill translator "$program" train --data text:few --model transformer_small --vocabulary 500 --epochs 2 --batch-tokens 800 \
    --shards 8 --json
  echo "a translator with 2 threads, on 2, 4 and 8 ranks, killed on four and finished by two: the same bits"
else
  echo "skipped: a translator, TEMPER_DATA holds no multi30k"
fi
