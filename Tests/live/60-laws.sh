#!/usr/bin/env bash
# Laws of a conversion on real images: same bytes, no change where none is due, bounded memory.
source "$(dirname "$0")/lib.sh"

convert_to() {
    local name=$1
    shift
    converted "$name" "$@"
}
digest_of() { manifest_digest "oci:$scratch/$1:v"; }

convert_to "nginx, 1 job" "oci:$images/nginx:latest" "oci:$scratch/one:v" --own /var/log/nginx --jobs 1
convert_to "nginx, 4 jobs" "oci:$images/nginx:latest" "oci:$scratch/four:v" --own /var/log/nginx --jobs 4
same "1 job and 4 jobs give the same digest" "$(digest_of one)" "$(digest_of four)"
convert_to "nginx, again" "oci:$images/nginx:latest" "oci:$scratch/again:v" --own /var/log/nginx
same "a second run gives the same digest" "$(digest_of one)" "$(digest_of again)"
convert_to "the result of nginx" "oci:$scratch/one:v" "oci:$scratch/twice:v" --own /var/log/nginx
same "convert twice is convert once" "$(digest_of one)" "$(digest_of twice)"
check "verify accepts the result" "$deroot" verify "oci:$images/nginx:latest" "oci:$scratch/one:v"
"$deroot" verify "oci:$images/redis:latest" "oci:$scratch/one:v" >/dev/null 2>&1
same "verify finds another image out" 1 $?
"$deroot" verify "oci:$images/nginx:latest" "oci:$images/nginx:latest" >/dev/null 2>&1
same "verify finds the unconverted image out" 1 $?

# The base layer is rewritten to the same blob in every image built on it.
convert_to "redis" "oci:$images/redis:latest" "oci:$scratch/redis:v"
first_layer() { skopeo inspect --raw "oci:$scratch/$1:v" | jq -r '.layers[0].digest'; }
same "one rewritten base for images on one base" "$(first_layer one)" "$(first_layer redis)"

"${layout_py[@]}" clean "$scratch/clean" v
convert_to "an image with nothing to change" "oci:$scratch/clean:v" "oci:$scratch/clean-out:v"
same "no change: the same manifest digest" "$(digest_of clean)" "$(digest_of clean-out)"

# --layers append keeps the old blobs below the added layer, and says what that costs.
convert_to "--layers append" "oci:$images/tools:latest" "oci:$scratch/append:v" --layers append --report "$scratch/append.json"
layers() { skopeo inspect --raw "$1" | jq -r '.layers[].digest'; }
same "append: the old layers keep their blobs" "$(layers "oci:$images/tools:latest")" \
    "$(layers "oci:$scratch/append:v" | head -n -1)"
check "append: digests, sizes and diffIDs" "${layout_py[@]}" closure "$scratch/append"
umoci unpack --image "$scratch/append:v" "$scratch/bundle" >/dev/null 2>&1
empty "append: no set-id file in the merged view" "$(find "$scratch/bundle/rootfs" -xdev -perm /6000 -type f 2>&1)"
empty "append: no file capability in the merged view" "$(getcap -r "$scratch/bundle/rootfs" 2>&1)"
same "append: the files are still there" yes "$([ -s "$scratch/bundle/rootfs/usr/bin/sudo" ] && echo yes)"
rm -rf "$scratch/bundle"

# Plan and dry run.
convert "oci:$images/nginx:latest" "oci:$scratch/dry:v" --dry-run --format json
same "--dry-run: exit 0" 0 $?
same "--dry-run: nothing is written" no "$([ -e "$scratch/dry" ] && echo yes || echo no)"
printf '%s\n' "$result" >"$scratch/plan.json"
if jq -e . "$scratch/plan.json" >/dev/null 2>&1; then
    convert_to "--plan applies what --dry-run printed" "oci:$images/nginx:latest" "oci:$scratch/planned:v" --plan "$scratch/plan.json"
    convert_to "the same without a plan" "oci:$images/nginx:latest" "oci:$scratch/unplanned:v"
    same "a plan gives the same digest" "$(digest_of unplanned)" "$(digest_of planned)"
    convert "oci:$images/redis:latest" "oci:$scratch/refused:v" --plan "$scratch/plan.json"
    same "a plan for another source is refused" yes "$([ $? -ne 0 ] && [ ! -e "$scratch/refused" ] && echo yes)"
else
    fail "--dry-run prints a plan in JSON" "$(head -c 200 "$scratch/plan.json")"
fi
convert_to "--digestfile" "oci:$images/nginx:latest" "oci:$scratch/digestfile:v" --digestfile "$scratch/digest"
same "--digestfile holds the digest" "$(digest_of digestfile)" "$(tr -d '\n' <"$scratch/digest")"

# --keep and --caps.
convert_to "--keep" "oci:$images/tools:latest" "oci:$scratch/keep:v" --keep /usr/bin/sudo --keep /usr/bin/ping
left=$("${layout_py[@]}" privileged "$scratch/keep" | sed 's/^layer [0-9]*: //' | sort)
same "--keep: these two and no others" \
    "usr/bin/ping: SCHILY.xattr.security.capability usr/bin/sudo: mode 104755" \
    "$(tr '\n' ' ' <<<"$left" | sed 's/ $//')"
convert_to "--caps permit" "oci:$images/tools:latest" "oci:$scratch/permit:v" --caps permit
umoci unpack --image "$scratch/permit:v" "$scratch/bundle" >/dev/null 2>&1
same "--caps permit: +ep becomes +p" "cap_net_raw=p" "$(getcap "$scratch/bundle/rootfs/usr/bin/ping" | sed 's/.* //')"
rm -rf "$scratch/bundle"
convert_to "--user" "oci:$images/redis:latest" "oci:$scratch/user:v" --user 10001:10002
same "--user: as asked" '"10001:10002"' "$("${layout_py[@]}" get "$scratch/user" v User)"

# Memory, by the kernel's own count; 98,304 KiB are 96 MiB.
peak() { /usr/bin/time -f %M -o "$scratch/rss" "$deroot" "$@" >/dev/null 2>&1 && cat "$scratch/rss"; }
rss=$(peak convert "oci:$images/nginx:latest" "oci:$scratch/rss-out:v")
if [ -n "$rss" ] && [ "$rss" -le 98304 ]; then ok "nginx: peak memory $rss KiB"; else fail "nginx: peak memory" "${rss:-none} KiB"; fi
finish
