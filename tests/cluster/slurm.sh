#!/usr/bin/env bash
# Slurm on this machine, with two nodes: apps/cluster/train.sbatch trains on both, started by srun and by mpirun. Its time comes to an end, it
# is cancelled, a rank is killed: each time the run goes on to the bits of an undisturbed one.
#
#   apt-get install --no-install-recommends slurm-wlm      not done by tests/run.sh
#   tests/cluster/slurm.sh [PROGRAM]                       default: build/bin/temper; four minutes, of which most are waiting
set -euo pipefail
[[ $# == 0 ]] || program=$(realpath "$1")
job_file=$(realpath "$(dirname "$0")/../../apps/cluster/train.sbatch")
source "$(dirname "$0")/ranks.sh"
skip() { echo "skipped: Slurm: $*"; exit 0; }
[[ $(id -u) == 0 ]] || skip "only root starts its nodes"
for command in slurmctld slurmd sbatch srun munged; do
  command -v $command >/dev/null || skip "no $command; apt-get install --no-install-recommends slurm-wlm"
done

# All that Slurm keeps lies in this folder: none of it in /etc, /run or /var.
export SLURM_CONF=$folder/slurm.conf
cat >slurm.conf <<CONFIG
ClusterName=temper
SlurmctldHost=$(hostname -s)(localhost)
SlurmctldPort=26817
SlurmUser=root
AuthInfo=socket=$folder/munge.socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
NodeName=node1 NodeAddr=localhost Port=26818 CPUs=1
NodeName=node2 NodeAddr=localhost Port=26819 CPUs=1
PartitionName=all Nodes=node1,node2 Default=YES
CONFIG
echo "PMIxCliTmpDirBase=$folder/pmix" >mpi.conf # where either node has a disk of its own, as both use the same names
mkdir state node1 node2 pmix bin
(umask 077 && head -c 128 /dev/urandom >munge.key)

clean_up() {
  cd "$folder"
  scancel --user=root 2>/dev/null || true
  for _ in $(seq 400); do [[ -n $(squeue -h 2>/dev/null) ]] || break; sleep 0.1; done
  for daemon in slurmd-node1 slurmd-node2 slurmctld munged; do
    if [[ -f $daemon.pid ]]; then kill "$(cat $daemon.pid)" 2>/dev/null || true; fi
  done
  for _ in $(seq 100); do ls ./*.pid >/dev/null 2>&1 || break; sleep 0.1; done
  cd /
  rm -rf "$folder"
}
trap clean_up EXIT

munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
  --log-file="$folder/munged.log" --seed-file="$folder/munged.seed" 2>munged.out || skip "munged does not start: $(cat munged.out)"
slurmctld 2>slurmctld.out || skip "slurmctld does not start: $(cat slurmctld.out)"
for node in node1 node2; do
  unshare --uts --mount bash -c "hostname $node && mount -t tmpfs tmpfs pmix && exec slurmd" 2>slurmd.out || skip "no $node: $(cat slurmd.out)"
done
for _ in $(seq 100); do
  [[ $(sinfo -h -o '%D %T' 2>/dev/null) != "2 idle" ]] || break
  sleep 0.1
done
[[ $(sinfo -h -o '%D %T') == "2 idle" ]] || skip "its nodes do not come up: $(tail -n 3 slurmd-*.log)"

training=("$program" train --data digits --model resnet8 --epochs 24 --batch 50 --shards 2 --checkpoint-every 5 --resume)
submit() { # run, options of sbatch...
  run=$1; shift
  job=$(sbatch --parsable --nodes=2 --cpus-per-task=1 --output="$run.log" "$@" "$job_file" "${training[@]}" --out "$run")
}
field() { scontrol show job "$job" -o | tr ' ' '\n' | sed -n "s/^$1=//p"; }
ends_as() { # state
  for _ in $(seq 900); do [[ $(field JobState) != "$1" ]] || return 0; sleep 0.1; done
  fail "$run: the job is $(field JobState), not $1: $(cat "$run.log")"
}
find_ranks() { # run
  mapfile -t ranks < <(ranks_of "$1")
  [[ ${#ranks[@]} == 2 ]] || fail "$1 has not two ranks, but these processes: ${ranks[*]}"
}
says() { grep -q "$1" "$run.log" || fail "$run: no message with '$1': $(cat "$run.log")"; }
goes_on() { # by itself, and at once
  ends_as PENDING
  [[ $(field Restarts) == 1 ]] || fail "$run: the job was not put back into the queue: $(cat "$run.log")"
  says "stopped in epoch .* resume with: temper train --resume"
  # Not before the nodes have cleared up, for which Slurm would give them two minutes.
  for _ in $(seq 300); do pgrep -f "^slurmstepd: \[$job\." >/dev/null || break; sleep 0.1; done
  scontrol update JobId="$job" StartTime=now
  ends_as COMPLETED
  says "resumed in epoch"
  same_run undisturbed "$run"
}

"${training[@]}" --threads 1 --out undisturbed >/dev/null 2>&1
srun --mpi=list 2>&1 | grep -q pmix || fail "this Slurm has no PMIx"

# Slurm sends the signal 10 to 40 seconds after the start of this minute. Meanwhile the ranks are held, that no machine be done before.
submit time-is-up --time=1 --signal=B:USR1@20
wait_for_step time-is-up 20
find_ranks time-is-up
kill -STOP "${ranks[@]}"
sleep 42
kill -CONT "${ranks[@]}"
goes_on
echo "srun on two nodes, the time up: it kept a checkpoint, went back into the queue, and on to the same bits"

submit cancelled
wait_for_step cancelled 20
scancel "$job"
ends_as CANCELLED
for _ in $(seq 50); do ! grep -q "stopped in epoch" cancelled.log || break; sleep 0.1; done
says "stopped in epoch .* resume with: temper train --resume"
submit cancelled
ends_as COMPLETED
same_run undisturbed cancelled
echo "srun, scancel: it kept a checkpoint, and the next job went on to the same bits"

submit killed
wait_for_step killed 20
find_ranks killed
started=$(milliseconds)
kill -KILL "${ranks[1]}"
ends_as FAILED
took=$(($(milliseconds) - started))
says "error: node[12]: task [01]: Killed"
submit killed
ends_as COMPLETED
says "resumed in epoch"
same_run undisturbed killed
echo "srun, a rank killed: the job ended after $took ms, and the next went on to the same bits"

# A Slurm without PMIx, whose srun mpirun still needs to reach the nodes.
cat >bin/srun <<SRUN
#!/bin/bash
[[ \$* == --mpi=list ]] || exec $(command -v srun) "\$@"
SRUN
chmod +x bin/srun
PATH=$folder/bin:$PATH
for nodes in 1 2; do
  submit mpirun-$nodes --nodes=$nodes
  wait_for_step mpirun-$nodes 20
  scancel --batch --signal=USR1 "$job" # as Slurm itself does before the time is up
  goes_on
  says "mpirun"
done
echo "mpirun on one node and on two, the time up: the same"
