#!/usr/bin/env bash
# The same job by the tools that people use for it today, and the bound that no tool can beat:
#   peers.sh bound   LAYOUT                  every layer inflated and hashed once, nothing written
#   peers.sh umoci   LAYOUT OUT DIRECTORY... unpack, strip, chown, repack, config
#   peers.sh buildah LAYOUT OUT DIRECTORY... the same in a container's mount, cold storage
# LAYOUT holds the tag "latest"; OUT is a fresh folder; DIRECTORY is what the new account gets.
set -euo pipefail
peer=$1 layout=$2
shift 2

# strip ROOT DIRECTORY...: the job itself, on an unpacked tree.
strip() {
    local root=$1 file
    shift
    find "$root" -xdev -perm /6000 -type f -exec chmod a-s {} +
    getcap -r "$root" 2>/dev/null | while read -r file _; do setcap -r "$file"; done
    echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >>"$root/etc/passwd"
    echo 'nonroot:x:65532:' >>"$root/etc/group"
    mkdir -p "$root/home/nonroot"
    for directory in "$@" /home/nonroot; do
        mkdir -p "$root$directory"
        chown -R 65532:65532 "$root$directory"
    done
}

case $peer in
bound)
    manifest=$(jq -r '.manifests[0].digest' "$layout/index.json" | cut -d: -f2)
    while read -r blob; do
        (igzip -dc "$layout/blobs/sha256/$blob" | openssl dgst -sha256 >/dev/null) &
        openssl dgst -sha256 "$layout/blobs/sha256/$blob" >/dev/null &
    done < <(jq -r '.layers[].digest' "$layout/blobs/sha256/$manifest" | cut -d: -f2)
    wait
    ;;
umoci)
    out=$1
    shift
    # umoci works within one layout; the links to the old blobs cost nothing.
    cp -al "$layout" "$out/image"
    umoci unpack --image "$out/image:latest" "$out/bundle" >/dev/null 2>&1
    strip "$out/bundle/rootfs" "$@"
    umoci repack --image "$out/image:nonroot" "$out/bundle" >/dev/null 2>&1
    umoci config --image "$out/image:nonroot" --config.user 65532:65532 >/dev/null 2>&1
    ;;
buildah)
    out=$1
    shift
    engine=(--log-level error --root "$out/root" --runroot "$out/run" --storage-driver overlay)
    trap 'umount "$out/root/overlay" 2>/dev/null || true' EXIT
    container=$(buildah "${engine[@]}" from "oci:$layout:latest" 2>/dev/null)
    strip "$(buildah "${engine[@]}" mount "$container")" "$@"
    buildah "${engine[@]}" umount "$container" >/dev/null
    buildah "${engine[@]}" config --user 65532:65532 "$container"
    buildah "${engine[@]}" commit -q --disable-compression=false "$container" "oci:$out/image:nonroot" >/dev/null
    ;;
*)
    echo "peers: unknown peer $peer" >&2
    exit 64
    ;;
esac
