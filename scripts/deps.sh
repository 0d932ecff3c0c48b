#!/usr/bin/env bash
# Installs by apt what is missing, and only then: deps.sh GROUP...
#   build  libraries that the Swift package links (their names come from Package.swift itself)
#   test   the compressors that the Swift tests use as second readers
#   package  what makes and checks packages
#   docs   what the manual's examples use
#   mirror  a registry, Slurm and Python for the mirror suite
#   live   engines and tools for the live suite, the corpus suite and the benchmark
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v swift >/dev/null; then
    echo "deps: no swift in PATH; install a Swift 6.2 or newer toolchain (https://www.swift.org/install)" >&2
    exit 1
fi

wanted=()
for group in "$@"; do
    case $group in
    build)
        wanted+=(git pkg-config)
        # .apt(["a", "b"]) of every systemLibrary
        mapfile -t libraries < <(grep -o '\.apt(\[[^]]*\])' Package.swift | grep -o '"[^"]*"' | tr -d '"')
        wanted+=("${libraries[@]}")
        ;;
    test) wanted+=(gzip pigz zstd libdeflate-tools isal) ;;
    package) wanted+=(binutils dpkg-dev lintian groff-base python3 jq mmdebstrap buildah skopeo ca-certificates docker-registry curl) ;;
    docs) wanted+=(docker-registry skopeo openssl jq xz-utils curl python3 python3-venv python3-yaml chromium ca-certificates) ;;
    mirror) wanted+=(docker-registry skopeo slurm-wlm munge python3 python3-venv time ca-certificates) ;;
    live)
        wanted+=(
            skopeo umoci buildah podman runc mmdebstrap docker-registry uidmap
            fuse-overlayfs gzip pigz zstd libdeflate-tools isal openssl jq time libcap2-bin
            python3 python3-venv chromium curl ca-certificates xz-utils bzip2 valgrind binutils
            libarchive-tools
        )
        ;;
    *)
        echo "deps: unknown group $group (build, test, package, docs, mirror, live)" >&2
        exit 64
        ;;
    esac
done

installed() {
    # A package may be there under another name that provides it (pkgconf for pkg-config).
    dpkg-query -W -f '${db:Status-Status} ${Provides}\n' "$1" 2>/dev/null | grep -q '^installed' ||
        { [ "$1" = pkg-config ] && command -v pkg-config >/dev/null; }
}

if ! command -v dpkg-query >/dev/null; then
    echo "deps: this is no Debian or Ubuntu machine; needed are the equivalents of: ${wanted[*]}" >&2
    exit 0
fi

missing=()
for package in "${wanted[@]}"; do
    installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "deps: missing ${missing[*]}, and neither root nor sudo to install them" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "deps: installing ${missing[*]}" >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=5 update -qq >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o Acquire::Retries=5 install -y -qq --no-install-recommends "${missing[@]}" >&2
