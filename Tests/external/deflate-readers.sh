#!/bin/bash
# Patched layers as other people's decoders see them, and broken streams under the sanitizers.
#
# Usage: deflate-readers.sh [FUZZ-CASES]
# Needs gzip, pigz, libdeflate-gunzip, igzip, python3, clang and zlib's headers; a tool that is
# missing is an error.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

swift build -c release --package-path "$root/Benchmarks/inflate" >&2
bench=$root/Benchmarks/inflate/.build/release/inflate-bench

# A tar of this machine's own files, with some setuid files in it.
cp /bin/ls /bin/cat /bin/sh "$work"
chmod u+s "$work/ls" "$work/sh"
tar -C / -cf "$work/layer.tar" --format=ustar usr/include/linux "${work#/}" 2>/dev/null || true

gzip -6 -nk -c "$work/layer.tar" >"$work/gzip6.gz"
gzip -1 -nk -c "$work/layer.tar" >"$work/gzip1.gz"
pigz -p 4 -c "$work/layer.tar" >"$work/pigz.gz"
pigz -p 4 -i -R -c "$work/layer.tar" >"$work/pigz-independent.gz"
igzip -1 -c "$work/layer.tar" >"$work/igzip.gz"
libdeflate-gzip -12 -c "$work/layer.tar" >"$work/libdeflate.gz"
python3 -c 'import gzip, sys; sys.stdout.buffer.write(gzip.compress(sys.stdin.buffer.read(), 0))' \
    <"$work/layer.tar" >"$work/stored.gz"
half=$(($(stat -c %s "$work/layer.tar") / 2))
{ head -c $half "$work/layer.tar" | gzip -9; tail -c +$((half + 1)) "$work/layer.tar" | gzip -4; } \
    >"$work/members.gz"

gzip_reads() { gzip -dc "$1"; }
pigz_reads() { pigz -dc "$1"; }
igzip_reads() { igzip -dc "$1"; }
libdeflate_reads() { libdeflate-gunzip -c "$1"; }
python_reads() {
    python3 -c 'import gzip, shutil, sys
shutil.copyfileobj(gzip.open(sys.argv[1]), sys.stdout.buffer)' "$1"
}

for layer in gzip6 gzip1 pigz pigz-independent igzip libdeflate stored members; do
    for change in strip chown; do
        new=$work/new.gz
        want=$("$bench" patch $change "$work/$layer.gz" "$new")
        gzip -t "$new"
        pigz -t "$new"
        for reader in gzip pigz igzip libdeflate python; do
            got=$("${reader}_reads" "$new" | sha256sum | cut -d' ' -f1)
            [ "$got" = "$want" ] || {
                echo "$reader reads $layer, $change: $got, not $want" >&2
                exit 1
            }
        done
        printf '%-18s %-6s %10d -> %10d bytes\n' $layer $change \
            "$(stat -c %s "$work/$layer.gz")" "$(stat -c %s "$new")"
    done
done

c=$root/Sources/C/CDeflate
clang -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -I"$c/include" \
    "$root/Tests/external/deflate-fuzz.c" "$c"/*.c -lz -o "$work/fuzz" 2>/dev/null
"$work/fuzz" "${1:-20000}"
