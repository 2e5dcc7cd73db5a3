#!/usr/bin/env bash
# Cancel all jobs, stop the Slurm of up.sh, and remove its files.
# With --purge: also remove the packages and their files.
set -euo pipefail
cd "$(dirname "$0")"
source common.sh

# stop NAME PIDFILE: stop this process, if it is still the one that wrote the file.
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
  # Rewrite the file in place: in a container, it cannot be replaced.
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
