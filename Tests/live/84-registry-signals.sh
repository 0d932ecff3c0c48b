#!/usr/bin/env bash
# F22: a push or pull that is stopped moves no tag and leaves nothing behind.
source "$(dirname "$0")/lib.sh"
source "$here/registry-lib.sh"

plain=(--tls-verify=false)
registry plain
upload "oci:$images/redis:latest" "$host/library/redis:1"
skopeo copy -q "oci-archive:$demo" "oci:$scratch/demo:v"
converted "the reference result" "oci:$images/redis:latest" "oci:$scratch/reference:nonroot"
wanted=$(manifest_digest "oci:$scratch/reference:nonroot")
# Slow enough that every signal meets it at work: about eight seconds there and back.
size=$(du -sb "$images/redis/blobs" | cut -f1)
tool pipe "${host#*:}" "$scratch/counts" $((size / 4))
slow=127.0.0.1:$port

# A job of a script starts with SIGINT ignored; this one gets it as from a terminal.
background() {
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$deroot" convert "$@" >/dev/null 2>"$scratch/stderr" &
    victim=$!
}
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
# interrupted SIGNAL DELAY SOURCE DESTINATION: exit code and time; the state is the caller's to judge.
# It is to take two seconds; a busy machine gets more where another check shows that.
interrupted() {
    local signal=$1 delay=$2 most=${most:-6000} began status
    # Nothing is remembered of the runs before: all of the work, every time.
    export XDG_CACHE_HOME=$scratch/cache.$signal.$delay
    background "$3" "$4" "${plain[@]}"
    wait_for "deroot at work" test "/proc/$victim/exe" -ef "$deroot"
    sleep "$delay"
    began=$(milliseconds)
    kill -s "$signal" $victim 2>/dev/null
    wait $victim
    status=$?
    took=$(($(milliseconds) - began))
    expected=$([ "$signal" = INT ] && echo 130 || echo 143)
    same "F22 $signal after $delay s: exit code" "$expected" $status
    same "F22 $signal after $delay s: within $((most / 1000)) s" yes "$([ $took -le "$most" ] && echo yes || echo "$took ms")"
}
for delay in 0.1 0.5 1.5 3 4.5 6; do
    interrupted INT $delay "docker://$slow/library/redis:1" "docker://$slow/team/redis:v$delay"
    same "F22 INT after $delay s: no tag" none "$(tag_digest "$host/team/redis:v$delay")"
    empty "F22 INT after $delay s: nothing is left" "$(leftovers)"
done
interrupted TERM 2 "docker://$slow/library/redis:1" "oci:$scratch/pulled:v"
empty "F22 TERM: no result" "$(cat "$scratch/pulled/index.json" 2>/dev/null)"
empty "F22 TERM: nothing is left" "$(leftovers)"
find "$scratch/pulled" -type f 2>/dev/null | grep -v lock >"$scratch/left"
empty "F22 TERM: no half blob" "$(cat "$scratch/left")"
# A server that never answers is no reason to stay.
tool mute
most=2000 interrupted INT 0.5 "docker://127.0.0.1:$port/library/redis:1" "oci:$scratch/never:v"

# Killed at random moments: a tag is absent or whole.
began=$(milliseconds)
convert "docker://$host/library/redis:1" "docker://$host/team/timed:v" "${plain[@]}"
life=$(($(milliseconds) - began))
RANDOM=${SEED:-$$}
echo "seed ${SEED:-$$}, a conversion takes $life ms"
torn=0 finished=0
for round in {1..12}; do
    # Without what is remembered of the rounds before: all of the work, every time.
    export XDG_CACHE_HOME=$scratch/cache.$round
    delay=$(((RANDOM * 32768 + RANDOM) % (life + life / 2 + 1)))
    "$deroot" convert "docker://$host/library/redis:1" "docker://$host/kill/redis:$round" "${plain[@]}" >/dev/null 2>&1 &
    victim=$!
    sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
    kill -9 $victim 2>/dev/null
    wait $victim 2>/dev/null
    found=$(tag_digest "$host/kill/redis:$round")
    case $found in
    none) ;;
    "$wanted") finished=$((finished + 1)) ;;
    *) torn=$((torn + 1)) && echo "round $round, killed after $delay ms: $found" ;;
    esac
done
same "F22 killed 12 times ($finished had finished): absent or whole" 0 $torn
empty "F22 killed: nothing is left" "$(leftovers)"
converted "after the kills a conversion succeeds" "docker://$host/library/redis:1" "docker://$host/kill/redis:last" "${plain[@]}"
same "and gives the same image" "$wanted" "$(tag_digest "$host/kill/redis:last")"
check "and it is whole" skopeo copy -q --src-tls-verify=false "docker://$host/kill/redis:last" "oci:$scratch/last:v"
finish
