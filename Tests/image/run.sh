#!/usr/bin/env bash
# Judges deroot's own container image and uses it under podman and runc: run.sh DIST (as root)
#   DEROOT       a binary to compare with (default: .build/release/deroot)
#   DEROOT_WORK  where scratch files go (default: $TMPDIR/deroot-work)
# Last line: `N passed, N failed`.
work=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work}
mkdir -p "$work"
dist=$(realpath "$1")
source "$(dirname "$0")/../live/lib.sh"
archive=$(echo "$dist"/deroot-*.oci.tar)
version=$("$deroot" --version | awk '{ print $NF }')
cat >"$scratch/containers.conf" <<'CONF'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
export CONTAINERS_CONF=$scratch/containers.conf
engine=(podman --log-level error --root "$scratch/pm/root" --runroot "$scratch/pm/run"
    --tmpdir "$scratch/pm/tmp" --storage-driver vfs --runtime "$(command -v runc || echo /usr/sbin/runc)")
# told NAME OPTIONS... -- ARGUMENTS...: runs the image to its end; $status and $said are what came of it.
told() {
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    "${engine[@]}" run -d --network none --cap-drop ALL --security-opt no-new-privileges --read-only \
        --name "$name" "${options[@]}" "localhost/deroot:$version" "$@" >/dev/null 2>"$scratch/podman-says" ||
        cat "$scratch/podman-says"
    status=$("${engine[@]}" wait "$name" 2>&1)
    said=$("${engine[@]}" logs "$name" 2>&1)
}

"$deroot" check --format json -o "$scratch/check.json" "oci-archive:$archive"
same "check lets it pass" 0 $?
same "its verdict" ALREADY "$(jq -r '.references[].images[].verdict.word' "$scratch/check.json")"
# NR073 is a note on every image: which paths a read-only root needs, here /tmp alone.
empty "check finds nothing in it" "$(jq -r '.references[].images[].findings[] | select(.rule != "NR073") | .rule' "$scratch/check.json")"
"$deroot" check -q --fail-on warn --gate cis --gate pss --gate disa --gate dockle --gate openshift-v2 --gate openshift-v3 \
    --gate trivy-low "oci-archive:$archive" >/dev/null
same "every gate lets it pass" 0 $?
convert "oci-archive:$archive" "oci:$scratch/again:v"
same "converting it changes nothing" "$(manifest_digest "oci-archive:$archive")" "$(manifest_digest "oci:$scratch/again:v")"
same "its user" 65532:65532 "$(skopeo inspect --config "oci-archive:$archive" | jq -r .config.User)"
empty "no file in it belongs to anybody but root and nonroot, or is privileged" "$(
    skopeo copy -q "oci-archive:$archive" "dir:$scratch/dir" && jq -r '.layers[].digest' "$scratch/dir/manifest.json" |
        sed 's/sha256://' | while read -r layer; do tar tvzf "$scratch/dir/$layer" --numeric-owner; done |
        awk '($2 != "0/0" && $2 != "65532/65532") || $1 ~ /[sS]/ || $1 ~ /^[bcp]/'
)"
empty "every library is of a package that is named in it" "$(
    mkdir "$scratch/status" && for layer in $(jq -r '.layers[].digest' "$scratch/dir/manifest.json" | sed 's/sha256://'); do
        tar xzf "$scratch/dir/$layer" -C "$scratch/status" --wildcards 'var/lib/dpkg/status.d/*'
    done
    for field in Package Version Maintainer; do grep -L "^$field: " "$scratch"/status/var/lib/dpkg/status.d/*; done
)"
SOURCE_DATE_EPOCH=$(skopeo inspect --config "oci-archive:$archive" | jq '.created | fromdate') \
    "$repo/scripts/image.py" "$dist"/deroot_*.deb "$scratch/second.oci.tar" >/dev/null
check "made again, it has the same bytes" cmp "$archive" "$scratch/second.oci.tar"

check "podman loads it" "${engine[@]}" load -q -i "$archive"
told version -- --version
same "it runs, and says its version" "$("$deroot" --version)" "$said"
told nobody -- check oci:/nonexistent
same "it gives deroot's exit status" 2 "$status"
mkdir "$scratch/mounted"
cp "$demo" "$scratch/mounted/demo.oci.tar"
chown -R 65532:65532 "$scratch/mounted"
told convert -v "$scratch/mounted:/images" --tmpfs /tmp -- convert oci-archive:demo.oci.tar oci:demo:nonroot
same "it converts a mounted image, without a capability, on a read-only root" 0 "$status"
converted "the same without a container" "oci-archive:$demo" "oci:$scratch/reference:nonroot"
same "the result is the same, byte for byte" \
    "$(manifest_digest "oci:$scratch/reference:nonroot")" "$(manifest_digest "oci:$scratch/mounted/demo:nonroot")"
same "what it wrote belongs to 65532" 65532:65532 "$(stat -c %u:%g "$scratch/mounted/demo/index.json")"
told verify -v "$scratch/mounted:/images" --tmpfs /tmp -- verify oci-archive:demo.oci.tar oci:demo:nonroot
same "it proves the result" 0 "$status"
told network -v "$scratch/mounted:/images" --tmpfs /tmp -- check --retry-times 0 docker://registry.invalid/app:1
check "it asks registries" grep -q 'no host registry.invalid' <<<"$said"
size=$(stat -c %s "$archive")
echo "figure image: $size bytes as an archive, $(jq '.layers | length' "$scratch/dir/manifest.json") layers"
"${engine[@]}" rm -fa -t 0 >/dev/null 2>&1
finish | sed -E 's/^run\.sh: //'
exit "${PIPESTATUS[0]}"
