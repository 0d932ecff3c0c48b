#!/usr/bin/env bash
# Second readers on converted images: skopeo, Python's tarfile and umoci see what deroot promises.
source "$(dirname "$0")/lib.sh"

# listing ROOT: one line a path: type, mode, owner, size, mtime, link target.
listing() { (cd "$1" && find . -printf '%P|%y|%m|%U:%G|%s|%T@|%l\n' | sort); }

# differences BEFORE AFTER USER EXPECTED...: what changed between two unpacked trees, but the set-id bits
# that went, the paths (bash patterns) that were meant to change owner, and the files whose text a
# recipe edits (edited:PATH), which keep owner, mode and time.
differences() {
    local before=$1 after=$2 user=$3
    shift 3
    python3 - "$before" "$after" "$user" "$@" <<'PYTHON'
import fnmatch, sys

def load(path):
    found = {}
    for line in open(path, encoding="utf-8", errors="surrogateescape"):
        name, kind, mode, owner, size, time, link = line.rstrip("\n").split("|", 6)
        found[name] = [kind, int(mode, 8), owner, size, time, link]
    return found

before, after, user = load(sys.argv[1]), load(sys.argv[2]), sys.argv[3]
owned = [pattern for pattern in sys.argv[4:] if not pattern.startswith("edited:")]
edited = {pattern[7:] for pattern in sys.argv[4:] if pattern.startswith("edited:")}
accounts = {"etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"}
meant = lambda name: any(fnmatch.fnmatch(name, pattern) for pattern in owned)
for name, was in before.items():
    now = after.get(name)
    if now is None:
        print("lost:", name)
        continue
    if name in accounts:
        if now[:3] != was[:3]:
            print("account file:", name, was, now)
        continue
    if was[0] == "f":
        was[1] &= ~0o6000
    if meant(name):
        if now[2] != user:
            print("not owned:", name, now[2])
        was[2] = now[2]
    if name in edited:
        if now[3] == was[3]:
            print("not edited:", name)
        was[3] = now[3]
    # The size of a directory is the file system's affair; its time may change by an added entry.
    if was[0] == "d":
        was[3:5] = now[3:5]
    if was != now:
        print("differs:", name, was, now)
# New are directories only: the account's, and root's where they lead to one of them.
parents = {"/".join(name.split("/")[:n]) for name in after if name not in before for n in range(1, name.count("/") + 1)}
for name, now in after.items():
    if name in before or now[:3] == ["d", 0o755, "0:0"] and name in parents:
        continue
    if now[0] != "d" or now[2] != user:
        print("added:", name, now)
PYTHON
}

# readers NAME SOURCE USER EXPECTED OPTIONS...
readers() {
    local name=$1 source=$2 user=$3 owned=$4 out=$scratch/$1 reference
    shift 4
    reference=oci:$out:nonroot
    converted "$name: convert" "$source" "$reference" --report "$out.json" "$@"
    same "$name: stdout is the reference with its digest" 1 \
        "$(grep -c "$(manifest_digest "$reference")" <<<"$result")"
    check "$name: deroot verify" "$deroot" verify "$source" "$reference"
    check "$name: report is JSON" jq -e . "$out.json"
    check "$name: digests, sizes and diffIDs" "${layout_py[@]}" closure "$out"
    check "$name: skopeo copies to dir:" skopeo copy -q "$reference" "dir:$out.dir"
    same "$name: User" "\"$user\"" "$("${layout_py[@]}" get "$out" nonroot User)"
    empty "$name: no privileged entry in any layer" "$("${layout_py[@]}" privileged "$out" 2>&1)"

    skopeo copy -q "$source" "oci:$out.source:v"
    check "$name: umoci unpacks the source" umoci unpack --image "$out.source:v" "$out.before"
    check "$name: umoci unpacks the result" umoci unpack --image "$out:nonroot" "$out.after"
    empty "$name: no set-id file on disk" "$(find "$out.after/rootfs" -xdev -perm /6000 -type f 2>&1)"
    empty "$name: no file capability on disk" "$(getcap -r "$out.after/rootfs" 2>&1)"
    listing "$out.before/rootfs" >"$out.before.list"
    listing "$out.after/rootfs" >"$out.after.list"
    # shellcheck disable=SC2086
    empty "$name: nothing else changed on disk" \
        "$(set -f && differences "$out.before.list" "$out.after.list" "$user" $owned 2>&1)"
    same "$name: one passwd row for ${user%:*}" 1 "$(cut -d: -f3 "$out.after/rootfs/etc/passwd" | grep -cx "${user%:*}")"
    same "$name: one group row for ${user#*:}" 1 "$(cut -d: -f3 "$out.after/rootfs/etc/group" | grep -cx "${user#*:}")"
    # The trees are large; the scratch folder need not hold all of them at once.
    rm -rf "$out.before" "$out.after" "$out.dir" "$out.source"
}

# The harness itself first: the sources do hold what a conversion must remove.
privileges=$("${layout_py[@]}" privileged "$images/tools")
same "tools: the source has setuid files" 0 "$(grep -q 'usr/bin/su: mode 104755' <<<"$privileges"; echo $?)"
same "tools: the source has a file capability" 0 "$(grep -q 'usr/bin/ping: SCHILY' <<<"$privileges"; echo $?)"

readers demo "oci-archive:$demo" 65532:65532 "srv/guestbook srv/guestbook/* var/lib/guestbook var/lib/guestbook/*"
# As built-in recipes want it: a line or two of configuration, an account of the image.
nginx="var/lib/nginx var/lib/nginx/* var/log/nginx var/log/nginx/*"
readers nginx "oci:$images/nginx:latest" 65532:65532 "$nginx edited:etc/nginx/nginx.conf"
readers redis "oci:$images/redis:latest" 100:101 \
    "data var/lib/redis var/lib/redis/* var/log/redis var/log/redis/*"
readers tools "oci:$images/tools:latest" 65532:65532 "$nginx edited:etc/nginx/nginx.conf" --own '/var/log/ngin*'
# And without: VOLUME, WORKDIR and what was asked for.
readers plain "oci:$images/nginx:latest" 65532:65532 \
    "$nginx usr/share/nginx usr/share/nginx/*" --recipe none --own /var/log/nginx
finish
