# For sourcing: what the scripts in this folder share. $program is the path of temper: TEMPER_PROGRAM, or else build/bin/temper.

program=$(realpath "${program:-${TEMPER_PROGRAM:-$(dirname "${BASH_SOURCE[0]}")/../../build/bin/temper}}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# More ranks than cores, as root where need be; and what a busy machine needs: ranks that wait give their core away.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_base_warn_component_unused=0

fail() { echo "failed: $*"; exit 1; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

on() { # ranks, command...
  local ranks=$1; shift
  mpirun --oversubscribe --bind-to none -np "$ranks" "$@"
}

# The ranks of a training that runs in the background, in no order.
ranks_of() { pgrep -f -- "^$program .*--out $1( |\$)" || true; }
rank_of() { tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^OMPI_COMM_WORLD_RANK=//p'; }
pid_of() { # run, rank
  local pid
  for pid in $(ranks_of "$1"); do [[ $(rank_of "$pid") != "$2" ]] || echo "$pid"; done
}

wait_for_step() { # run, step: a checkpoint of that step or later is there
  for _ in $(seq 300); do
    local newest=$(cd "$1/checkpoint" 2>/dev/null && ls | grep -v writing | sort | tail -1)
    [[ -z $newest ]] || ((10#$(tr -dc 0-9 <<<"${newest%.*}") < $2)) || return 0
    sleep 0.1
  done
  fail "$1 did not reach step $2: $(cat "$1.log")"
}

same_run() { # two runs: weights byte for byte, the log but for its times
  cmp -s "$1/model.safetensors" "$2/model.safetensors" || fail "$2 has other weights than $1"
  cmp -s <(cut -d, -f1-7 "$1/log.csv") <(cut -d, -f1-7 "$2/log.csv") || fail "$2 has another log than $1"
}
