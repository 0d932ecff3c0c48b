#!/usr/bin/env bash
# Spoiled images: exit 2, a message that names the flaw, the destination as it was.
source "$(dirname "$0")/lib.sh"

snapshot() { (cd "$1" && find . -type f -exec sha256sum {} + | sort); }

skopeo copy -q "oci-archive:$demo" "oci:$scratch/good:v"
out=$scratch/out
skopeo copy -q "oci-archive:$demo" "oci:$out:old"
before=$(snapshot "$out")
while read -r name words; do
    rm -rf "$scratch/bad"
    cp -r "$scratch/good" "$scratch/bad"
    if ! python3 "$here/bad_input.py" "$name" "$scratch/bad" v; then
        fail "$name" "the case could not be made"
        continue
    fi
    # Deflate ends at 1032:1, and layers of zeros are legal: only a lower limit refuses the bomb.
    options=()
    [ "$name" != bomb ] || options=(--max-ratio 500)
    timeout 60 "$deroot" convert "oci:$scratch/bad:v" "oci:$out:new" "${options[@]}" >"$scratch/stdout" 2>"$scratch/stderr"
    same "$name: exit code" 2 $?
    if grep -qiE -- "$words" "$scratch/stderr"; then ok "$name: message"; else fail "$name: message" "$(tail -n 2 "$scratch/stderr")"; fi
    empty "$name: nothing on stdout" "$(cat "$scratch/stdout")"
    same "$name: destination untouched" "$before" "$(snapshot "$out")"
done < <(python3 "$here/bad_input.py" list)

"$deroot" convert >/dev/null 2>&1
same "no source: exit 64" 64 $?
"$deroot" convert containers-storage:x oci:"$out":new >/dev/null 2>"$scratch/stderr"
same "containers-storage: exit 64" 64 $?
check "with a hint at podman save" grep -qi 'podman save' "$scratch/stderr"
finish
