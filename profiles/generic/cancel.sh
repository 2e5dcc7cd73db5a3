#!/usr/bin/env bash
# cancel.sh ID...: stop jobs. On a cluster: exec qdel "$@" (PBS Pro) or exec bkill "$@" (LSF).
set -euo pipefail
for job in "$@"; do
  kill -- "-$(cat "$job/process")" 2>/dev/null || true
done
