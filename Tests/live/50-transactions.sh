#!/usr/bin/env bash
# A destination is what it was or what it was to become, and never anything else.
source "$(dirname "$0")/lib.sh"

source_image=oci:$images/tools:latest
out=$scratch/out
skopeo copy -q "oci-archive:$demo" "oci:$scratch/demo:v"
converted "a first tag" "oci-archive:$demo" "oci:$out:old"
old=$(manifest_digest "oci:$out:old")
before=$(cat "$out/index.json")
converted "the reference result" "$source_image" "oci:$scratch/reference:new"
wanted=$(manifest_digest "oci:$scratch/reference:new")

# Killed at random moments of its life; the times are printed so that a failure can be looked into.
began=$(date +%s%N)
convert "$source_image" "oci:$scratch/timed:new"
life=$((($(date +%s%N) - began) / 1000000))
RANDOM=${SEED:-$$}
echo "seed ${SEED:-$$}, a conversion takes $life ms"
torn=0 finished=0
for round in {1..30}; do
    delay=$((RANDOM * 32768 + RANDOM))
    delay=$((delay % (life + life / 10 + 1)))
    "$deroot" convert "$source_image" "oci:$out:new" >/dev/null 2>&1 &
    victim=$!
    sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
    kill -9 "$victim" 2>/dev/null
    wait "$victim" 2>/dev/null
    if [ "$(cat "$out/index.json")" != "$before" ]; then
        finished=$((finished + 1))
        [ "$(manifest_digest "oci:$out:new")" = "$wanted" ] || torn=$((torn + 1))
        # Back to the old state, the blobs of the new one included: they must not be trusted blindly.
        printf '%s' "$before" >"$out/index.json"
    fi
    if ! "${layout_py[@]}" closure "$out" >"$scratch/closure" 2>&1; then
        torn=$((torn + 1))
        echo "round $round, killed after $delay ms: $(tail -n 1 "$scratch/closure")"
    fi
    [ "$(manifest_digest "oci:$out:old")" = "$old" ] || torn=$((torn + 1))
done
same "killed 30 times ($finished had finished): old or new, never torn" 0 $torn
converted "after the kills a conversion succeeds" "$source_image" "oci:$out:new"
same "and gives the same result" "$wanted" "$(manifest_digest "oci:$out:new")"
same "the other tag is still there" "$old" "$(manifest_digest "oci:$out:old")"
check "all of the layout is sound" "${layout_py[@]}" closure "$out"
empty "nothing is left of the killed ones" \
    "$(find "$out" -mindepth 1 -type f ! -path "$out/blobs/sha256/*" ! -name index.json ! -name oci-layout ! -name '*.lock' ! -name '.lock*')"
empty "no half blob either" "$(find "$out/blobs/sha256" -type f ! -regex '.*/[0-9a-f]+')"

# A single file archive is replaced as a whole.
cp "$demo" "$scratch/archive.tar"
archive=$(sha256sum <"$scratch/archive.tar")
torn=0
for _ in {1..10}; do
    "$deroot" convert "$source_image" "oci-archive:$scratch/archive.tar:new" >/dev/null 2>&1 &
    victim=$!
    sleep "$(printf '0.%03d' $((RANDOM % (life < 999 ? life : 999))))"
    kill -9 "$victim" 2>/dev/null
    wait "$victim" 2>/dev/null
    if [ "$(sha256sum <"$scratch/archive.tar")" != "$archive" ]; then
        [ "$(manifest_digest "oci-archive:$scratch/archive.tar")" = "$wanted" ] || torn=$((torn + 1))
        cp "$demo" "$scratch/archive.tar"
    fi
done
same "an archive killed 10 times: old or new" 0 $torn

# Two at once into one layout: index.json is written under a lock, both tags arrive.
"$deroot" convert "$source_image" "oci:$out:one" >/dev/null 2>"$scratch/one.err" &
one=$!
"$deroot" convert "oci:$images/redis:latest" "oci:$out:two" >/dev/null 2>"$scratch/two.err" &
two=$!
wait $one
same "two at once: the first" 0 $?
wait $two
same "two at once: the second" 0 $?
tags=$(jq -r '[.manifests[].annotations["org.opencontainers.image.ref.name"]] | sort | join(" ")' "$out/index.json")
same "two at once: no tag lost" "new old one two" "$tags"

# Signals that can be caught leave nothing either, with the shell's exit codes.
for signal in INT TERM; do
    "$deroot" convert "oci:$images/tools:latest" "oci:$scratch/signal-$signal:new" >/dev/null 2>&1 &
    victim=$!
    sleep 0.1
    kill -s $signal $victim
    wait $victim
    status=$?
    expected=$([ $signal = INT ] && echo 130 || echo 143)
    # A background job of a script ignores SIGINT unless the program asks for it itself.
    if [ $status -eq 0 ]; then
        check "$signal came too late or was ignored: the result is whole" "${layout_py[@]}" closure "$scratch/signal-$signal"
    else
        same "$signal: exit code" "$expected" "$status"
        empty "$signal: no published result" "$(cat "$scratch/signal-$signal/index.json" 2>/dev/null)"
    fi
done
finish
