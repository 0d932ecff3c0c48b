#!/usr/bin/env bash
# Makes testdata/demo.oci.tar, the small image of `make demo`, from Debian's busybox-static and
# klibc packages: make-testdata.sh [OUTPUT]. Needs root, buildah, skopeo, setcap. Three layers, and
# on purpose one of everything that a conversion changes or must leave alone; see testdata/ORIGIN.md.
# The same package versions give the same bytes: all times are fixed, the archive is written sorted.
set -euo pipefail
umask 022

output=$(realpath -m "${1:-$(dirname "$0")/../testdata/demo.oci.tar}")
epoch=1735689600 # 2025-01-01
work=$(mktemp -d "${TMPDIR:-/tmp}/deroot-testdata.XXXXXX")
engine=(--log-level error --root "$work/engine/root" --runroot "$work/engine/run" --storage-driver overlay)
finish() {
    umount "$work/engine/root/overlay" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

mkdir "$work/debs" "$work/packages"
(cd "$work/debs" && apt-get download -q busybox-static klibc-utils libklibc >/dev/null 2>&1)
for package in "$work"/debs/*.deb; do
    dpkg-deb -x "$package" "$work/packages"
    dpkg-deb -W "$package"
done
packages=$work/packages

# layer FROM TO CONFIG...: runs make_TO on a container's root and commits it as one layer.
layer() {
    local from=$1 to=$2 container root
    shift 2
    container=$(buildah "${engine[@]}" from --pull-never "$from")
    root=$(buildah "${engine[@]}" mount "$container")
    "make_$to" "$root"
    buildah "${engine[@]}" umount "$container" >/dev/null
    buildah "${engine[@]}" config --created-by "scripts/make-testdata.sh $to" "$@" "$container"
    buildah "${engine[@]}" commit -q --timestamp "$epoch" "$container" "$to" >/dev/null
    buildah "${engine[@]}" rm "$container" >/dev/null
}

# copyright ROOT PACKAGE: the licence text travels with the binaries.
copyright() { install -D -m 0644 "$packages/usr/share/doc/$2/copyright" "$1/usr/share/doc/$2/copyright"; }

# A userland: busybox with some applets as symlinks, accounts, the usual directories.
make_base() {
    local root=$1 applet
    mkdir -p "$root"/{bin,dev,etc,home,lib,proc,root,run,srv,sys,tmp,usr/bin,usr/sbin,var/lib,var/log,var/mail}
    ln -s /run "$root/var/run"
    chmod 1777 "$root/tmp"
    chmod 0700 "$root/root"
    chmod 2775 "$root/var/mail" && chgrp 8 "$root/var/mail"
    cp "$packages/bin/busybox" "$root/bin/busybox"
    copyright "$root" busybox-static
    for applet in cat chmod cp date find grep head httpd id ln ls mkdir ps rm sh sleep stat touch wget; do
        ln -s busybox "$root/bin/$applet"
    done
    printf '%s\n' root:x:0:0:root:/root:/bin/sh daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin \
        mail:x:8:8:mail:/var/mail:/usr/sbin/nologin >"$root/etc/passwd"
    printf '%s\n' root:x:0: daemon:x:1: adm:x:4: mail:x:8: shadow:x:42: >"$root/etc/group"
    printf '%s\n' 'root:*:20089:0:99999:7:::' 'daemon:*:20089:0:99999:7:::' 'mail:*:20089:0:99999:7:::' >"$root/etc/shadow"
    chmod 0640 "$root/etc/shadow" && chgrp 42 "$root/etc/shadow"
}

# Privileged tools: two names of one setuid file, setgid files, file capabilities.
make_tools() {
    local root=$1 bin=$packages/usr/lib/klibc/bin
    cp "$packages"/lib/klibc-*.so "$root/lib/"
    copyright "$root" libklibc
    cp "$bin/mount" "$bin/umount" "$bin/dmesg" "$bin/ipconfig" "$bin/minips" "$root/usr/bin/"
    chmod 4755 "$root/usr/bin/mount" "$root/usr/bin/umount"
    ln "$root/usr/bin/mount" "$root/usr/bin/mount.static"
    chgrp 4 "$root/usr/bin/dmesg" && chmod 2755 "$root/usr/bin/dmesg"
    setcap cap_net_admin,cap_net_raw=ep "$root/usr/bin/ipconfig"
}

# The application: a guest book that writes below a VOLUME, all of it owned by root; a second
# VOLUME is not in the image at all. It also removes a setuid file of the layer below, which stays in that layer's blob.
make_app() {
    local root=$1
    rm "$root/usr/bin/umount"
    mkdir -p "$root/srv/guestbook/cgi-bin" "$root/var/lib/guestbook"
    cat >"$root/srv/guestbook/start.sh" <<'SCRIPT'
#!/bin/sh
# Keeps its state in /var/lib/guestbook and serves port 8080.
set -e
date >>/var/lib/guestbook/starts
exec busybox httpd -f -p 8080 -h /srv/guestbook
SCRIPT
    cat >"$root/srv/guestbook/cgi-bin/sign" <<'SCRIPT'
#!/bin/sh
printf '%s\n' "$QUERY_STRING" >>/var/lib/guestbook/entries
printf 'Content-Type: text/plain\r\n\r\n'
cat /var/lib/guestbook/entries
SCRIPT
    chmod 0755 "$root/srv/guestbook/start.sh" "$root/srv/guestbook/cgi-bin/sign"
    echo 'first entry' >"$root/var/lib/guestbook/entries"
    echo '<h1>Guest book</h1>' >"$root/srv/guestbook/index.html"
}

layer scratch base --cmd sh --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
layer localhost/base tools
layer localhost/tools app --entrypoint '["/srv/guestbook/start.sh"]' --cmd '' --user root --env HOME=/root \
    --workingdir /srv/guestbook --volume /var/lib/guestbook --volume /var/cache/guestbook --port 8080 \
    --label org.opencontainers.image.title=guestbook

skopeo copy -q "containers-storage:[overlay@$work/engine/root+$work/engine/run]localhost/app:latest" \
    "oci:$work/layout:guestbook"
tar -C "$work/layout" --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner \
    --format=ustar -cf "$work/demo.oci.tar" blobs index.json oci-layout
mkdir -p "$(dirname "$output")"
mv "$work/demo.oci.tar" "$output"
ls -l "$output"
sha256sum "$output"
