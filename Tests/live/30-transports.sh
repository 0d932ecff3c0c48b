#!/usr/bin/env bash
# Every source transport into every destination transport, read back by skopeo.
source "$(dirname "$0")/lib.sh"

out=$scratch/out
mkdir "$out" "$scratch/in"
skopeo copy -q "oci-archive:$demo" "oci:$scratch/in/layout:v1"
cp "$demo" "$scratch/in/archive.tar"
skopeo copy -q "oci-archive:$demo" "docker-archive:$scratch/in/docker.tar:localhost/demo:v1"

sources=(oci oci-archive docker-archive oci-archive:- docker-archive:-)
spec() {
    case $1 in
    oci) echo "oci:$scratch/in/layout:v1" ;;
    oci-archive) echo "oci-archive:$scratch/in/archive.tar:guestbook" ;;
    docker-archive) echo "docker-archive:$scratch/in/docker.tar:localhost/demo:v1" ;;
    *) echo "$1" ;;
    esac
}
expected=
for source in "${sources[@]}"; do
    for target in "${sources[@]}"; do
        name="$source to $target"
        rm -rf "${out:?}"/*
        input=/dev/null output=$scratch/stdout
        case $source in
        oci-archive:-) input=$scratch/in/archive.tar ;;
        docker-archive:-) input=$scratch/in/docker.tar ;;
        esac
        case $target in
        oci) to=oci:$out/layout:nonroot read=$to ;;
        oci-archive) to=oci-archive:$out/oci.tar:nonroot read=$to ;;
        docker-archive) to=docker-archive:$out/docker.tar:localhost/demo:nonroot read=$to ;;
        oci-archive:-) to=$target output=$out/stdout.tar read=oci-archive:$output ;;
        docker-archive:-) to=$target output=$out/stdout.tar read=docker-archive:$output ;;
        esac
        "$deroot" convert "$(spec "$source")" "$to" <"$input" >"$output" 2>"$scratch/stderr"
        status=$?
        if [ $status -ne 0 ]; then
            fail "$name" "exit $status: $(tail -n 3 "$scratch/stderr" | tr '\n' ' ')"
            continue
        fi
        if ! skopeo copy -q "$read" "oci:$scratch/back:v" 2>"$scratch/stderr"; then
            fail "$name" "skopeo: $(tail -n 1 "$scratch/stderr")"
            continue
        fi
        # The raw layers, and with them diffIDs, are the same whatever way an image took.
        found="$("${layout_py[@]}" get "$scratch/back" v User) $("${layout_py[@]}" get "$scratch/back" v rootfs)"
        [ -n "$expected" ] || expected=$found
        same "$name" "$expected" "$found"
        rm -rf "$scratch/back"
    done
done
same "the image is a non-root one" '"65532:65532"' "${expected%% *}"

# Names: a sibling where none is given, sniffing of a bare path, REF rules.
cp "$demo" "$out/bare.tar"
converted "a bare archive path is sniffed" "$out/bare.tar" "oci:$out/sniffed:v"
converted "the default destination is a sibling" "oci:$scratch/in/layout:v1"
check "the sibling is there" skopeo inspect --raw "oci:$scratch/in/layout-nonroot:v1"
skopeo copy -q "oci-archive:$demo" "oci:$scratch/in/layout:v2"
convert "oci:$scratch/in/layout" "oci:$out/none:v"
same "two images without a REF: exit 2" 2 $?
same "two images without a REF: no destination" no "$([ -e "$out/none" ] && echo yes || echo no)"
converted "@N picks an image" "oci:$scratch/in/layout:@1" "oci:$out/second:v"

# A docker-archive's plain layers become gzip in an OCI result unless told otherwise.
types() { skopeo inspect --raw "$1" | jq -r '.layers[].mediaType' | sort -u | tr '\n' ' '; }
converted "docker-archive to oci" "docker-archive:$scratch/in/docker.tar" "oci:$out/gz:v"
same "its layers are gzip" 1 "$(types "oci:$out/gz:v" | grep -c 'gzip')"
converted "docker-archive to oci with --compress zstd" "docker-archive:$scratch/in/docker.tar" "oci:$out/zst:v" --compress zstd
same "its layers are zstd" "application/vnd.oci.image.layer.v1.tar+zstd " "$(types "oci:$out/zst:v")"
check "skopeo reads zstd layers" skopeo copy -q "oci:$out/zst:v" "dir:$out/dir"
finish
