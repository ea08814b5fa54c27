#!/usr/bin/env bash
# Two hosts on one machine: network namespaces with a wire of 1 Gbit/s and 0.1 ms between them (wire.cpp), where mpirun starts a rank in each over ssh.
# The training ends with the bits of one rank; a link that is cut ends it within the timeout, and the run goes on.
# With `measure` also: how much of its speed ResNet-56 keeps, and how much of the communication is hidden (two quiet cores are needed).
#
#   tests/cluster/network.sh [measure]      needs root and iproute2; says that it was skipped where it may not
#   TEMPER_PROGRAM=PATH                     default: build/bin/temper; the wire lies in the folder above, as CMake leaves it
#
# Where openssh-server is not installed, a script starts the second rank in place of ssh.
set -euo pipefail
source "$(dirname "$0")/ranks.sh"
skip() { echo "skipped: two hosts in network namespaces: $*"; exit 0; }
[[ $(id -u) == 0 ]] || skip "only root makes them"
command -v ip >/dev/null || skip "no iproute2"
unset "${!OPENBLAS_@}"  # ssh takes no variables along, and other kernels on one host make other bits

left=temper-left-$$ right=temper-right-$$
ip netns add $left 2>/dev/null || skip "this system makes none"
clean_up() {
  for host in $left $right; do
    ip netns pids $host 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
    ip netns delete $host 2>/dev/null || true
  done
  [[ -z $wire_process ]] || kill $wire_process 2>/dev/null || true
  [[ -z $made_run_sshd ]] || rmdir /run/sshd
  cd /
  rm -rf "$folder"
}
made_run_sshd= wire_process=
trap clean_up EXIT
ip netns add $right
"$(dirname "$program")/../cluster_wire" temper-l temper-r 1e9 1e-4 2>wire.log & wire_process=$!
disown  # without a word when it is killed
for _ in $(seq 50); do
  ip link show temper-r >/dev/null 2>&1 && break
  kill -0 $wire_process 2>/dev/null || skip "no wire between them: $(cat wire.log)"
  sleep 0.1
done
plug_in() { # host, end of the wire, address
  ip link set "$2" netns "$1"
  ip -n "$1" link set lo up
  ip -n "$1" link set "$2" mtu 60000 up  # as large as what network cards are handed at once
  ip -n "$1" address add "$3/24" dev "$2"
}
plug_in $left temper-l 10.79.0.1
plug_in $right temper-r 10.79.0.2

# The right host has an ssh server of its own, which lets one key in and reads nothing of /etc.
serve_ssh() {
  [[ -x /usr/sbin/sshd ]] || { why="no openssh-server"; return 1; }
  command -v ssh >/dev/null || { why="no openssh-client"; return 1; }
  [[ -d /run/sshd ]] || { mkdir /run/sshd; made_run_sshd=yes; }
  ssh-keygen -q -t ed25519 -N '' -f host_key
  ssh-keygen -q -t ed25519 -N '' -f key
  echo "10.79.0.2 $(cut -d ' ' -f 1,2 host_key.pub)" >known_hosts
  cat >sshd_config <<CONFIG
HostKey $folder/host_key
AuthorizedKeysFile $folder/key.pub
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
# The keys lie under /tmp, where anyone may write.
StrictModes no
PidFile none
CONFIG
  cat >ssh_config <<CONFIG
IdentityFile $folder/key
IdentitiesOnly yes
UserKnownHostsFile $folder/known_hosts
GlobalKnownHostsFile none
BatchMode yes
CONFIG
  ip netns exec $right unshare --uts bash -c 'hostname right; exec "$0" "$@"' /usr/sbin/sshd -D -f "$folder/sshd_config" -E "$folder/sshd.log" &
  disown  # without a word when it is killed
  for _ in $(seq 50); do
    ip netns exec $left ssh -F ssh_config 10.79.0.2 hostname >hostname.log 2>&1 && break
    sleep 0.1
  done
  [[ $(cat hostname.log) == right ]] || { why="sshd does not let root in: $(cat hostname.log; tail -n 3 sshd.log)"; return 1; }
}

# In place of ssh: `agent ADDRESS command...` runs the command on that host, which has a name of its own, too.
pretend_ssh() {
  cat >agent <<AGENT
#!/bin/bash
shift
exec ip netns exec $right unshare --uts bash -c 'hostname right; eval "\$0"' "\$*"
AGENT
  chmod +x agent
}

if serve_ssh; then
  agent="ssh -F $folder/ssh_config"
  echo "mpirun starts the second rank over ssh"
else
  pretend_ssh
  agent=$folder/agent
  echo "skipped: ssh, a script stands in: $why"
fi
on_hosts() { # command...: a rank on either host
  ip netns exec $left unshare --uts bash -c 'hostname left; exec "$0" "$@"' mpirun -np 2 -host 10.79.0.1,10.79.0.2 --bind-to none \
    --mca plm_rsh_agent "$agent" --mca btl tcp,self --mca btl_tcp_if_include 10.79.0.0/24 --mca oob_tcp_if_include 10.79.0.0/24 "$@"
}

training=("$program" train --data digits --model resnet8 --epochs 24 --batch 50 --shards 2 --threads 1 --json)
"${training[@]}" --out undisturbed >/dev/null 2>&1
on_hosts "${training[@]}" --out apart >apart.log 2>&1 || fail "two hosts: $(cat apart.log)"
same_run undisturbed apart
echo "a rank on each of two hosts: the same bits"

on_hosts "$program" doctor >doctor.log 2>&1 || fail "doctor on two hosts: $(cat doctor.log)"
grep -q "left" doctor.log && grep -q "right" doctor.log || fail "doctor does not know the hosts: $(cat doctor.log)"

if [[ ${1:-} == measure ]]; then
  uptime
  on_hosts "$program" bench resnet56 --scaling --threads 1 2>/dev/null
fi

# mpirun itself must look whether the other host is there: when it has words for it, it waits for minutes that they be taken.
on_hosts --mca oob_tcp_keepalive_time 2 --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 3 \
  "${training[@]}" --checkpoint-every 5 --rank-timeout 10 --out cut >cut.log 2>&1 & job=$!
wait_for_step cut 20
started=$(milliseconds)
ip -n $left link set temper-l down
code=0
wait $job || code=$?
took=$(($(milliseconds) - started))
[[ $code != 0 ]] || fail "a job whose network was cut ended with 0"
((took < 20000)) || fail "a cut network was found after $took ms"
grep -q "nothing was heard of rank\|lost communication" cut.log || fail "no word of the cut network: $(cat cut.log)"
echo "network cut: ended after $took ms with $code: $(grep -m 1 "nothing was heard of rank\|lost communication" cut.log)"
ip netns pids $right | xargs -r kill -KILL 2>/dev/null || true  # who is left on the other side of the cut
"${training[@]}" --resume --out cut >/dev/null 2>&1 || fail "the run does not go on"
same_run undisturbed cut
echo "and one rank went on to the same bits"
