# What the live tests share; sourced by each of them. A test script prints `ok NAME` or
# `FAIL NAME: why`, and `finish` makes its exit code. No test is ever skipped in silence: what
# cannot be run fails.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
deroot=${DEROOT:-$repo/.build/release/deroot}
work=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work}
images=$work/images
demo=$repo/testdata/demo.oci.tar
layout_py=("python3" "$here/layout.py")
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1

passed=0
failed=0
scratch=$(mktemp -d "$work/live.XXXXXX")

ok() {
    passed=$((passed + 1))
    echo "ok $1"
}
fail() {
    failed=$((failed + 1))
    echo "FAIL $1${2:+: $2}"
}
# check NAME COMMAND...: the command must succeed; its output is shown where it does not.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then ok "$name"; else fail "$name" "$(tail -n 5 <<<"$output" | tr '\n' ' ')"; fi
}
# same NAME EXPECTED ACTUAL: two empty texts are two failed commands, not an agreement.
same() {
    if [ -n "$2" ] && [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "expected '$2', found '$3'"; fi
}
# empty NAME TEXT
empty() {
    if [ -z "$2" ]; then ok "$1"; else fail "$1" "$(head -n 5 <<<"$2" | tr '\n' ' ')"; fi
}
# convert ARGUMENTS...: runs deroot convert, stdout to $result, stderr to $scratch/stderr.
convert() {
    result=$("$deroot" convert "$@" 2>"$scratch/stderr")
}
# converted NAME ARGUMENTS...: a conversion that must succeed.
converted() {
    local name=$1
    shift
    if convert "$@"; then ok "$name"; else fail "$name" "exit $?: $(tail -n 3 "$scratch/stderr" | tr '\n' ' ')"; fi
}
# manifest_digest REFERENCE: as skopeo sees it; a text of its own where there is no image.
manifest_digest() {
    if skopeo inspect --raw "$1" >"$scratch/manifest" 2>/dev/null; then
        echo "sha256:$(sha256sum <"$scratch/manifest" | cut -d' ' -f1)"
    else
        echo "no image at $1"
    fi
}
finish() {
    rm -rf "$scratch"
    [ -z "${DEROOT_TALLY:-}" ] || echo "$passed $failed" >>"$DEROOT_TALLY"
    echo "$(basename "$0"): $passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}
