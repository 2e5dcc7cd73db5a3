#!/usr/bin/env bash
# Stop the Slurm that up.sh started, its jobs first, and remove what it wrote.
# With --purge: remove the packages and all that they left, too.
set -euo pipefail
cd "$(dirname "$0")"
source common.sh

# stop NAME PIDFILE: that process, if it is still the one that wrote the file.
stop() {
  local pid
  pid=$(cat "$2" 2>/dev/null) || return 0
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] || return 0
  kill "$pid"
  for _ in $(seq 40); do
    [ -d "/proc/$pid" ] || return 0
    sleep 0.25
  done
  kill -KILL "$pid"
}

if ours /etc/slurm/slurm.conf; then
  timeout 20 scancel --user root || true
  for _ in $(seq 40); do
    [ -n "$(timeout 5 squeue --noheader || true)" ] || break
    sleep 0.25
  done
  stop slurmd "$STATE/slurmd.pid"
  stop slurmctld "$STATE/slurmctld.pid"
  stop munged /run/munge/munged.pid
  rm -f "${WRITTEN[@]}"
  rm -rf "$STATE"
  # Rewritten in place: in a container the file itself cannot be replaced.
  if grep -qF "$MARK" /etc/hosts; then
    others=$(grep -vF "$MARK" /etc/hosts)
    echo "$others" >/etc/hosts
  fi
fi
if [ "${1:-}" = --purge ]; then
  DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq "${PACKAGES[@]}" slurm-wlm-basic-plugins \
    >/dev/null 2>&1
  rm -rf /etc/munge /var/lib/munge /var/log/munge /run/munge /var/log/slurm /var/lib/slurm
fi
