#!/usr/bin/env bash
# Converts a corpus of foreign images and has an independent judge compare source and result:
#   run.sh CORPUS_DIR ORACLE      (or DEROOT_CORPUS, DEROOT_ORACLE)
# CORPUS_DIR holds data files of public projects in folders named after them (see run.py), ORACLE is
# a program with the commands `wrap`, `verify` and `compare IN OUT`. Last line: `N passed, N failed`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
corpus=${1:-${DEROOT_CORPUS:-}}
oracle=${2:-${DEROOT_ORACLE:-}}
if [ ! -d "$corpus" ] || [ ! -f "$oracle" ]; then
    echo "corpus: give the corpus folder and the oracle: run.sh CORPUS_DIR ORACLE" >&2
    exit 64
fi
export DEROOT_WORK=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work} PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
mkdir -p "$DEROOT_WORK"
if [ "$(id -u)" -eq 0 ]; then "$here/../../scripts/images.sh" nginx redis; fi
exec python3 "$here/run.py" "$corpus" "$oracle"
