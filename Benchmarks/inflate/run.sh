#!/bin/bash
# Measures inflating, scanning and patching on a real layer, beside igzip, gzip and libdeflate.
#
# Usage: run.sh [LAYER.tar.gz]; without one, a minimal Debian is made with mmdebstrap.
set -euo pipefail
cd "$(dirname "$0")"
layer=${1:-.build/base.tar.gz}
swift build -c release >&2
if [ ! -e "$layer" ]; then
    mmdebstrap --variant=minbase bookworm .build/base.tar
    gzip -6 -n .build/base.tar
fi

# CPU time, user and system: what one core has to give, however busy the machine is.
best() {
    local least=999999999 used
    local TIMEFORMAT='%U %S'
    for _ in 1 2 3 4 5 6 7; do
        used=$({ time "$@" "$layer" >/dev/null; } 2>&1 | awk '{ print int(($1 + $2) * 1000) }')
        ((used < least)) && least=$used
    done
    printf '%-40s%s ms\n' "$*" "$least"
}

nproc --all | sed 's/^/processors: /'
for tool in "igzip -dc" "libdeflate-gunzip -c" "gzip -dc"; do
    command -v ${tool%% *} >/dev/null && best $tool
done
.build/release/inflate-bench measure "$layer"
