#!/usr/bin/env bash
# Builds the real Debian images that the live suite and the benchmark work on, once:
#   images.sh [base|nginx|redis|tools|postgres]...      (default: all but postgres)
# They end up as OCI layouts $DEROOT_WORK/images/NAME, tag "latest". Root is needed (mmdebstrap,
# buildah with chroot isolation). Debian comes from where this machine's own apt gets it.
#
#   base      minbase bookworm: 8 setuid and 3 setgid files
#   nginx     base + nginx: VOLUME, WORKDIR, EXPOSE 80
#   redis     base + redis-server: VOLUME /data that the image does not contain
#   tools     base + sudo, iputils-ping (with a file capability) and nginx
#   postgres  base + postgresql: the large one
# The package lists go, apt's caches stay, as the usual Dockerfile idiom has it on plain Debian.
set -euo pipefail

work=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work}
images=$work/images
mkdir -p "$images"
if [ "$(id -u)" -ne 0 ]; then
    echo "images: root is needed to build images" >&2
    exit 1
fi

engine=(--log-level error --root "$work/engine/root" --runroot "$work/engine/run" --storage-driver overlay)
storage="[overlay@$work/engine/root+$work/engine/run]"
export BUILDAH_ISOLATION=chroot

# Debian's main and security archives as this machine's apt knows them, for bookworm.
archive_lines() {
    local line uri
    while IFS='|' read -r uri line; do
        case $line in
        bookworm | bookworm-updates | bookworm-security) echo "deb $uri $line main" ;;
        esac
    done < <(apt-get indextargets --format '$(SITE)|$(CODENAME)' 'Identifier: Packages' 'Origin: Debian' | sort -u)
}

build_base_tar() {
    [ -s "$work/base.tar" ] && return
    local lines
    mapfile -t lines < <(archive_lines)
    if [ ${#lines[@]} -eq 0 ]; then
        # Not a bookworm machine: mmdebstrap knows where Debian lives.
        mmdebstrap --quiet --aptopt='Acquire::Retries "5"' --variant=minbase bookworm "$work/base.tar.part"
    else
        printf '%s\n' "${lines[@]}" >"$work/base.list"
        mmdebstrap --quiet --aptopt='Acquire::Retries "5"' --variant=minbase --format=tar bookworm "$work/base.tar.part" "$work/base.list"
    fi
    mv "$work/base.tar.part" "$work/base.tar"
}

# commit CONTAINER NAME: an image in the storage, then a layout; whole or not there at all.
commit() {
    buildah "${engine[@]}" commit -q "$1" "deroot-$2" >/dev/null
    buildah "${engine[@]}" rm "$1" >/dev/null
    rm -rf "$images/$2.part"
    skopeo copy -q "containers-storage:${storage}localhost/deroot-$2:latest" "oci:$images/$2.part:latest"
    rm -rf "${images:?}/$2"
    mv "$images/$2.part" "$images/$2"
}

in_container() {
    local container=$1
    shift
    buildah "${engine[@]}" run --isolation chroot --network host "$container" -- "$@"
}

install() {
    local container=$1
    shift
    in_container "$container" sh -ec '
        export DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes
        printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
        apt-get -o Acquire::Retries=5 update -qq
        for package; do
            apt-get -o Acquire::Retries=5 install -y -qq --no-install-recommends $package >/dev/null
        done
        rm -rf /var/lib/apt/lists/*
        rm /usr/sbin/policy-rc.d
    ' sh "$@"
}

from_base() { buildah "${engine[@]}" from --pull-never localhost/deroot-base:latest; }
config() { buildah "${engine[@]}" config "$@"; }

build() {
    local name=$1 container
    if [ -f "$images/$name/index.json" ]; then return; fi
    echo "images: building $name" >&2
    case $name in
    base)
        build_base_tar
        container=$(buildah "${engine[@]}" from scratch)
        buildah "${engine[@]}" add -q "$container" "$work/base.tar" / >/dev/null
        config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
        ;;
    nginx)
        container=$(from_base)
        install "$container" nginx
        config --cmd '["nginx", "-g", "daemon off;"]' --port 80 --volume /var/lib/nginx \
            --workingdir /usr/share/nginx --stop-signal SIGQUIT --label org.example.title=nginx "$container"
        ;;
    redis)
        container=$(from_base)
        install "$container" redis-server
        config --cmd '["redis-server", "--dir", "/data", "--daemonize", "no", "--protected-mode", "no"]' \
            --port 6379 --volume /data --workingdir /data "$container"
        ;;
    tools)
        container=$(from_base)
        # setcap has to be there before ping's postinst runs, else that makes ping setuid.
        install "$container" libcap2-bin "iputils-ping sudo" nginx
        config --cmd '["nginx", "-g", "daemon off;"]' --port 80 --volume /var/lib/nginx "$container"
        ;;
    postgres)
        container=$(from_base)
        install "$container" postgresql
        config --cmd postgres --port 5432 --volume /var/lib/postgresql \
            --env PGDATA=/var/lib/postgresql/15/main "$container"
        ;;
    *)
        echo "images: unknown image $name" >&2
        exit 64
        ;;
    esac
    commit "$container" "$name"
}

sizes() {
    local name manifest
    for name in "$@"; do
        manifest=$(skopeo inspect --raw "oci:$images/$name:latest")
        printf '%-9s %2d layers  %7.1f MB compressed\n' "$name" \
            "$(jq '.layers | length' <<<"$manifest")" \
            "$(jq '[.layers[].size] | add / 1e6' <<<"$manifest")"
    done
}

[ $# -gt 0 ] || set -- base nginx redis tools
[ "$1" = base ] || { [ -f "$images/base/index.json" ] || build base; }
for name in "$@"; do
    build "$name"
done
sizes "$@" >&2
