#!/usr/bin/env bash
# Builds the root images of the matrix from Debian's packages: build.sh [SERVICE]...
# They end up as OCI layouts $DEROOT_WORK/images/svc-NAME, tag "latest", and are built again only
# when their folder below images/ or one they build on has changed. Layers: base, debian, service.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work}
mkdir -p "$work/apt/lists" "$work/apt/archives"
echo force-unsafe-io >"$work/apt/unsafe-io"
echo 'Acquire::Retries "5";' >"$work/apt/retries"
# It says how large its image is; that is of no interest here.
"$here/../../../scripts/images.sh" base 2>"$work/build.log" || { cat "$work/build.log" >&2 && exit 1; }

engine=(--log-level error --root "$work/engine/root" --runroot "$work/engine/run" --storage-driver overlay)
storage="[overlay@$work/engine/root+$work/engine/run]"

# parent NAME: the image that its first stage stands on.
parent() {
    sed -nE '/^FROM localhost.deroot-/{s/^FROM localhost.deroot-(svc-)?([a-z-]+).*/\2/p;q}' "$here/images/$1/Containerfile"
}

# sum NAME: of the folder and of all that it stands on.
sum() {
    local parent
    parent=$(parent "$1")
    {
        if [ "$parent" = base ]; then cat "$work/images/base/index.json"; else sum "$parent"; fi
        (cd "$here/images/$1" && find . -type f -printf '%p %m\n' -exec sha256sum {} + | sort)
    } | sha256sum | cut -d' ' -f1
}

build() {
    local name=$1 parent wanted output
    output=$work/images/svc-$name
    wanted=$(sum "$name")
    [ "$(cat "$output/sum" 2>/dev/null)" != "$wanted" ] || return 0
    parent=$(parent "$name")
    [ "$parent" = base ] || build "$parent"
    echo "services: building $name" >&2
    # Lists and packages are kept outside, for the next image and the next run; dpkg need not wait
    # for the disk after every file, and apt asks again where the network fails.
    buildah "${engine[@]}" build -q --isolation chroot --network host \
        --layers=false --pull-never \
        --volume "$work/apt/lists:/var/lib/apt/lists" --volume "$work/apt/archives:/var/cache/apt/archives" \
        --volume "$work/apt/unsafe-io:/etc/dpkg/dpkg.cfg.d/unsafe-io:ro" \
        --volume "$work/apt/retries:/etc/apt/apt.conf.d/80retries:ro" \
        --tag "localhost/deroot-svc-$name" "$here/images/$name" >"$work/build.log" 2>&1 ||
        { tail -n 20 "$work/build.log" >&2 && return 1; }
    rm -rf "$output" "$output.part"
    skopeo copy -q --dest-compress-level 1 "containers-storage:${storage}localhost/deroot-svc-$name:latest" "oci:$output.part:latest"
    echo "$wanted" >"$output.part/sum"
    mv "$output.part" "$output"
}

[ $# -gt 0 ] || mapfile -t all < <(ls "$here/images")
for name in "${@:-${all[@]}}"; do
    build "$name"
done
