#!/usr/bin/env bash
# Faults, kills, writers and small disks; a destination is old or new after each of them.
#   KILLS=N        SIGKILLs at random moments (default 120)
#   WRITERS=N ROUNDS=N   writers of one layout, and how often each writes (default 16 and 6)
#   STRIDE=N       a fault at every N-th call only (default 3; 1: at every call)
#   STEPS=N        about how many sizes of a small disk for each destination (default 8)
#   PARTS="faults kills writers small-disk"   only these
#   DEROOT, DEROOT_WORK  as for the live suite
# Needs a C compiler, python3, skopeo and umoci, and root for the small disks.
# Last line: `N passed, N failed`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export DEROOT=${DEROOT:-$here/../../.build/release/deroot} PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
base=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work}
mkdir -p "$base"
# Thousands of conversions, each with a dozen fsyncs: in memory where there is room for it.
free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1 || echo 0)
# Our library cannot be loaded from where nothing may be run.
if [ "${free:-0}" -ge 1048576 ] && ! findmnt -no OPTIONS -T /dev/shm | grep -qw noexec; then base=/dev/shm; fi
work=$(mktemp -d "$base/crash.XXXXXX")
trap 'rm -rf "$work"' EXIT

clang -O1 -Wall -Wextra -Werror -shared -fPIC -o "$work/faults.so" "$here/faults.c" -ldl
passed=0 failed=0
parts=${PARTS:-faults kills writers small-disk}
part() {
    local tally
    case " $parts " in *" ${1%.py} "*) ;; *) return ;; esac
    echo "== $*"
    # A part that dies has no tally, and counts as a failure.
    python3 "$here/$1" "$work" "${@:2}" 2>&1 | tee "$work/said" || true
    tally=$(grep -aoE '^[0-9]+ passed, [0-9]+ failed$' "$work/said" | tail -n 1 || true)
    tally=${tally:-0 passed, 1 failed}
    passed=$((passed + ${tally%% *}))
    tally=${tally#*, }
    failed=$((failed + ${tally%% *}))
}
part faults.py "$work/faults.so" "${STRIDE:-3}"
part kills.py "${KILLS:-120}" "${SEED:-}"
part writers.py "${WRITERS:-16}" "${ROUNDS:-6}"
part small-disk.py "${STEPS:-8}"
# A name that is no part's would otherwise leave nothing to fail.
if [ "$((passed + failed))" -eq 0 ]; then echo "FAIL no part is called: $parts" && failed=1; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
