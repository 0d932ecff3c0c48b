#!/usr/bin/env bash
# Takes the pictures of docs/reports.md from the pages that deroot makes of the bundled image:
#   screenshots.sh DEROOT [OUTPUT_DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
deroot=$(realpath "$1")
output=$(realpath -m "${2:-docs/pictures}")
work=$(mktemp -d "${TMPDIR:-/tmp}/deroot-pictures.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$output"
cp testdata/demo.oci.tar "$work/guestbook.tar"
cd "$work"
"$deroot" check --fail-on never --format html -o check.html oci-archive:guestbook.tar
"$deroot" convert -q --report converted.json oci-archive:guestbook.tar oci:guestbook-nonroot >/dev/null
"$deroot" report converted.json -o converted.html

# picture NAME WIDTH,HEIGHT: the top of a page, as it looks on a light screen.
picture() {
    HOME=$work timeout 120 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
        --force-device-scale-factor=1 --window-size="$2" --screenshot="$work/$1.png" \
        "file://$work/$1.html" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    [ -s "$work/$1.png" ] || { echo "screenshots: no picture of $1" >&2; exit 1; }
    mv "$work/$1.png" "$output/$1.png"
    stat -c '%n %s bytes' "$output/$1.png"
}
picture check 900,1330
picture converted 900,1250
