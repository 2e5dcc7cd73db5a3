#!/usr/bin/env bash
# status.sh ID: print running, success or failed.
#
# On a cluster, ask the scheduler; a job that it does not know has failed.
set -euo pipefail
# In this order: a job that ends between the two questions has left its status.
kill -0 "$(cat "$1/process")" 2>/dev/null && running=yes || running=no
case "$(cat "$1/status" 2>/dev/null)$running" in
0*) echo success ;;
yes) echo running ;;
*) echo failed ;;
esac
