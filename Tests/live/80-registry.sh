#!/usr/bin/env bash
# docker:// as source and destination, against Debian's docker-registry over plain HTTP.
source "$(dirname "$0")/lib.sh"
source "$here/registry-lib.sh"

plain=(--tls-verify=false)
registry plain
source_host=$host
skopeo copy -q "oci-archive:$demo" "oci:$scratch/demo:v"
upload "oci:$scratch/demo:v" "$host/team/app:v1"
upload "oci:$images/nginx:latest" "$host/library/nginx:1"
"${layout_py[@]}" index "$scratch/many" multi --attest amd64="$scratch/demo" arm64="$scratch/demo"
upload "oci:$scratch/many:multi" "$host/team/multi:v1"
converted "the reference result" "oci:$scratch/demo:v" "oci:$scratch/reference:nonroot"
wanted=$(manifest_digest "oci:$scratch/reference:nonroot")

# Plain HTTP only where it was allowed.
refused "plain HTTP is refused" 2 'tls|https|http' convert "docker://$host/team/app:v1" "oci:$scratch/no:v"
same "refused: no destination" no "$([ -e "$scratch/no" ] && echo yes || echo no)"
refused "plain HTTP is refused for the destination" 2 'tls|https|http' \
    convert "oci:$scratch/demo:v" "docker://$host/team/no:v"
same "refused: no tag" none "$(tag_digest "$host/team/no:v")"

# Every way in and out, each judged by others.
converted "registry to registry" "docker://$host/team/app:v1" "docker://$host/team/app:v1-nonroot" "${plain[@]}"
same "registry to registry: the same image" "$wanted" "$(tag_digest "$host/team/app:v1-nonroot")"
same "registry to registry: stdout names the digest" "docker://$host/team/app:v1-nonroot@$wanted" "$result"
check "skopeo pulls it" skopeo copy -q --src-tls-verify=false "docker://$host/team/app:v1-nonroot" "oci:$scratch/by-skopeo:v"
check "its blobs are sound" "${layout_py[@]}" closure "$scratch/by-skopeo"
same "its user" '"65532:65532"' "$("${layout_py[@]}" get "$scratch/by-skopeo" v User)"
engine=(podman --root "$scratch/podman" --runroot "$scratch/podman-run" --storage-driver vfs)
check "podman pulls it" "${engine[@]}" pull -q --tls-verify=false "docker://$host/team/app:v1-nonroot"
same "podman sees its user" 65532:65532 \
    "$("${engine[@]}" image inspect --format '{{.User}}' "$host/team/app:v1-nonroot" 2>&1)"
converted "deroot pulls it" "docker://$host/team/app:v1-nonroot" "oci:$scratch/by-deroot:v" "${plain[@]}"
same "and finds nothing to do" "$wanted" "$(manifest_digest "oci:$scratch/by-deroot:v")"
check "deroot verify" "$deroot" verify "docker://$host/team/app:v1" "docker://$host/team/app:v1-nonroot" "${plain[@]}"
converted "a bare name is a registry's" "$host/team/app:v1" "$host/team/bare:v1" "${plain[@]}"
same "a bare name: the same image" "$wanted" "$(tag_digest "$host/team/bare:v1")"

converted "oci to registry" "oci:$scratch/demo:v" "docker://$host/team/from-oci:v" "${plain[@]}"
same "oci to registry: the same image" "$wanted" "$(tag_digest "$host/team/from-oci:v")"
converted "registry to oci-archive" "docker://$host/team/app:v1" "oci-archive:$scratch/out.tar:v" "${plain[@]}"
same "registry to oci-archive: the same image" "$wanted" "$(manifest_digest "oci-archive:$scratch/out.tar")"
digest=$(tag_digest "$host/team/app:v1")
converted "a digest as the source" "docker://$host/team/app@$digest" "oci:$scratch/by-digest:v" "${plain[@]}"
same "a digest: the same image" "$wanted" "$(manifest_digest "oci:$scratch/by-digest:v")"
"$deroot" convert "docker://$host/team/app:v1" --tls-verify=false >/dev/null 2>"$scratch/stderr"
same "no destination is a usage error" 64 $?
converted "dry run" "docker://$host/team/app:v1" "docker://$host/team/dry:v" --dry-run "${plain[@]}"
same "dry run: no tag" none "$(tag_digest "$host/team/dry:v")"

# Several platforms under one index.
converted "an index" "docker://$host/team/multi:v1" "docker://$host/team/multi:nonroot" "${plain[@]}" --report "$scratch/report.json"
check "an index: skopeo copies all of it" skopeo copy -q --all --src-tls-verify=false \
    "docker://$host/team/multi:nonroot" "oci:$scratch/multi:nonroot"
same "an index: all are non-root" "linux/amd64 65532:65532;linux/arm64 65532:65532;" \
    "$("${layout_py[@]}" images "$scratch/multi" nonroot | awk '{print $1, $3}' | sort | tr '\n' ';')"
check "an index: the report lists the attestations" grep -q attestation "$scratch/report.json"
check "an index: deroot verify" "$deroot" verify "docker://$host/team/multi:v1" "docker://$host/team/multi:nonroot" "${plain[@]}"
converted "one platform" "docker://$host/team/multi:v1" "oci:$scratch/one:v" --platform linux/arm64 "${plain[@]}"

# Untouched layers of the same registry are mounted.
converted "to another repository" "docker://$host/library/nginx:1" "docker://$host/mirror/nginx:1" "${plain[@]}" --layers append
mounts=$(grep -c 'POST /v2/mirror/nginx/blobs/uploads/?.*mount=.*" 201' "$scratch/plain.log")
same "untouched layers are mounted" yes "$([ "$mounts" -ge 1 ] && echo yes || echo "no: $mounts")"
check "mounted: deroot verify" "$deroot" verify "docker://$host/library/nginx:1" "docker://$host/mirror/nginx:1" "${plain[@]}"

# A second tag of an image whose result is there moves next to nothing.
tool pipe "${source_host#*:}" "$scratch/counts"
counted=127.0.0.1:$port
converted "the first tag" "docker://$counted/library/nginx:1" "docker://$counted/library/nginx:1-nonroot" "${plain[@]}"
first=$(bytes "$scratch/counts")
skopeo copy -q --src-tls-verify=false --dest-tls-verify=false \
    "docker://$host/library/nginx:1" "docker://$host/library/nginx:1.0"
before=$(bytes "$scratch/counts")
converted "the second tag" "docker://$counted/library/nginx:1.0" "docker://$counted/library/nginx:1.0-nonroot" "${plain[@]}"
moved=$(($(bytes "$scratch/counts") - before))
echo "the first tag moved $first bytes, the second $moved"
same "the second tag moves less than 100 kB" yes "$([ "$moved" -lt 100000 ] && echo yes || echo "no: $moved bytes")"
same "the second tag: the same image" "$(tag_digest "$host/library/nginx:1-nonroot")" "$(tag_digest "$host/library/nginx:1.0-nonroot")"

# A tag that moves while it is read: one image or the other, never both.
converted "the other result" "oci:$images/nginx:latest" "oci:$scratch/nginx:nonroot"
either="$wanted|$(manifest_digest "oci:$scratch/nginx:nonroot")"
mixed=0
for delay in 0.02 0.05 0.1 0.2; do
    upload "oci:$images/nginx:latest" "$host/team/moving:v"
    "$deroot" convert "docker://$host/team/moving:v" "docker://$host/team/moved:v" "${plain[@]}" >/dev/null 2>"$scratch/stderr" &
    job=$!
    sleep $delay
    upload "oci:$scratch/demo:v" "$host/team/moving:v"
    wait $job || { mixed=$((mixed + 1)) && tail -n 1 "$scratch/stderr"; }
    [[ $(tag_digest "$host/team/moved:v") =~ ^($either)$ ]] || mixed=$((mixed + 1))
done
same "a tag that moves while it is read" 0 $mixed

# What goes wrong is said together with what to do.
refused "no such tag" 2 'none' convert "docker://$host/team/app:none" "oci:$scratch/no:v" "${plain[@]}"
refused "no such repository" 2 'nobody' convert "docker://$host/nobody/app:v1" "oci:$scratch/no:v" "${plain[@]}"
refused "connection refused" 75 '127.0.0.1:1' convert "docker://127.0.0.1:1/team/app:v1" "oci:$scratch/no:v" "${plain[@]}"
refused "no such host" 2 'no-such-host.invalid' convert "docker://no-such-host.invalid/team/app:v1" "oci:$scratch/no:v" "${plain[@]}"
tool status 429
refused "rate limited" 75 'limit|429|too many' convert "docker://127.0.0.1:$port/team/app:v1" "oci:$scratch/no:v" "${plain[@]}" --retry-times 1
same "none of them left a destination" no "$([ -e "$scratch/no" ] && echo yes || echo no)"
empty "no temporary file is left" "$(leftovers)"
finish
