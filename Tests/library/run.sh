#!/usr/bin/env bash
# The library as other packages use it: its examples are built and run, its documentation is made,
# its public surface is what docs/api.txt says.
#   run.sh FLAGS...   the flags of the release build, whose modules are used again
#   DEROOT            a binary to compare with (default: .build/release/deroot)
#   DEROOT_WORK       where scratch files go (default: $TMPDIR/deroot-work)
# Last line: `N passed, N failed`.
work=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work}
mkdir -p "$work"
source "$(dirname "$0")/../live/lib.sh"
cd "$repo" || exit 1

# The same scratch path and flags as the release build: its modules are not compiled again.
began=$SECONDS
if swift build --package-path Examples --scratch-path .build "$@" >"$scratch/build" 2>&1; then
    ok "the examples build ($((SECONDS - began)) s)"
else
    fail "the examples build" "$(grep -m 5 'error' "$scratch/build")"
fi
programs=$repo/.build/release
# From here on the user's own settings have no part in it.
source "$here/registry-lib.sh"
# entries LAYOUT: what the layers of its one image hold.
entries() {
    local digest
    for digest in $(skopeo inspect --raw "oci:$1" | jq -r '.layers[].digest'); do
        tar tvzf "$1/blobs/sha256/${digest#sha256:}" --numeric-owner
    done
}

said=$("$programs/check-image" "oci-archive:$demo" 2>&1)
same "check-image: exit 1, the bundled image needs root" 1 $?
for wanted in 'linux/amd64  ready' 'NR001 error' 'NR050 error' 'convert: '; do
    check "check-image says '$wanted'" grep -q "$wanted" <<<"$said"
done
converted "the same image converted" "oci-archive:$demo" "oci:$scratch/reference:v"
check "check-image lets it pass" "$programs/check-image" "oci:$scratch/reference:v"
"$programs/check-image" oci:/nonexistent >/dev/null 2>&1
same "check-image: exit 2 for what is not there" 2 $?

said=$("$programs/convert-with-rule" "oci-archive:$demo" "oci:$scratch/ruled:v" 2>&1)
same "convert-with-rule converts" 0 $?
check "its rule objects first" grep -q '^HOUSE-1: .* files below /srv belong to the user' <<<"$said"
same "then the code keeps its owners" 0/0 "$(entries "$scratch/ruled" | awk '/ srv\/.*[^\/]$/ {print $2}' | sort -u)"
same "which it does not otherwise" 65532/65532 "$(entries "$scratch/reference" | awk '/ srv\/.*[^\/]$/ {print $2}' | sort -u)"
same "and the user is set" '"65532:65532"' "$("${layout_py[@]}" get "$scratch/ruled" v User)"

registry plain
upload "oci:$scratch/reference:v" "$host/team/done:v1"
skopeo copy -q "oci-archive:$demo" "oci:$scratch/demo:v"
upload "oci:$scratch/demo:v" "$host/team/app:v1"
said=$("$programs/convert-tag" --insecure "$host/team/app:v1" 2>&1)
same "convert-tag converts" 0 $?
check "it tells of its progress" grep -qE '^fetched [1-9][0-9]* bytes, sent [1-9][0-9]*' <<<"$said"
same "the new tag is what the binary makes" "$(manifest_digest "oci:$scratch/reference:v")" \
    "$(tag_digest "$host/team/app:v1-nonroot")"
said=$("$programs/convert-tag" --insecure "$host/team/done:v1" 2>&1)
same "a converted image stays what it is" "$(tag_digest "$host/team/done:v1")" "$(tag_digest "$host/team/done:v1-nonroot")"
"$programs/convert-tag" --insecure "$host/team/none:v1" >/dev/null 2>&1
same "convert-tag: exit 2 for a tag that is not there" 2 $?

password=$RANDOM$RANDOM
# shellcheck disable=SC2016
echo "robot:$(perl -e 'print crypt($ARGV[0], q($2y$05$abcdefghijklmnopqrstuu))' "$password")" >"$scratch/htpasswd"
registry locked "" "auth: {htpasswd: {realm: tests, path: $scratch/htpasswd}}"
check "an image goes into a locked registry" skopeo copy -q --dest-tls-verify=false --dest-creds "robot:$password" \
    "oci:$scratch/demo:v" "docker://$host/team/app:v1"
"$programs/convert-tag" --insecure "$host/team/app:v1" >"$scratch/said" 2>&1
same "convert-tag: exit 2 without credentials" 2 $?
REGISTRY_USER=robot REGISTRY_PASSWORD=$password "$programs/convert-tag" --insecure "$host/team/app:v1" >"$scratch/said" 2>&1
same "with the program's own credentials it converts there" 0 $?
empty "and never says the password" "$(grep -F "$password" "$scratch/said")"

check "the modules tell their public surface" scripts/symbols.sh .build/release "$scratch/symbols"
if diff -u docs/api.txt "$scratch/symbols/api.txt" >"$scratch/api.diff"; then
    ok "the public surface is the promised one ($(wc -l <docs/api.txt) declarations)"
else
    fail "the public surface is not what docs/api.txt says"
    grep '^[-+][^-+]' "$scratch/api.diff"
    echo "  A line with - is gone or changed: that breaks users, and asks for a new major version (docs/library.md)."
    echo "  A line with + is new: that asks for a new minor version."
    echo "  Where it is meant, run 'make api', commit docs/api.txt, and tell of it in CHANGELOG.md."
fi
check "docc makes the documentation without a warning" docc convert Sources/Deroot/Deroot.docc --warnings-as-errors \
    --additional-symbol-graph-dir "$scratch/symbols" --fallback-display-name Deroot \
    --fallback-bundle-identifier dev.deroot.library --output-path "$scratch/Deroot.doccarchive"
for page in pipeline losslessdocuments whatisafinding tarrules recipes containerimage; do
    check "it has the page $page" test -s "$scratch/Deroot.doccarchive/data/documentation/deroot/$page.json"
done
finish | sed -E 's/^run\.sh: //'
exit "${PIPESTATUS[0]}"
