#!/usr/bin/env bash
# submit.sh THREADS MEMORY_MB MINUTES SCRIPT: start a job, print its id and return at once.
#
# This version runs the job on this machine. On a cluster, use one line that prints only the id:
#   PBS Pro  exec qsub -l select=1:ncpus="$1":mem="$2mb" -l walltime="$(($3 * 60))" -- /bin/sh "$4"
#   LSF      bsub -n "$1" -M "${2}MB" -W "$3" sh "$4" | grep -o '[0-9][0-9]*' | head -n 1
set -euo pipefail
mkdir -p .snakemake/jobs
job=$(mktemp -d .snakemake/jobs/XXXXXX)
# `timeout` leads the process group of the whole job, and the job writes its id: cancel.sh stops the
# group, and status.sh looks for it.
setsid timeout "$3m" bash -c 'echo "$PPID" >"$2/process"; sh "$1"; echo "$?" >"$2/status"' \
  job "$4" "$job" >"$job/log" 2>&1 </dev/null &
started=$!
until [ -s "$job/process" ]; do
  sleep 0.01
  # setsid has ended: it is missing, the disk is full, or the job is over already.
  kill -0 "$started" 2>/dev/null || [ -s "$job/process" ] || { cat "$job/log" >&2; exit 1; }
done
echo "$job"
