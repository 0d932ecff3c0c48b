#!/usr/bin/env bash
# Installs what `make package` made into a fresh Debian root without a Swift toolchain, and uses it:
#   run.sh DIST          (as root; the root filesystem comes from scripts/images.sh)
#   DEROOT_WORK          where that is kept (default: $TMPDIR/deroot-work)
# Last line: `N passed, N failed`.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$here/../..
dist=$(realpath "$1")
export DEROOT_WORK=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work}
passed=0 failed=0
ok() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1)); echo "ok   $1"
    else
        failed=$((failed + 1)); echo "FAIL $1"
        return 1
    fi
}
"$repo/scripts/images.sh" base || exit 1
root=$(mktemp -d "$DEROOT_WORK/package.XXXXXX")
trap 'umount "$root/proc" "$root/dev/pts" 2>/dev/null; rm -rf --one-file-system "$root"' EXIT
inside() { chroot "$root" env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }

tar -C "$root" --exclude='./dev/*' -xpf "$DEROOT_WORK/base.tar"
for node in null urandom; do cp -a "/dev/$node" "$root/dev/"; done
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp -p "$dist"/deroot_*.deb "$dist"/deroot-*.tar.gz "$repo/testdata/demo.oci.tar" "$here"/completions.bash "$root/root/"
inside bash -c '! command -v swift && ! command -v deroot' >/dev/null
ok "the root is fresh: neither swift nor deroot in it" $?

lintian --fail-on error,warning --tag-display-limit 0 --allow-root "$dist"/deroot_*.deb >"$root/lintian" 2>&1
ok "lintian finds nothing" $?
grep -v 'root privileges' "$root/lintian"

inside bash -c 'apt-get -o Acquire::Retries=5 update -qq && apt-get -o Acquire::Retries=5 install -y -qq --no-install-recommends /root/deroot_*.deb' >"$root/apt.log" 2>&1
ok "apt installs the package with its dependencies" $? || tail -5 "$root/apt.log"
inside deroot --version >"$root/said" 2>&1
[ $? -eq 2 ] && grep -q "mount it" "$root/said"
ok "without /proc it says so, and does not pretend to have worked" $?
mount -t proc proc "$root/proc"
# Shells are tried at a terminal.
ln -s /proc/self/fd "$root/dev/fd"
mkdir -p "$root/dev/pts" && mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" && ln -sf pts/ptmx "$root/dev/ptmx"
version=$(inside deroot --version)
[ "$version" = "$(grep -o '"[0-9][^"]*"' "$repo/Sources/DerootCore/Version.swift" | tr -d '"')" ]
ok "deroot --version says the package's version ($version)" $?
inside bash -c 'cd /root && deroot convert -q oci-archive:demo.oci.tar oci:out:nonroot && deroot verify -q oci-archive:demo.oci.tar oci:out:nonroot'
ok "it converts the bundled image and proves the result" $?
[ "$(jq -r .config.User "$(find "$root/root/out/blobs" -type f -exec grep -l '"rootfs"' {} + | head -1)")" = 65532:65532 ]
ok "the result's User is 65532:65532" $?
for page in "$root"/usr/share/man/man1/deroot*.1.gz; do
    warnings=$(gzip -dc "$page" | LC_ALL=C.UTF-8 groff -man -ww -Tutf8 -Kutf8 -z 2>&1 | grep -v "cannot break\|can't break\|cannot adjust")
    [ -z "$warnings" ]
    ok "man page $(basename "$page") is clean $warnings" $?
done
[ -e "$root/usr/share/man/man1/deroot-convert.1.gz" ]
ok "every command has a man page" $?
# Every line that another script says of a test counts as one.
while IFS= read -r line; do
    case $line in
    ok\ *) passed=$((passed + 1)) ;;
    FAIL\ *) failed=$((failed + 1)) ;;
    esac
    echo "$line"
done < <("$here/manual.py" "$root/usr/bin/deroot" "$root/usr/share/man/man1" "$repo" 2>&1 || echo "FAIL the manual's tests")

# What Tab offers, in every shell. A file whose name would be a command must not be offered to bash,
# which would run it.
inside bash -c 'cd /root && mkdir -p tab/sub && cd tab && ln -s ../out nginx && touch a.tar b.json mine.yaml "\$(touch pwned)"'
wrong=$(cd "$root" && inside bash -c 'cd /root/tab && bash /root/completions.bash /usr/share/bash-completion/completions/deroot' \
    <"$here/completions.txt" 2>&1)
[ -z "$wrong" ]
ok "bash completes commands, options, images, recipes $wrong" $?
[ ! -e "$root/root/tab/pwned" ]
ok "bash runs nothing that a file is called" $?
inside bash -c 'apt-get -o Acquire::Retries=5 install -y -qq --no-install-recommends zsh fish' >"$root/apt.log" 2>&1
ok "zsh and fish are there" $? || tail -5 "$root/apt.log"
printf '%s\n' 'deroot conv|deroot convert' 'deroot recipe show postg|deroot recipe show postgres' \
    'deroot check oci:ngi|deroot check oci:nginx/' 'deroot check --gate dis|deroot check --gate disa' \
    'deroot check --recipe php-a|deroot check --recipe php-apache' >"$root/tab"
tab() { "$here/tab.py" "cd /root/tab; $1" chroot "$root" env -i PATH=/usr/bin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb "${@:2}" <"$root/tab"; }
wrong=$(tab 'source /usr/share/bash-completion/completions/deroot' bash --norc -i 2>&1)
[ -z "$wrong" ]
ok "bash completes at a terminal $wrong" $?
wrong=$(tab 'fpath=(/usr/share/zsh/vendor-completions $fpath); autoload -Uz compinit; compinit -u -D' zsh -f -i 2>&1)
[ -z "$wrong" ]
ok "zsh completes at a terminal $wrong" $?
wrong=$(tab 'source /usr/share/fish/vendor_completions.d/deroot.fish' fish --no-config -i 2>&1)
[ -z "$wrong" ]
ok "fish completes at a terminal $wrong" $?
linked=$(objdump -p "$root/usr/bin/deroot" | awk '/NEEDED/ { print $2 }' | sort | tr '\n' ' ')
unused=$(inside ldd -u /usr/bin/deroot | grep '^\s*/' | grep -v libm.so)
[ -z "$unused" ]
ok "nothing is linked that is not used ($linked) $unused" $?
inside bash -c 'apt-get remove -y -qq deroot && ! command -v deroot' >/dev/null 2>&1
ok "apt removes it" $?

inside bash -c 'cd /opt && tar -xzf /root/deroot-*.tar.gz && /opt/deroot-*/bin/deroot --version' >/dev/null
ok "the tarball's binary runs where the libraries are" $?
inside bash -c 'cd /root && rm -rf out && /opt/deroot-*/bin/deroot convert -q oci-archive:demo.oci.tar oci:out:nonroot'
ok "and converts" $?

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
