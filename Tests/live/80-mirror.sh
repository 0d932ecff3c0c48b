#!/usr/bin/env bash
# deroot mirror against Debian's docker-registry: plan, shards, kills, a second run that does nothing.
source "$(dirname "$0")/lib.sh"
source "$here/registry-lib.sh"

registry mirror
registry=$host
plain=(--tls-verify=false)

# Twelve images on one base, two of them poisoned: a layer whose bytes are not what its digest says
# cannot be pushed, so the poison is a tar stream that two readers see differently.
python3 - "$scratch" <<'PYTHON'
import gzip, hashlib, io, json, os, sys, tarfile
root = sys.argv[1]

def tar(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, mode, body in entries:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(body), mode
            archive.addfile(info, io.BytesIO(body))
    return out.getvalue()

base = tar([("bin/su", 0o4755, b"su" * 5000), ("etc/passwd", 0o644, b"root:x:0:0::/root:/bin/sh\n")])
poison = bytearray(tar([("a", 0o644, b"x")]))
poison[148:156] = b"0000000\0"  # a wrong header checksum

def blob(layout, data):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{layout}/blobs/sha256/{digest}", "wb") as file:
        file.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}

for number in range(12):
    layout = f"{root}/images/{number}"
    os.makedirs(f"{layout}/blobs/sha256")
    own = bytes(poison) if number in (4, 9) else tar([(f"app/{number}", 0o755, b"%d" % number)])
    layers = [base, own]
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(x).hexdigest() for x in layers]}})
    kind = "application/vnd.oci.image."
    manifest = {"schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
        "config": {"mediaType": kind + "config.v1+json", **blob(layout, config.encode())},
        "layers": [{"mediaType": kind + "layer.v1.tar+gzip", **blob(layout, gzip.compress(x, mtime=0))} for x in layers]}
    entry = {"mediaType": kind + "manifest.v1+json", **blob(layout, json.dumps(manifest).encode())}
    open(f"{layout}/index.json", "w").write(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    open(f"{layout}/oci-layout", "w").write('{"imageLayoutVersion":"1.0.0"}')
PYTHON
pushed=0
for number in $(seq 0 11); do
    skopeo copy -q --dest-tls-verify=false "oci:$scratch/images/$number" \
        "docker://$registry/team/app$((number % 3)):1.$number" && pushed=$((pushed + 1))
done
same "images are in the registry" 12 "$pushed"

# mirror_yaml TARGET
mirror_yaml() {
    cat <<YAML
version: 1
defaults: {target: $registry/$1}
sources:
  - registry: $registry
    repos: {allow: ['^team/']}
    tags: {semver: ['>=1.0']}
YAML
}
mirror_yaml serial >"$scratch/serial.yaml"
mirror_yaml killed >"$scratch/killed.yaml"

# tags TARGET: every tag of the target and its ledger with what it names, without the target's name.
tags() {
    local repository tag
    for repository in team/app0 team/app1 team/app2 deroot-ledger; do
        for tag in $(curl -fs "http://$registry/v2/$1/$repository/tags/list" | python3 -c \
            'import json,sys; print(*sorted(json.load(sys.stdin)["tags"]))'); do
            echo "$repository:$tag $(manifest_digest_of "$1/$repository" "$tag")"
        done
    done
}
manifest_digest_of() {
    curl -fsI -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
        "http://$registry/v2/$1/manifests/$2" | tr -d '\r' | awk 'tolower($1) == "docker-content-digest:" {print $2}'
}

"$deroot" mirror run -f "$scratch/serial.yaml" "${plain[@]}" --jobs 1 --log "$scratch/log" \
    --metrics "$scratch/metrics" >"$scratch/out" 2>"$scratch/err"
same "two refused images make exit 1" 1 $?
same "the summary" "shard 1/1: 10 converted, 2 refused" "$(cat "$scratch/out")"
same "the log has a line an image" 12 "$(grep -cE '^."time":"[^"]*","event":"image"' "$scratch/log")"
check "the log is JSON" python3 -c 'import json,sys; [json.loads(x) for x in open(sys.argv[1])]' "$scratch/log"
check "the figures are there" grep -q 'outcome="converted"} 10' "$scratch/metrics"
for number in 0 5 11; do
    check "skopeo reads result $number" skopeo inspect --tls-verify=false \
        "docker://$registry/serial/team/app$((number % 3)):1.$number"
    check "deroot verifies result $number" "$deroot" verify "${plain[@]}" \
        "docker://$registry/team/app$((number % 3)):1.$number" \
        "docker://$registry/serial/team/app$((number % 3)):1.$number"
done

"$deroot" mirror run -f "$scratch/serial.yaml" "${plain[@]}" --format json >"$scratch/out" 2>/dev/null
same "a second run refuses the same" 1 $?
same "a second run reuses the rest and sends nothing" "10 0" "$(python3 -c \
    'import json,sys; d=json.load(open(sys.argv[1])); print(d["images"]["reused"], d["bytes"]["sent"])' "$scratch/out")"

check "a plan" "$deroot" mirror plan -f "$scratch/killed.yaml" "${plain[@]}" --shards 4 -o "$scratch/plan.json"
"$deroot" mirror run --plan "$scratch/plan.json" "${plain[@]}" --shard 1/3 >/dev/null 2>&1
same "a shard of another plan is refused" 64 $?
JOB_COMPLETION_INDEX=0 "$deroot" mirror run --plan "$scratch/plan.json" "${plain[@]}" >/dev/null 2>&1
same "an index without a total is refused" 64 $?

# Four processes, each killed after a random time, again and again, until all have ended by themselves.
shard() {
    local pid status
    while true; do
        DEROOT_SHARD_INDEX=$1 DEROOT_SHARD_COUNT=4 "$deroot" mirror run --plan "$scratch/plan.json" \
            "${plain[@]}" --jobs 2 >/dev/null 2>&1 &
        pid=$!
        if ((RANDOM % 4)); then (sleep "0.$((RANDOM % 40))"; kill -9 $pid 2>/dev/null) & fi
        wait $pid 2>/dev/null
        status=$?
        ((status == 0 || status == 1)) && return
    done
}
for index in 0 1 2 3; do shard $index & workers[index]=$!; done
wait "${workers[@]}"
same "killed shards end with the tags and the ledger of a serial run" "$(tags serial)" "$(tags killed)"
"$deroot" mirror status --plan "$scratch/plan.json" "${plain[@]}" >"$scratch/status" 2>/dev/null
same "status" "10 done, 0 untagged, 2 refused, 0 open" "$(head -1 "$scratch/status")"

# What a run leaves to be looked at: a log, pages of images, a dashboard whose links lead somewhere.
mirror_yaml pages >"$scratch/pages.yaml"
check "a plan of three shards" "$deroot" mirror plan -f "$scratch/pages.yaml" "${plain[@]}" --shards 3 -o "$scratch/three.json"
for shard in 1/3 2/3 3/3; do
    "$deroot" mirror run --plan "$scratch/three.json" "${plain[@]}" --shard $shard --log "$scratch/run${shard%/*}.jsonl" \
        --reports "$scratch/pages" --html "$scratch/own${shard%/*}.html" >/dev/null 2>&1
done
check "logs of all shards make a dashboard" "$deroot" report "$scratch"/run?.jsonl -o "$scratch/dashboard.html"
check "so does the state" test "$("$deroot" mirror status --plan "$scratch/three.json" "${plain[@]}" \
    --html "$scratch/status.html" --reports "$scratch/pages" >/dev/null 2>&1; echo $?)" = 1
# dashboard FILE: no script, a strict policy, each link leads to a page; prints how many links.
dashboard() {
    python3 - "$1" <<'PYTHON'
import html.parser, os, sys
links, bad = [], []
class Page(html.parser.HTMLParser):
    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        if tag in ("script", "link", "img", "iframe", "object"): bad.append(tag)
        bad.extend(name for name in names if name.startswith("on") or name == "src")
        if tag == "a": links.append(names["href"])
text = open(sys.argv[1]).read()
Page().feed(text)
folder = os.path.dirname(sys.argv[1])
bad += [link for link in links if not os.path.isfile(os.path.join(folder, link))]
if "content=\"default-src 'none'; style-src 'unsafe-inline'\"" not in text: bad.append("policy")
print(len(set(links)), *bad)
PYTHON
}
for page in dashboard status; do
    same "$page.html links to a page for each image and needs nothing else" 12 "$(dashboard "$scratch/$page.html")"
done
# shared_writes LOG...: how often the base was written, as the logs tell.
shared_writes() {
    grep -h '"event":"layer"' "$@" | grep -c '"how":"rewritten"'
}
same "one process writes the shared base once" 1 "$(shared_writes "$scratch/log")"
same "shards, one after the other, write the shared base once" 1 "$(shared_writes "$scratch"/run?.jsonl)"

chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --window-size=400,3000 --dump-dom "file://$scratch/dashboard.html" \
    >"$scratch/dom" 2>"$scratch/chromium"
same "a browser shows twelve squares with links" 12 "$(grep -o '<a class="tile' "$scratch/dom" | wc -l)"
empty "a browser has no complaint" "$(grep -i 'content security\|refused to' "$scratch/chromium")"

# A cache: another target, and nothing has to be fetched, read or written again.
for target in cold warm; do
    mirror_yaml $target >"$scratch/$target.yaml"
    "$deroot" mirror run -f "$scratch/$target.yaml" "${plain[@]}" --cache "$scratch/cache" --format json \
        >"$scratch/$target.json" 2>/dev/null
done
same "a warm cache spares reading and writing" "0 0 1" "$(python3 -c \
    'import json,sys; d=json.load(open(sys.argv[1]))["layers"]; print(d["read"], d["rewritten"], d["recalledForms"])' "$scratch/warm.json")"
same "a warm cache gives the same" "$(tags serial)" "$(tags warm)"

# On a terminal: a line an image, a bar, an estimate.
mirror_yaml terminal >"$scratch/terminal.yaml"
LC_ALL=C.UTF-8 script -qc "stty cols 100 rows 30; '$deroot' mirror run -f '$scratch/terminal.yaml' --tls-verify=false --jobs 2" \
    "$scratch/terminal" >/dev/null 2>&1
check "a terminal shows a bar of the whole" grep -q '\[█*░*\] *[0-9]* %  [0-9]*/12' "$scratch/terminal"
check "a terminal shows the images that are worked on" grep -qE '/terminal/team/app[0-2]:1\.[0-9]+ ' "$scratch/terminal"
check "a terminal keeps the refused ones in sight" grep -qE '^.*refused    .*team/app' "$scratch/terminal"

# Bursts of 429 and 503, and a pace of so many requests a second.
announced unsteady "$here/unsteady_registry.py" "${registry#*:}" "$scratch/times"
mirror_yaml unsteady | sed "s/$registry/127.0.0.1:$port/g; s/defaults: {/defaults: {requests-per-second: 20, /" >"$scratch/unsteady.yaml"
"$deroot" mirror run -f "$scratch/unsteady.yaml" "${plain[@]}" --jobs 4 --log "$scratch/unsteady.jsonl" >"$scratch/out" 2>/dev/null
same "a registry with bursts of 429 and 503 gets everything" "shard 1/1: 10 converted, 2 refused" "$(cat "$scratch/out")"
same "what came out is the same" "$(tags serial)" "$(tags unsteady)"
check "requests were refused in bursts" test "$(grep -cE ' (429|503)$' "$scratch/times")" -ge 20
check "tries are in the log" grep -q '"event":"retry"' "$scratch/unsteady.jsonl"
# Over all of it no more than asked for; in a single second more may arrive where the machine had stood
# still, but not what a hurry brings: that is 50 and more.
check "the pace is kept" python3 - "$scratch/times" <<'PYTHON'
import sys
times = sorted(float(line.split()[0]) for line in open(sys.argv[1]))
most = max(sum(1 for t in times[i:] if t < times[i] + 1) for i in range(len(times)))
assert most <= 40, most
pace = (len(times) - 1) / (times[-1] - times[0])
assert pace <= 21, pace
PYTHON
finish
