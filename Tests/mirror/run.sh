#!/usr/bin/env bash
# deroot mirror against Debian's docker-registry on loopback, and the files of deploy/: short or long.
#   DEROOT        the binary; .build/release/deroot
#   DEROOT_WORK   where scratch data goes; much of it into /dev/shm where that is large
#   MIRROR_COSTS  a file for the unit costs that scripts/scale.py computes docs/scale.md from
# Last line: `N passed, N failed`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export DEROOT=${DEROOT:-$here/../../.build/release/deroot}
export DEROOT_WORK=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work}
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
mkdir -p "$DEROOT_WORK"
if [ "$(id -u)" -ne 0 ]; then
    echo "mirror: root is needed, for Slurm's daemons" >&2
    exit 1
fi

# Validators from PyPI, pinned; kept between runs.
venv=$DEROOT_WORK/mirror-venv
if ! [ -e "$venv/ready" ] || ! cmp -s "$here/requirements.txt" "$venv/ready"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" --quiet --disable-pip-version-check --retries 10 --timeout 60 install -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/ready"
fi
# All that is asked from here on is on this machine; a proxy has no part in it.
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
exec "$venv/bin/python3" "$here/suite.py" "${@:-short}"
