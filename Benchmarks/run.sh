#!/usr/bin/env bash
# Builds the images once, measures deroot and its peers in turns, writes docs/performance.md and
# docs/performance.svg. Root is needed, as the peers unpack images.
#   RUNS        runs of deroot and of the bound (default 5)
#   PEER_RUNS   runs of each peer (default 2; 0 leaves them out and keeps nothing of them)
#   REGISTRY_RUNS  runs of the registry case (default 3)
#   DEROOT      the binary (default .build/release/deroot)
#   DEROOT_WORK where images and results live (default $TMPDIR/deroot-work)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export DEROOT_WORK=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work} PYTHONDONTWRITEBYTECODE=1
export DEROOT=${DEROOT:-$here/../.build/release/deroot}
"$here/../scripts/images.sh" base nginx postgres
make_layout() {
    [ -f "$DEROOT_WORK/images/$1/index.json" ] && return
    echo "bench: making $1" >&2
    rm -rf "$DEROOT_WORK/images/$1.part"
    python3 "$here/../Tests/live/layout.py" "$2" "$DEROOT_WORK/images/$1.part" latest "$3"
    mv "$DEROOT_WORK/images/$1.part" "$DEROOT_WORK/images/$1"
}
make_layout big2g big 2048
make_layout million many 1000000
exec python3 "$here/bench.py"
