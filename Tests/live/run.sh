#!/usr/bin/env bash
# Runs the live suite: real images, real engines. Root is needed (umoci, podman, mmdebstrap).
#   DEROOT       the binary (default: .build/release/deroot)
#   DEROOT_WORK  where images are built and kept (default: $TMPDIR/deroot-work)
# Last line: `N passed, N failed`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export DEROOT_WORK=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work}
mkdir -p "$DEROOT_WORK"
if [ "$(id -u)" -ne 0 ]; then
    echo "live: root is needed, for file owners in unpacked images and for podman" >&2
    exit 1
fi
"$here/../../scripts/images.sh" base nginx redis tools || exit 1

DEROOT_TALLY=$(mktemp "$DEROOT_WORK/tally.XXXXXX")
export DEROOT_TALLY
broken=0
for test in "$here"/[0-9]*.sh; do
    echo "== $(basename "$test")"
    before=$(wc -l <"$DEROOT_TALLY")
    "$test"
    status=$?
    # A script that died before its tally counts as one failure.
    if [ "$(wc -l <"$DEROOT_TALLY")" -eq "$before" ]; then
        echo "FAIL $(basename "$test"): died with exit $status"
        echo "0 1" >>"$DEROOT_TALLY"
    fi
    [ $status -eq 0 ] || broken=1
done
# The services have a table of their own; their last line is their tally.
echo "== services"
log=$(mktemp "$DEROOT_WORK/services.XXXXXX")
"$here/services/matrix.py" 2>&1 | tee "$log"
[ "${PIPESTATUS[0]}" -eq 0 ] || broken=1
tally=$(grep -aoE '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
rm -f "$log"
if [ -n "$tally" ]; then
    awk '{print $1, $3}' <<<"$tally" >>"$DEROOT_TALLY"
else
    echo "FAIL services: died"
    echo "0 1" >>"$DEROOT_TALLY"
fi
read -r passed failed < <(awk '{p += $1; f += $2} END {print p + 0, f + 0}' "$DEROOT_TALLY")
rm -f "$DEROOT_TALLY"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$broken" -eq 0 ]
