#!/usr/bin/env bash
# Start a Slurm with one node on this machine, for tests: Debian packages, no systemd, no accounting.
#
#   up.sh    as root: install missing packages, write /etc/slurm, start munged, slurmctld and slurmd
#   down.sh  stop them and remove the files of up.sh; down.sh --purge also removes the packages
#
# CPUS=N: number of processors and of simulated GPUs that Slurm assigns (default: all processors).
set -euo pipefail
cd "$(dirname "$0")"
source common.sh
cpus=${CPUS:-$(nproc)}

fail() {
  echo "error: $*" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || fail "Slurm's daemons are started by root, this is $(id -un)"

if [ -n "$(missing)" ]; then
  command -v apt-get >/dev/null || fail "not found: $(missing); installed by apt-get, which is missing too"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${PACKAGES[@]}" >/dev/null 2>&1 \
    || fail "apt-get could not install ${PACKAGES[*]}"
fi
for file in "${WRITTEN[@]}"; do
  [ ! -e "$file" ] || ours "$file" || fail "$file is of another Slurm, which this would break"
done
for daemon in slurmctld slurmd munged; do
  if pgrep -x "$daemon" >/dev/null; then fail "$daemon is running; down.sh stops one of ours"; fi
done

# munge authenticates the daemons with a key of this machine.
[ -s /etc/munge/munge.key ] || dd if=/dev/urandom of=/etc/munge/munge.key bs=128 count=1 status=none
chown munge:munge /etc/munge/munge.key
chmod 400 /etc/munge/munge.key
install -d -o munge -g munge -m 0755 /run/munge
install -d -o munge -g munge -m 0700 /var/lib/munge /var/log/munge
runuser -u munge -- /usr/sbin/munged
munge -n | unmunge >/dev/null

host=$(hostname -s)
getent hosts "$host" >/dev/null || echo "127.0.0.1 $host $MARK" >>/etc/hosts
memory=$(awk '/MemTotal/ {printf "%d", $2 / 1024 * 0.9}' /proc/meminfo)
install -d -m 0755 "$STATE" "$STATE/spool" "$STATE/saved" "$STATE/log" /etc/slurm

cat >/etc/slurm/slurm.conf <<END
$MARK
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$STATE/saved
SlurmdSpoolDir=$STATE/spool
SlurmctldLogFile=$STATE/log/slurmctld.log
SlurmdLogFile=$STATE/log/slurmd.log
SlurmctldPidFile=$STATE/slurmctld.pid
SlurmdPidFile=$STATE/slurmd.pid
# Containers have no cgroups. Mail and accounting are off.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MailProg=/bin/true
MpiDefault=none
# Slurm assigns processors, memory and GPUs, also more processors than the machine has.
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=500
SlurmdParameters=config_overrides
GresTypes=gpu
# Seconds for which squeue shows finished jobs.
MinJobAge=3600
# Use a returning node again; notice a stopped node and kill jobs early.
ReturnToService=2
SlurmdTimeout=30
KillWait=5
SchedulerParameters=sched_interval=5,bf_interval=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory Gres=gpu:$cpus State=UNKNOWN
PartitionName=cpu Nodes=$host Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=$host MaxTime=INFINITE State=UP
END
# A GPU needs a device file, since Slurm rejects a mere count: /dev/null.
for ((n = 0; n < cpus; n++)); do ln -sfn /dev/null "$STATE/gpu$n"; done
cat >/etc/slurm/gres.conf <<END
$MARK
AutoDetect=off
NodeName=$host Name=gpu File=$STATE/gpu[0-$((cpus - 1))]
END

/usr/sbin/slurmctld -c
/usr/sbin/slurmd -c
for _ in $(seq 60); do
  state=$(sinfo --noheader --partition cpu --format %T 2>/dev/null || true)
  if [ "$state" = idle ]; then
    sinfo --format '%P %T %c processors %m MB %G'
    exit
  fi
  sleep 0.5
done
tail -n 20 "$STATE"/log/*.log >&2
fail "the node is '${state:-not known}' after 30 seconds and not idle; the logs are above"
