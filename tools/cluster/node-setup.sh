#!/bin/bash
# Prepares a node's fresh namespaces: node-setup.sh STATE BIN CGROUP NODE-ADDRESS SERVICES. All of it vanishes with
# them, except the cgroups, which cluster:down removes by their name.
set -euo pipefail
state=$1 bin=$2 cgroup=$3 node=$4 services=$5

# What the components keep under /run, /var and /tmp is the node's own; the host's is out of sight and reach.
mkdir -p "$state"/{etcd,log,tmp,volumes} "$state"/var/{lib,log,tmp}
chmod 1777 "$state/tmp"
ln -sfn /run "$state/var/run"
exec {state_fd}<"$state" {bin_fd}<"$bin" # they may lie below one of the three
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/{lock,netns,chatcluster/state,chatcluster/bin}
mount --no-canonicalize --bind "/proc/self/fd/$state_fd" /run/chatcluster/state
mount --no-canonicalize --bind "/proc/self/fd/$bin_fd" /run/chatcluster/bin
mount --bind /run/chatcluster/state/var /var
mount --bind /run/chatcluster/state/tmp /tmp

# The kubelet wants these values and would set them for the whole machine: it sees them set, and leaves them alone.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=/run/chatcluster/$(echo "${setting%=*}" | tr / .)
  echo "${setting#*=}" > "$file"
  mount --bind "$file" "/proc/sys/${setting%=*}"
done

ip link set lo up
ip address add "$node/32" dev lo
ip route add "$services" dev lo # without a route there is no packet for kube-proxy's rules to rewrite
sysctl -qw net.ipv4.ip_forward=1

if [ -e /sys/fs/cgroup/cgroup.controllers ]; then # version 2, where systemd has enabled the controllers below its top
  mkdir -p "/sys/fs/cgroup/$cgroup"
else
  for controller in /sys/fs/cgroup/*/; do
    mkdir -p "$controller$cgroup" 2>/dev/null || true # some mounts are read-only links to others
  done
  for file in cpuset.cpus cpuset.mems; do # a new group has none, and then takes no process
    cat "/sys/fs/cgroup/cpuset/$file" > "/sys/fs/cgroup/cpuset/$cgroup/$file"
  done
fi
