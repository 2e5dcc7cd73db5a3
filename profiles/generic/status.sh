#!/usr/bin/env bash
# status.sh ID: print running, success or failed.
#
# On a cluster, ask the scheduler. Report a job that it does not know as failed.
set -euo pipefail
# Check in this order: a job that ends between the two checks has already written its status.
kill -0 -- "-$(cat "$1/process")" 2>/dev/null && running=yes || running=no
case "$(cat "$1/status" 2>/dev/null)$running" in
0*) echo success ;;
yes) echo running ;;
*) echo failed ;;
esac
