#!/usr/bin/env bash
# submit.sh THREADS MEMORY_MB MINUTES SCRIPT: start a job and print its id, at once.
#
# Here it runs on this machine. On a cluster it is one line, which has to print nothing but the id:
#   PBS Pro  exec qsub -l select=1:ncpus="$1":mem="$2mb" -l walltime="$(($3 * 60))" -- /bin/sh "$4"
#   LSF      bsub -n "$1" -M "${2}MB" -W "$3" sh "$4" | grep -o '[0-9][0-9]*' | head -n 1
set -euo pipefail
mkdir -p .snakemake/jobs
job=$(mktemp -d .snakemake/jobs/XXXXXX)
# In a process group of its own, whose number is that of its leader. The leader writes it down: only
# then is there a group that cancel.sh can stop and status.sh can find.
setsid bash -c 'echo "$$" >"$3/process"; timeout "$1m" sh "$2"; echo "$?" >"$3/status"' \
  job "$3" "$4" "$job" >"$job/log" 2>&1 </dev/null &
until [ -s "$job/process" ]; do sleep 0.01; done
echo "$job"
