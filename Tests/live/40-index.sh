#!/usr/bin/env bash
# Multi-platform indexes: every image converted, shared layers once, attestations not passed on.
source "$(dirname "$0")/lib.sh"

skopeo copy -q "oci-archive:$demo" "oci:$scratch/demo:v"
"${layout_py[@]}" index "$scratch/in" multi --attest amd64="$scratch/demo" arm64="$scratch/demo"
"${layout_py[@]}" index "$scratch/nested" multi --attest --nested amd64="$scratch/demo" arm64="$scratch/demo"
# Two images that differ in more than their architecture.
"${layout_py[@]}" index "$scratch/mixed" multi amd64="$images/redis" arm64="$scratch/demo"

attested() { jq -r '.manifests[] | select(.annotations["vnd.docker.reference.type"]) | .digest'; }
users() { "${layout_py[@]}" images "$1" "${2:-nonroot}" | awk '{print $1, $3}' | sort | tr '\n' ';'; }
both="linux/amd64 65532:65532;linux/arm64 65532:65532;"

converted "index: convert" "oci:$scratch/in:multi" "oci:$scratch/out:nonroot" --report "$scratch/report.json"
same "index: both images are non-root" "$both" "$(users "$scratch/out")"
check "index: digests, sizes and diffIDs" "${layout_py[@]}" closure "$scratch/out"
empty "index: no privileged entry" "$("${layout_py[@]}" privileged "$scratch/out" 2>&1)"
check "index: skopeo copies all of it" skopeo copy -q --all "oci:$scratch/out:nonroot" "dir:$scratch/dir"
empty "index: attestations of the old digests are gone" \
    "$(skopeo inspect --raw "oci:$scratch/out:nonroot" | attested)"
check "index: the report lists them" grep -q attestation "$scratch/report.json"
check "index: deroot verify" "$deroot" verify "oci:$scratch/in:multi" "oci:$scratch/out:nonroot"
# 3 layers + 1 added of each image, all shared; 2 configs, 2 manifests, 1 index.
same "index: shared layers are written once" 9 "$(find "$scratch/out/blobs/sha256" -type f | wc -l)"
same "index: platforms are kept" "amd64 arm64" \
    "$(skopeo inspect --raw "oci:$scratch/out:nonroot" | jq -r '[.manifests[].platform.architecture] | join(" ")')"

converted "index: one platform" "oci:$scratch/in:multi" "oci:$scratch/one:nonroot" --platform linux/arm64
same "index: only that one comes out" "linux/arm64 65532:65532;" "$(users "$scratch/one")"
convert "oci:$scratch/in:multi" "oci:$scratch/no:v" --platform linux/s390x
same "index: a platform that is not there is an error" 2 $?
convert "oci:$scratch/in:multi" "docker-archive:$scratch/many.tar:x:y"
same "index: a docker-archive holds one platform" no "$([ $? -ne 0 ] && [ ! -e "$scratch/many.tar" ] && echo no || echo yes)"
converted "index: one platform to a docker-archive" "oci:$scratch/in:multi" \
    "docker-archive:$scratch/one.tar:localhost/x:y" --platform linux/arm64
check "index: skopeo reads that" skopeo inspect --override-arch arm64 "docker-archive:$scratch/one.tar"

converted "nested index: convert" "oci:$scratch/nested:multi" "oci:$scratch/nested-out:nonroot"
same "nested index: both images are non-root" "$both" "$(users "$scratch/nested-out")"
check "nested index: digests, sizes and diffIDs" "${layout_py[@]}" closure "$scratch/nested-out"

converted "mixed index: convert" "oci:$scratch/mixed:multi" "oci:$scratch/mixed-out:nonroot"
same "mixed index: both images are non-root, each as its own user" \
    "linux/amd64 100:101;linux/arm64 65532:65532;" "$(users "$scratch/mixed-out")"
empty "mixed index: no privileged entry" "$("${layout_py[@]}" privileged "$scratch/mixed-out" 2>&1)"

first=$result
converted "index again: convert" "oci:$scratch/nested-out:nonroot" "oci:$scratch/again:nonroot"
same "index: convert twice is convert once" "$(manifest_digest "oci:$scratch/nested-out:nonroot")" \
    "$(manifest_digest "oci:$scratch/again:nonroot")"
[ -n "$first" ] || fail "mixed index: stdout names the result"
finish
