#!/usr/bin/env bash
# The house rules that swift-format does not know. Prints each breach, exits 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/.."
breaches=0
breach() {
    echo "lint: $*" >&2
    breaches=$((breaches + 1))
}
sources() { find Sources Tests Benchmarks Fuzz -name .build -prune -o -name '*.swift' -print; }

while read -r lines file; do
    if [ "$file" != total ] && [ "$lines" -gt 500 ]; then breach "$file: $lines lines, the limit is 500"; fi
done < <({
    sources
    find scripts Tests Benchmarks Fuzz .ci -name .build -prune -o -type f \( -name '*.sh' -o -name '*.py' -o -name run \) -print
} | xargs wc -l)

# C modules are imported in the C/ folders only, each by one target (tests may use them freely).
while IFS=: read -r file module; do
    case $file in
    Sources/*/C/*) ;;
    *) breach "$file: imports $module outside a C/ folder" ;;
    esac
done < <(find Sources -name '*.swift' -exec grep -HoE '^\s*((public|package|internal|private|fileprivate) )?import C[A-Z][A-Za-z]+' {} + |
    sed -E 's/:.*import /:/')
while read -r module count; do
    [ "$count" -eq 1 ] || breach "$module is imported by $count targets"
done < <(find Sources -name '*.swift' -exec grep -HoE '^\s*((public|package|internal|private|fileprivate) )?import C[A-Z][A-Za-z]+' {} + |
    sed -E 's|^Sources/([^/]*)/.*import (.*)$|\1 \2|' | sort -u | awk '{n[$2]++} END {for (m in n) print m, n[m]}')

# Rooms import downwards only: CLI > Mirror > Report > Core > Registry > Store > Tar, OCI > Bytes.
declare -A rank=([DerootBytes]=0 [DerootOCI]=1 [DerootTar]=1 [DerootStore]=2 [DerootRegistry]=3
    [DerootCore]=3 [Deroot]=4 [DerootReport]=4 [DerootMirror]=5 [DerootCLI]=6)
while read -r room import; do
    [ -n "${rank[$room]:-}" ] && [ -n "${rank[$import]:-}" ] || continue
    [ "${rank[$import]}" -lt "${rank[$room]}" ] || breach "$room imports $import"
done < <(find Sources -name '*.swift' -exec grep -HoE '^\s*((public|package|internal) )?import Deroot[A-Za-z]+' {} + |
    sed -E 's|^Sources/([^/]*)/.*import (.*)$|\1 \2|' | sort -u)

while IFS= read -r hit; do
    breach "$hit"
done < <(sources | xargs grep -nE '@unchecked Sendable|nonisolated\(unsafe\)|fatalError\(|\bTODO\b|\bFIXME\b' || true)

while IFS= read -r script; do
    bash -n "$script" || breach "$script: does not parse"
    [ -x "$script" ] || case $script in *lib.sh) ;; *) breach "$script: not executable" ;; esac
done < <(find scripts Tests Benchmarks Fuzz .ci -name .build -prune -o -type f \( -name '*.sh' -o -path .ci/run \) -print)

if [ "$breaches" -gt 0 ]; then
    echo "lint: $breaches breaches" >&2
    exit 1
fi
echo "lint: clean"
