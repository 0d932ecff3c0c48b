#!/usr/bin/env bash
# Recipes at the command line: lists, trials, one's own by file and directory, and misuse: every
# mistake is named with its place, ends within seconds, and leaves no image behind.
source "$(dirname "$0")/lib.sh"

source=oci-archive:$demo
mkdir "$scratch/own" "$scratch/big"

# recipe FILE LINES...: a recipe that fits the demo image, with more lines.
recipe() {
    local file=$1
    shift
    printf '%s\n' 'recipe: 1' "id: $(basename "$file" .yaml)" 'title: A try' 'match:' '  all:' \
        '    - file: /srv/guestbook/start.sh' "$@" >"$file"
}
# status NAME EXPECTED ARGUMENTS...: of deroot within ten seconds.
status() {
    local name=$1 expected=$2
    shift 2
    timeout 10 "$deroot" "$@" >"$scratch/out" 2>"$scratch/err"
    same "$name: exit" "$expected" $?
}
# says NAME FILE TEXT
says() {
    if grep -qF -- "$3" "$2"; then ok "$1"; else fail "$1" "not '$3' in: $(head -n 5 "$2" | tr '\n' ' ')"; fi
}

# Lists.
status "list" 0 recipe list
says "list: nginx" "$scratch/out" "nginx "
says "list: what is not converted" "$scratch/out" "(refuses)"
status "list as JSON" 0 recipe list --format json
same "list as JSON: as many as the files" "$(find "$repo/Sources/DerootCore/Recipes/BuiltIn" -name '*.yaml' | wc -l)" \
    "$(jq '.recipes | length' "$scratch/out")"
for id in $(jq -r '.recipes[].id' "$scratch/out"); do
    "$deroot" recipe show "$id" >"$scratch/own/$id.yaml" 2>/dev/null
    cmp -s "$scratch/own/$id.yaml" "$repo/Sources/DerootCore/Recipes/BuiltIn/$id.yaml" || fail "show $id" "not the file"
done
status "what show prints is a recipe each" 0 recipe list --recipe "$scratch/own"
same "one's own take the places of the built-in ones" "$(find "$scratch/own" -name '*.yaml' | wc -l)" "$(grep -c '(own)' "$scratch/out")"
rm "$scratch/own"/*
status "show: an unknown id" 64 recipe show nothing
says "show: says where to look" "$scratch/err" "deroot recipe list"

# One's own, by file and by directory.
recipe "$scratch/own/guest.yaml" 'user: { strategy: assign, uid: 4711, gid: 4712, name: guest }' 'edits:' \
    '  - { id: greet, file: /srv/guestbook/start.sh, after: "^#!", insert: "# greetings from {{user}}", expect: 1 }' \
    'files:' '  - { path: "/srv/guestbook/{{uid}}.txt", content: "it is {{gid}}\n" }'
recipe "$scratch/own/other.yaml" 'not: 1' && sed -i -e '/^not:/d' -e 's,/srv/guestbook/start.sh,/nowhere,' "$scratch/own/other.yaml"
status "test" 0 recipe test --recipe "$scratch/own" "$source"
says "test: the one that fits" "$scratch/out" "guest: fits"
says "test: why the other does not" "$scratch/out" "file: /nowhere"
says "test: what the edit comes to" "$scratch/out" "edit greet"
empty "test writes nothing" "$(find "$scratch" -name index.json)"
status "test: none fits" 1 recipe test "$source"
says "test: says so" "$scratch/out" "NR080"
for from in "$scratch/own" "$scratch/own/guest.yaml"; do
    rm -rf "$scratch/result"
    status "convert with $(basename "$from")" 0 convert --recipe "$from" "$source" "oci:$scratch/result:v"
    same "$(basename "$from"): the user" 4711:4712 "$(skopeo inspect --config "oci:$scratch/result:v" | jq -r .config.User)"
    rm -rf "$scratch/bundle" && umoci unpack --image "$scratch/result:v" "$scratch/bundle" >/dev/null 2>&1
    same "$(basename "$from"): the edit" "# greetings from guest" "$(sed -n 2p "$scratch/bundle/rootfs/srv/guestbook/start.sh")"
    same "$(basename "$from"): the file" "it is 4712" "$(cat "$scratch/bundle/rootfs/srv/guestbook/4711.txt")"
    check "$(basename "$from"): verify agrees" "$deroot" verify --recipe "$from" "$source" "oci:$scratch/result:v"
done
rm -rf "$scratch/result"
cp "$scratch/own/guest.yaml" "$scratch/own/twin.yaml" && sed -i 's/^id: .*/id: twin/' "$scratch/own/twin.yaml"
status "two that fit alike" 1 convert --recipe "$scratch/own" "$source" "oci:$scratch/result:v"
says "two that fit alike: NR082" "$scratch/err" "NR082"
rm "$scratch/own/twin.yaml"

# Misuse: NAME, exit status, what must be said, and the lines of the recipe.
misuse() {
    local name=$1 expected=$2 text=$3
    shift 3
    recipe "$scratch/bad.yaml" "$@"
    status "$name" "$expected" convert --recipe "$scratch/bad.yaml" "$source" "oci:$scratch/result:v"
    says "$name: message" "$scratch/err" "$text"
    grep -qE 'bad\.yaml|recipe bad' "$scratch/err" || fail "$name: which recipe" "$(cat "$scratch/err")"
    [ ! -e "$scratch/result" ] || fail "$name" "something was written" && rm -rf "$scratch/result"
}
edit='  - { id: one, file: /srv/guestbook/start.sh,'
misuse "a wrong key" 2 "line 7: unknown key 'owns'" 'owns: [ /srv ]'
misuse "a wrong key deep inside" 2 "line 8: unknown key 'recusive'" 'own:' '  - { path: /srv, recusive: true }'
misuse "an edit that hits nothing" 1 "NR081" 'edits:' "$edit regex: '^nothing here', with: x, expect: 1 }"
misuse "an edit that hits too often" 1 "NR081" 'edits:' "$edit regex: 'e', with: x, expect: 1 }"
misuse "a file that is not there" 1 "/nothing" 'edits:' "  - { id: one, file: /nothing, delete: x, expect: 1 }"
misuse "an edit without expect" 2 "line 8" 'edits:' "$edit delete: x }"
misuse "a path that climbs" 2 "line 8" 'edits:' "  - { id: one, file: /srv/../etc/passwd, delete: x, expect: 1 }"
misuse "a path of the host" 2 "line 7" 'files: [ { path: /x, from: /etc/shadow } ]'
misuse "accounts" 1 "NR083" 'edits:' "  - { id: one, file: /etc/passwd, append: 'evil:x:0:0::/:/bin/sh', expect: 1 }"
misuse "accounts through a link" 1 "NR083" 'own: [ /etc ]'
misuse "a program of the system" 1 "NR083" 'own: [ /usr/bin/mount ]'
misuse "a setuid file" 2 "line 7" 'files: [ { path: /srv/x, content: x, mode: 4755 } ]'
misuse "a pattern that looks back" 2 "line 8" 'edits:' "$edit regex: '(a)\\1', with: x, expect: 1 }"
misuse "a pattern without an end" 2 "line 8" 'edits:' "$edit regex: '(a', with: x, expect: 1 }"
misuse "a pattern that explodes when it is read" 2 "line 8" 'edits:' "$edit regex: '(((a{200}){200}){200}){200}', with: x, expect: 1 }"
misuse "root" 2 "line 7" 'user: { strategy: assign, uid: 0 }'
misuse "an unknown variable" 2 "line 7" 'files: [ { path: /srv/x, content: "{{secret}}" } ]'
misuse "anchors" 2 "bad.yaml" 'notes: &a [ x ]' 'requires: *a'

# Size and time.
head -c 10485760 /dev/zero | tr '\0' '#' >"$scratch/big/large.yaml"
status "a recipe of 10 MB" 2 recipe list --recipe "$scratch/big/large.yaml"
says "a recipe of 10 MB: message" "$scratch/err" "large.yaml"
# A file of the largest size that edits may have, and patterns that take ages elsewhere.
skopeo copy -q "oci-archive:$demo" "oci:$scratch/long:v"
yes 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | head -c 1000000 >"$scratch/long.txt"
rm -rf "$scratch/bundle" && umoci unpack --image "$scratch/long:v" "$scratch/bundle" >/dev/null 2>&1
cp "$scratch/long.txt" "$scratch/bundle/rootfs/srv/guestbook/long.txt"
check "an image with a long file" umoci repack --image "$scratch/long:v" "$scratch/bundle"
for pattern in '(a+)+$' '(a|aa)+$' '(.*a){9}$' '(a?){30}a{30}b'; do
    recipe "$scratch/slow.yaml" 'edits:' "  - { id: one, file: /srv/guestbook/long.txt, regex: '$pattern', with: x, expect: 0.. }"
    timeout 300 "$deroot" recipe test --recipe "$scratch/slow.yaml" "oci:$scratch/long:v" >"$scratch/out" 2>"$scratch/err"
    code=$?
    # It works, or it says that it was too much work: both soon.
    if [ $code -le 1 ]; then ok "$pattern ends"; else fail "$pattern ends" "exit $code"; fi
    [ $code -eq 0 ] || says "$pattern says why" "$scratch/out" "slow.yaml"
done
recipe "$scratch/slow.yaml" 'edits:' "  - { id: one, file: /srv/guestbook/long.txt, replace: a, with: '$(printf 'b%.0s' {1..200})', expect: 0.. }"
status "a file that grows without measure" 1 recipe test --recipe "$scratch/slow.yaml" "oci:$scratch/long:v"
says "a file that grows without measure: message" "$scratch/out" "larger than"

finish
