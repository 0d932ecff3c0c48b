#!/usr/bin/env bash
# Runs a long test and, with FIGURES=1, keeps what it printed of itself in docs/reliability.md:
#   figures.sh NAME COMMAND...
# Kept are lines `figure WHAT: TEXT` and the tally of a Swift test run, with date and commit. The
# exit status is the command's; a run that fails keeps its figures too, failures and all.
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd)
name=$1
shift
work=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work}
mkdir -p "$work"
log=$work/figures-$name.log
status=0
began=$SECONDS
"$@" 2>&1 | tee "$log" || status=$?
if [ -n "${FIGURES:-}" ]; then
    "$repo/scripts/figures.py" "$repo/docs/reliability.md" "$name" $((SECONDS - began)) <"$log"
fi
exit $status
