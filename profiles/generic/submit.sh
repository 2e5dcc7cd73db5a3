#!/usr/bin/env bash
# submit.sh THREADS MEMORY_MB MINUTES SCRIPT: start a job, print its id and return at once.
#
# This version runs the job on this machine. On a cluster, use one line that prints only the id:
#   PBS Pro  exec qsub -l select=1:ncpus="$1":mem="$2mb" -l walltime="$(($3 * 60))" -- /bin/sh "$4"
#   LSF      bsub -n "$1" -M "${2}MB" -W "$3" sh "$4" | grep -o '[0-9][0-9]*' | head -n 1
set -euo pipefail
mkdir -p .snakemake/jobs
job=$(mktemp -d .snakemake/jobs/XXXXXX)
# The job runs in its own process group. Its leader writes the id of the group, so that cancel.sh can
# stop the group and status.sh can find it.
setsid bash -c 'echo "$$" >"$3/process"; timeout "$1m" sh "$2"; echo "$?" >"$3/status"' \
  job "$3" "$4" "$job" >"$job/log" 2>&1 </dev/null &
started=$!
until [ -s "$job/process" ]; do
  sleep 0.01
  # setsid has ended: it is missing, the disk is full, or the job is over already.
  kill -0 "$started" 2>/dev/null || [ -s "$job/process" ] || { cat "$job/log" >&2; exit 1; }
done
echo "$job"
