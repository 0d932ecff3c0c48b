#!/usr/bin/env bash
# Pull + convert + push of nginx between two registries on loopback, against `skopeo copy` of the
# same image between the same two. They take turns; each run writes into an empty registry.
#   RUNS        runs of each (default 9)
#   IMAGE       which of scripts/images.sh (default nginx)
#   FIGURES     a file that gets the figures as JSON
#   DEROOT      the binary (default .build/release/deroot)
#   DEROOT_WORK where images and registries live (default $TMPDIR/deroot-work)
# Last line: ratio of the medians and deroot's peak memory, with the goals 1.6 and 96 MiB.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export DEROOT_WORK=${DEROOT_WORK:-${TMPDIR:-/tmp}/deroot-work} PYTHONDONTWRITEBYTECODE=1
deroot=${DEROOT:-$here/../.build/release/deroot}
runs=${RUNS:-9} image=${IMAGE:-nginx}
"$here/../scripts/images.sh" "$image"
scratch=$(mktemp -d "$DEROOT_WORK/bench-registry.XXXXXX")
servers=()
stop() {
    [ ${#servers[@]} -eq 0 ] || kill "${servers[@]}" 2>/dev/null || true
    rm -rf "$scratch"
}
trap stop EXIT

# serve NAME: a registry with an empty store; its host comes into $host.
serve() {
    local port
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    host=127.0.0.1:$port
    mkdir -p "$scratch/$1"
    printf '%s\n' "version: 0.1" "log: {level: error, accesslog: {disabled: true}}" \
        "storage: {filesystem: {rootdirectory: $scratch/$1}}" "http: {addr: '$host'}" >"$scratch/$1.yml"
    docker-registry serve "$scratch/$1.yml" >/dev/null 2>&1 &
    servers+=($!)
    for _ in {1..200}; do
        if (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
        sleep 0.05
    done
    echo "registry $1 did not come up" >&2
    exit 1
}
serve from
from=$host
skopeo copy -q --dest-tls-verify=false "oci:$DEROOT_WORK/images/$image:latest" "docker://$from/library/$image:1"

# measured TOOL COMMAND...: appends seconds and peak KiB to the tool's file.
measured() {
    local tool=$1
    shift
    /usr/bin/time -q -a -f '%e %M %U %S' -o "$scratch/$tool.times" "$@" >/dev/null 2>"$scratch/stderr" || {
        tail -n 3 "$scratch/stderr" >&2
        exit 1
    }
}
for turn in $(seq "$runs"); do
    for tool in skopeo deroot; do
        serve "to-$tool-$turn"
        # A remembered result would be another race.
        export XDG_CACHE_HOME=$scratch/cache-$turn
        case $tool in
        skopeo) measured skopeo skopeo copy -q --src-tls-verify=false --dest-tls-verify=false \
            "docker://$from/library/$image:1" "docker://$host/library/$image:1" ;;
        deroot) measured deroot "$deroot" convert -q --tls-verify=false \
            "docker://$from/library/$image:1" "docker://$host/library/$image:1" ;;
        esac
        kill "${servers[-1]}"
        unset 'servers[-1]'
        rm -rf "$scratch/to-$tool-$turn"
    done
    echo "bench: turn $turn of $runs" >&2
done
python3 - "$image" "$scratch" "${FIGURES:-}" <<'PYTHON'
import json, statistics, sys
image, scratch, figures = sys.argv[1:]
seconds, peak, found = {}, {}, {}
for tool in ("skopeo", "deroot"):
    with open(f"{scratch}/{tool}.times") as file:
        rows = [[float(cell) for cell in line.split()] for line in file]
    seconds[tool] = statistics.median(row[0] for row in rows)
    peak[tool] = max(row[1] for row in rows) / 1024
    shown = " ".join(f"{row[0]:.2f}" for row in rows)
    cpu = statistics.median(row[2] + row[3] for row in rows)
    found[tool] = dict(median=seconds[tool], cpu=cpu, peak=peak[tool])
    print(f"{tool}: median {seconds[tool]:.2f} s ({shown}), CPU {cpu:.2f} s, peak {peak[tool]:.0f} MiB")
ratio = seconds["deroot"] / seconds["skopeo"]
good = ratio <= 1.6 and peak["deroot"] <= 96
print(f"{image}: {ratio:.2f} x skopeo copy (goal 1.6), peak {peak['deroot']:.0f} MiB (goal 96): {'met' if good else 'missed'}")
if figures:
    with open(figures, "w") as file:
        json.dump(found, file)
PYTHON
