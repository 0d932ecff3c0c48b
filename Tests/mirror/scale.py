"""Unit costs, counted rather than estimated: what an image, a platform, a layer and a tag ask of registries,
and what plans and unchanged mirrors of many tags need. scripts/scale.py computes docs/scale.md from them."""

import gzip
import hashlib
import json
import os
import random
import subprocess
import time

import checks
import images
import registry
from checks import check, figure, same, section


def split(requests, source):
    """Requests by side and kind: source and target are repositories of one registry."""
    counts = {}
    for request in requests:
        side = "source" if f"/v2/{source}/" in request.path else "target"
        kind = request.method
        if kind == "GET" and "/manifests/" in request.path:
            kind = "pull"  # what Docker Hub counts
        elif kind in ("POST", "PUT", "PATCH", "DELETE"):
            kind = "write"
        counts[f"{side} {kind}"] = counts.get(f"{side} {kind}", 0) + 1
    return counts


def units(suite):
    """Converts single images that differ in one respect; the differences are the unit costs."""
    pusher = images.Pusher(suite.place)

    def push(tag, layers, platforms):
        children = []
        for architecture, variant in images.PLATFORMS[:platforms]:
            image = images.Image(f"{tag}", b"", architecture, variant, 50_000)
            raws = [images.tar([(f"usr/{tag}/{architecture}/{n}", 0o4755,
                                 images.text(random.Random(f"{tag}{n}"), 20_000))]) for n in range(layers)]
            image.config["rootfs"]["diff_ids"] = [images.digest(raw) for raw in raws]
            config = json.dumps(image.config).encode()
            kind = images.OCI + "layer.v1.tar+gzip"
            packed = [gzip.compress(raw, 6, mtime=0) for raw in raws]
            document = {
                "schemaVersion": 2, "mediaType": images.OCI + "manifest.v1+json",
                "config": {"mediaType": images.OCI + "config.v1+json", "size": len(config),
                           "digest": pusher.blob(f"units/{tag}", config)},
                "layers": [{"mediaType": kind, "size": len(p), "digest": pusher.blob(f"units/{tag}", p)} for p in packed]}
            tags = ["1"] if platforms == 1 else []
            entry = pusher.manifest(f"units/{tag}", document, document["mediaType"], *tags)
            children.append({**entry, "platform": image.platform})
        if platforms > 1:
            kind = images.OCI + "index.v1+json"
            pusher.manifest(f"units/{tag}", {"schemaVersion": 2, "mediaType": kind, "manifests": children}, kind, "1")

    found = {}
    for tag, layers, platforms in [("small", 1, 1), ("layers", 3, 1), ("platforms", 1, 3)]:
        push(tag, layers, platforms)
        suite.registry.requests()
        plan = suite.plan(f"units-{tag}", 1, allow=f"^units/{tag}$")
        planning = suite.registry.requests()
        subprocess.run([suite.deroot, "mirror", "run", "-q", *suite.plain, "--plan", plan], check=True,
                       stdout=subprocess.DEVNULL)
        running = suite.registry.requests()
        found[tag] = {"plan": split(planning, f"units/{tag}"), "run": split(running, f"units/{tag}")}
    return found


class Storage:
    """Writes tags and manifests straight into a registry's storage: many thousands in seconds."""

    def __init__(self, root):
        self.top = f"{root}/docker/registry/v2"

    def write(self, path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def repository(self, name):
        os.makedirs(f"{self.top}/repositories/{name}/_layers", exist_ok=True)

    def manifest(self, repository, data):
        hexadecimal = hashlib.sha256(data.encode()).hexdigest()
        self.write(f"{self.top}/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data", data)
        self.revision(repository, hexadecimal)
        return hexadecimal

    def revision(self, repository, hexadecimal):
        self.write(f"{self.top}/repositories/{repository}/_manifests/revisions/sha256/{hexadecimal}/link",
                   f"sha256:{hexadecimal}")

    def tag(self, repository, tag, hexadecimal):
        self.write(f"{self.top}/repositories/{repository}/_manifests/tags/{tag}/current/link", f"sha256:{hexadecimal}")


def many(suite, count):
    """A mirror of so many tags: a plan from nothing, then a night in which nothing is new."""
    folder = f"{suite.folder}/scale-{count}"
    os.makedirs(folder)
    place = registry.Registry(folder)
    storage = Storage(place.root)
    kind = images.OCI + "manifest.v1+json"
    blob = lambda n: {"digest": images.digest(b"%d" % n), "size": 30_000_000}
    for number in range(count):
        repository = f"team/r{number // 100}"
        if number % 100 == 0:
            storage.repository(repository)
        layers = [{"mediaType": images.OCI + "layer.v1.tar+gzip", **blob(n)} for n in
                  [number % 50, 1000 + number // 10 * 10, *range(10**6 + number * 4, 10**6 + number * 4 + 4)]]
        config = {"mediaType": images.OCI + "config.v1+json", **blob(number)}
        document = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers}
        storage.tag(repository, f"1.{number}", storage.manifest(repository, json.dumps(document)))

    def measured(*arguments):
        place.requests()
        began = time.monotonic()
        done = subprocess.run(["/usr/bin/time", "-q", "-f", "@ %M %U %S", suite.deroot, "mirror", *arguments,
                               *suite.plain], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        seconds = time.monotonic() - began
        kibibytes, user, system = done.stderr.rpartition("@ ")[2].split()
        requests = place.requests()
        return done, {"tags": count, "seconds": round(seconds, 2), "mebibytes": round(int(kibibytes) / 1024, 1),
                      "processor": round(float(user) + float(system), 2), "requests": len(requests),
                      "received": sum(r.bytes for r in requests if r.method == "GET")}

    try:
        plan = f"{folder}/plan.json"
        path = f"{folder}/mirror.yaml"
        with open(path, "w") as file:
            file.write(f"version: 1\ndefaults: {{target: {place.name}/out}}\nsources:\n"
                       f"  - registry: {place.name}\n    repos: {{allow: ['^team/']}}\n")
        done, planned = measured("plan", "-f", path, "--shards", "100", "-o", plan)
        with open(plan) as file:
            items = json.load(file)["items"]
        same(f"a plan of {count} tags", (0, count), (done.returncode, len(items)))
        planned["plan_bytes"] = os.path.getsize(plan)
        # As if all of it had been converted: the ledger's tags, and the results'.
        result = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": {
            "mediaType": images.OCI + "config.v1+json", **blob(0)}, "layers": []})
        hexadecimal = storage.manifest("out/deroot-ledger", result)
        storage.repository("out/deroot-ledger")
        known = set()
        for item in items:
            repository = item["repository"].split("/", 1)[1]
            if repository not in known:
                known.add(repository)
                storage.repository(repository)
                storage.revision(repository, hexadecimal)
            for tag in item["tags"]:
                storage.tag(repository, tag, hexadecimal)
            storage.tag("out/deroot-ledger", f"v1-{item['key']}-{hexadecimal}", hexadecimal)
        done, shard = measured("run", "-q", "--plan", plan, "--shard", "1/100", "--jobs", "4")
        same(f"one shard of a hundred of {count} tags", 0, done.returncode)
        planned["shard_mebibytes"] = shard["mebibytes"]
        done, night = measured("run", "-q", "-f", path, "--jobs", "4", "--format", "json")
        summary = json.loads(done.stdout) if done.stdout.startswith("{") else {}
        same(f"a night without news over {count} tags", (0, count, 0),
             (done.returncode, summary.get("images", {}).get("reused"), summary.get("bytes", {}).get("sent")))
    finally:
        place.stop()
    return planned, night


def ledger(suite, count):
    """A ledger with more entries than a list of tags may usually have."""
    storage = Storage(suite.registry.root)
    repository = "ledger/deroot-ledger"
    storage.repository(repository)
    hexadecimal = storage.manifest(repository, "{}")
    for number in range(count):
        key = hashlib.sha256(b"%d" % number).hexdigest()
        storage.tag(repository, f"v1-{key[:40]}-{key}", hexadecimal)
    plan = suite.plan("ledger", 1, allow="^units/small$")
    done = subprocess.run(
        ["/usr/bin/time", "-q", "-f", "@ %M %e", suite.deroot, "mirror", "run", "-q", *suite.plain, "--plan", plan],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    text, _, needed = done.stderr.rpartition("@ ")
    kibibytes, seconds = needed.split()
    same(f"a ledger of {count} entries is read", 0, done.returncode) or print(text[-500:])
    check("within 256 MiB", int(kibibytes) <= 256 << 10, f"{int(kibibytes) >> 10} MiB")
    figure("ledger", f"{count} entries read in {float(seconds):.1f} s with {int(kibibytes) >> 10} MiB")
    suite.registry.remove("ledger")
    return {"entries": count, "mebibytes": int(kibibytes) >> 10, "seconds": float(seconds)}


def measure(suite):
    section("unit costs")
    found = units(suite)
    runs = {tag: sum(parts["run"].values()) for tag, parts in found.items()}
    check("each platform and each layer cost requests of their own",
          runs["small"] < min(runs["layers"], runs["platforms"]), runs)
    count = suite.sizes["tags"]
    plans, nights = zip(many(suite, count // 4), many(suite, count))
    for what, runs, member in [("planned", plans, "mebibytes"), ("done by a shard of a plan", plans, "shard_mebibytes"),
                               ("asked for in a night", nights, "mebibytes")]:
        small, large = (run[member] for run in runs)
        slope = (large - small) / (runs[1]["tags"] - runs[0]["tags"])
        need = large + slope * (100_000 - runs[1]["tags"])
        # A small mirror's few megabytes say little about a large one's.
        if suite.form == "long":
            check(f"100,000 tags can be {what} within 256 MiB", need <= 256, f"{need:.0f} MiB")
        check(f"{count} tags can be {what} within 96 MiB", large <= 96, f"{large} MiB")
    figure("plan", f"{count} tags in {plans[1]['seconds']} s, {plans[1]['requests']} requests, "
           f"{plans[1]['mebibytes']:.0f} MiB, a plan of {plans[1]['plan_bytes'] / 1e6:.1f} MB; "
           f"a shard of it needs {plans[1]['shard_mebibytes']:.0f} MiB")
    figure("a night without news", f"{count} tags in {nights[1]['seconds']} s, {nights[1]['requests']} requests, "
           f"{nights[1]['mebibytes']:.0f} MiB")
    large = ledger(suite, 120_000)
    checks.keep({
        "form": suite.form, "cores": os.cpu_count(), "units": found, "plans": plans, "nights": nights,
        "first": {"images": suite.sizes["images"], "platforms": suite.expected["platforms"], "bytes": suite.bytes,
                  "seconds": round(suite.first.seconds, 2), "processor": round(suite.first.processor, 2),
                  "mebibytes": round(suite.first.mebibytes, 1), "requests": len(suite.first_requests),
                  **{k: suite.first.summary["bytes"][k] for k in ("received", "sent")}},
        "second": {"seconds": round(suite.again.seconds, 2), "requests": len(suite.again_requests)},
        "alone": suite.alone, "ledger": large,
    })
