#!/usr/bin/env bash
# Makes deroot's own container image of the package in DIST: image.sh [DIST]
# Same package, same libraries, same bytes: times come from SOURCE_DATE_EPOCH or the last commit.
set -euo pipefail
cd "$(dirname "$0")/.."
dist=${1:-dist}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH
version=$(grep -o '"[0-9][^"]*"' Sources/DerootCore/Version.swift | tr -d '"')
python3 scripts/image.py "$dist/deroot_${version}_$(dpkg --print-architecture).deb" \
    "$dist/deroot-$version-linux-$(uname -m).oci.tar"
