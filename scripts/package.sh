#!/usr/bin/env bash
# Makes dist/deroot_VERSION_ARCH.deb and dist/deroot-VERSION-linux-MACHINE.tar.gz from a release binary:
#   package.sh DEROOT [DIST]
# The package depends on the system's libraries only, as dpkg-shlibdeps finds them; the Swift runtime
# is inside the binary. Same sources, same bytes: times come from SOURCE_DATE_EPOCH or the last commit.
set -euo pipefail
cd "$(dirname "$0")/.."
deroot=$(realpath "$1")
dist=${2:-dist}
version=$("$deroot" --version | awk '{ print $NF }')
arch=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH
mkdir -p "$dist"
work=$(mktemp -d "$dist/.package.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
maintainer='The deroot authors <deroot@users.noreply.github.com>'
summary='turns root container images into non-root ones'

install -Dm755 "$deroot" "$root/usr/bin/deroot"
strip --strip-unneeded -R .comment -R .note "$root/usr/bin/deroot"
python3 scripts/manual.py "$deroot" docs/man "$root/usr/share/man/man1"
gzip -9n "$root"/usr/share/man/man1/*.1
for shell in bash zsh fish; do
    case $shell in
    bash) file=$root/usr/share/bash-completion/completions/deroot ;;
    zsh) file=$root/usr/share/zsh/vendor-completions/_deroot ;;
    fish) file=$root/usr/share/fish/vendor_completions.d/deroot.fish ;;
    esac
    mkdir -p "$(dirname "$file")"
    # Sourced, never run: no interpreter line.
    "$deroot" --generate-completion-script "$shell" | sed '1{/^#!/d}' >"$file"
done
cat scripts/completions/whole-words.bash >>"$root/usr/share/bash-completion/completions/deroot"
documents=$root/usr/share/doc/deroot
# The manual and what it points to, so that no link of it leads nowhere.
install -Dm644 -t "$documents" README.md ARCHITECTURE.md CONTRIBUTING.md SECURITY.md CHANGELOG.md
sed -i 's/\[LICENSE\](LICENSE)/[LICENSE](copyright)/' "$documents/README.md"
cp -R docs ci deploy "$documents"
rm -r "$documents/docs/man"
cat >"$documents/copyright" <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: deroot

Files: *
Copyright: 2026 The deroot authors
License: Apache-2.0

License: Apache-2.0
 On Debian systems the text of the Apache License, Version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
 .
 The binary holds the Swift runtime and standard library, which are under the
 same licence with the Swift runtime library exception.
END
{
    printf 'deroot (%s) unstable; urgency=medium\n\n  * See /usr/share/doc/deroot/README.md.\n\n' "$version"
    printf ' -- %s  %s\n' "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$documents/changelog.gz"

# The tarball: the same files below one directory.
tarball=$dist/deroot-$version-linux-$(uname -m).tar.gz
reproducible=(--sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu)
install -m644 LICENSE "$documents/LICENSE"
tar -C "$root/usr" "${reproducible[@]}" --transform "s,^\.,deroot-$version," -c . | gzip -9n >"$tarball.part"
mv "$tarball.part" "$tarball"
rm "$documents/LICENSE"

mkdir -p "$work/debian" "$root/DEBIAN"
printf 'Source: deroot\n\nPackage: deroot\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O root/usr/bin/deroot 2>/dev/null | sed 's/^shlibs:Depends=//')
[ -n "$depends" ] || { echo "package: dpkg-shlibdeps found no libraries" >&2; exit 1; }
cat >"$root/DEBIAN/control" <<END
Package: deroot
Version: $version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $(du -ks --apparent-size "$root/usr" | cut -f1)
Depends: $depends
Recommends: ca-certificates
Section: admin
Priority: optional
Description: $summary
 deroot reads an image from an OCI layout, an archive or a registry, strips
 setuid and setgid bits and file capabilities, gives application paths to a
 chosen user, and writes the result back. It needs no daemon, runs nothing of
 the image and unpacks nothing.
END
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -type d -exec chmod 755 {} +
find "$root/usr/share" "$root/DEBIAN" -type f -exec chmod 644 {} +
dpkg-deb --root-owner-group -Zxz --build "$root" "$dist/deroot_${version}_$arch.deb" >/dev/null
printf 'binary  %s bytes, stripped\n' "$(stat -c %s "$root/usr/bin/deroot")"
printf 'package %s bytes  %s\n' "$(stat -c %s "$dist/deroot_${version}_$arch.deb")" "$dist/deroot_${version}_$arch.deb"
printf 'tarball %s bytes  %s\n' "$(stat -c %s "$tarball")" "$tarball"
echo "depends $depends"
