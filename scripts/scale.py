#!/usr/bin/env python3
"""Computes the tables of docs/scale.md from unit costs that the mirror suite measured:

    scale.py docs/scale.json docs/scale.md          rewrites the tables in the document
    scale.py docs/scale.json --tags 5000 --shards 4 prints them for another mirror

Nothing is measured here; docs/scale.md has the formula."""

import argparse
import json

BEGIN, END = "<!-- scale -->", "<!-- end of scale -->"
KINDS = [("source HEAD", "source, HEAD"), ("source pull", "source, GET of a manifest"), ("source GET", "source, other GET"),
         ("target HEAD", "target, HEAD"), ("target pull", "target, GET of a manifest"), ("target GET", "target, other GET"),
         ("target write", "target, POST, PUT, PATCH")]


def options():
    parser = argparse.ArgumentParser(description="Computes what a mirror costs.")
    parser.add_argument("costs")
    parser.add_argument("document", nargs="?")
    for name, default, text in [
        ("tags", 100_000, "tags that are selected"),
        ("images", 80_000, "different images that they name"),
        ("platforms", 2, "platforms of an image"),
        ("layers", 8, "layers of a platform"),
        ("own-mb", 60.0, "compressed MB of a platform that no other image has"),
        ("bases", 500, "different sets of shared layers"),
        ("base-mb", 60.0, "compressed MB of such a set"),
        ("new", 0.01, "share of images that are new in a night"),
        ("shards", 64, "processes"),
        ("jobs", 4, "images at once in a process"),
        ("cores", 2, "cores of a process"),
        ("latency", 0.02, "seconds a request"),
        ("net", 100.0, "MB a second, in and out, of a process"),
        ("bears", 1000.0, "requests a second that the target bears, from all processes together"),
    ]:
        parser.add_argument(f"--{name}", type=type(default), default=default, help=f"{text} ({default})")
    return parser.parse_args()


def units(costs):
    """Requests by kind for a tag in a plan, an image with one platform of one layer, a further platform with a
    layer, a further layer."""
    found = costs["units"]

    def counts(tag, part):
        return {kind: found[tag][part].get(kind, 0) for kind, _ in KINDS}

    small, layers, platforms = (counts(tag, "run") for tag in ("small", "layers", "platforms"))
    plans = [counts(tag, "plan") for tag in ("small", "platforms")]
    # A run of the command asks for the list of tags of the source and of the ledger once: not per image.
    once = {"source GET": 1, "target GET": 2}
    plan = {kind: max(0, plans[0][kind] - once.get(kind, 0)) for kind, _ in KINDS}
    further = {kind: (layers[kind] - small[kind]) / 2 for kind, _ in KINDS}
    return {
        "plan": plan,
        "plan platform": {kind: (plans[1][kind] - plans[0][kind]) / 2 for kind, _ in KINDS},
        "image": {kind: max(0, small[kind] - (2 if kind == "target GET" else 0)) for kind, _ in KINDS},
        "platform": {kind: (platforms[kind] - small[kind]) / 2 for kind, _ in KINDS},
        "layer": further,
    }


def first(unit, o, images, tags):
    """Requests by kind of a run that converts so many images, under so many tags; and of its plan."""
    total = {}
    for kind, _ in KINDS:
        planned = unit["plan"][kind] * tags + unit["plan platform"][kind] * images * (o.platforms - 1)
        done = images * (unit["image"][kind] + unit["platform"][kind] * (o.platforms - 1)
                         + unit["layer"][kind] * o.platforms * (o.layers - 1))
        total[kind] = planned + done
    # A further tag of the same image is asked for and set.
    total["target HEAD"] += tags - images
    total["target write"] += tags - images
    return total


def night(tags):
    """Nothing is new: a HEAD of the source and of the target for each tag."""
    return {kind: tags if kind in ("source HEAD", "target HEAD") else 0 for kind, _ in KINDS}


def hours(o, requests, writes, megabytes, processor):
    """The slowest of four: what a job waits and computes, the cores, the line, the target."""
    slowest = max((requests * o.latency + processor) / o.jobs, processor / o.cores, megabytes / o.net)
    return max(slowest / o.shards, writes / o.bears) / 3600


def number(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def hour(value):
    return f"{value:.1f} h" if value >= 1 else f"{value * 60:.0f} min" if value >= 1 / 60 else f"{value * 3600:.0f} s"


def tables(costs, o):
    unit = units(costs)
    lines = ["| requests | a tag in a plan | an image, one platform with one layer | a further platform with a layer "
             "| a further layer |", "|---|---|---|---|---|"]
    for kind, name in KINDS:
        cells = [unit[part][kind] for part in ("plan", "image", "platform", "layer")]
        lines.append(f"| {name} | " + " | ".join(number(c) for c in cells) + " |")
    sums = [sum(unit[part].values()) for part in ("plan", "image", "platform", "layer")]
    lines.append("| **together** | " + " | ".join(f"**{number(c)}**" for c in sums) + " |")
    small, large = costs["plans"]
    nights = costs["nights"]

    def memory(a, b, member="mebibytes"):
        """On a straight line through two measurements."""
        return a[member] + (b[member] - a[member]) / (b["tags"] - a["tags"]) * (o.tags - a["tags"])

    alone = costs["alone"]
    per_mb = alone["processor"] / (alone["received"] / 1e6)
    lines += ["", "| measured | |", "|---|---|",
              f"| processor time for a compressed MB | {per_mb * 1000:.0f} ms |",
              f"| a plan of {large['tags']:,} tags | {large['seconds']:.0f} s, {large['mebibytes']:.0f} MiB, "
              f"{large['plan_bytes'] / 1e6:.1f} MB |",
              f"| a night without news over {nights[1]['tags']:,} tags, one process | {nights[1]['seconds']:.0f} s, "
              f"{nights[1]['requests']:,} requests, {nights[1]['mebibytes']:.0f} MiB |",
              f"| {costs['first']['images']} images by one process | {costs['first']['seconds']:.0f} s, "
              f"{costs['first']['requests']:,} requests, {costs['first']['mebibytes']:.0f} MiB |"]

    own, shared = o.images * o.platforms * o.own_mb, o.bases * o.platforms * o.base_mb
    rows = []
    for name, requests, megabytes, stored in [
        ("first run", first(unit, o, o.images, o.tags), 2 * own + shared * (1 + min(o.shards, 8)), own + shared),
        ("a night without news", night(o.tags), 0, 0),
        (f"a night with {o.new:.0%} new", {
            kind: night(o.tags)[kind] + first(unit, o, o.images * o.new, o.tags * o.new)[kind] for kind, _ in KINDS},
         2 * own * o.new + shared * o.new * 9, (own + shared) * o.new),
    ]:
        total = sum(requests.values())
        source = sum(v for k, v in requests.items() if k.startswith("source"))
        rows.append(f"| {name} | {number(source)} | {number(requests['source pull'])} | {number(total - source)} | "
                    f"{megabytes / 1e6:.1f} TB | {stored / 1e6:.2f} TB | "
                    f"{hour(hours(o, total, total - source, megabytes, megabytes / 2 * per_mb))} |")
    lines += ["", f"{o.tags:,} tags of {o.images:,} images, {o.platforms} platforms of {o.layers} layers, "
              f"{o.own_mb:.0f} MB of a platform its own; {o.bases:,} sets of shared layers of {o.base_mb:.0f} MB a platform; "
              f"{o.shards} shards of {o.jobs} jobs on {o.cores} cores, {o.latency * 1000:.0f} ms a request, "
              f"{o.net:.0f} MB/s each; a target that bears {o.bears:,.0f} requests a second:", "",
              "| | requests to sources | of them pulls | requests to the target | bytes moved | storage added | hours a shard |",
              "|---|---|---|---|---|---|---|", *rows, "",
              f"Memory, beside what layers need: {memory(small, large):.0f} MiB to plan all of it "
              f"({o.tags * large['plan_bytes'] / large['tags'] / 1e6:.0f} MB of JSON), "
              f"{memory(small, large, 'shard_mebibytes'):.0f} MiB for a shard that reads that plan, "
              f"{memory(*nights):.0f} MiB for a night without news that plans for itself. "
              f"The ledger's list of tags: {o.images * 111 / 1e6:.0f} MB. Making the plan comes before the shards and "
              f"takes {hour(o.tags * large['seconds'] / large['tags'] / 3600)} at the measured pace."]
    return lines


def main():
    o = options()
    with open(o.costs) as file:
        lines = tables(json.load(file), o)
    if not o.document:
        print("\n".join(lines))
        return
    with open(o.document) as file:
        head, _, rest = file.read().partition(BEGIN + "\n")
    tail = rest.partition(END)[2]
    with open(o.document, "w") as file:
        file.write(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + tail)


if __name__ == "__main__":
    main()
