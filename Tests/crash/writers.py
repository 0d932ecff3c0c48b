"""Many writers on one layout: writers.py WORK WRITERS ROUNDS.

Every writer converts a small image under a name of its own, again and again, all at once, and
every other name twice. In the end each name has to be there, each once, with the one digest that
a single writer gives, every blob sound and nothing left over."""

import collections
import concurrent.futures
import hashlib
import json
import os
import shutil
import subprocess
import sys

from scene import DEROOT, SECONDS, run

NAME = "org.opencontainers.image.ref.name"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))


def make_source(path, writer):
    """A small image of its own for each writer, so that blobs differ as well."""
    import layout

    made = layout.Writer(path)
    header = layout.header(f"srv/writer-{writer}", 0o4755)
    image = made.image(header + bytes(1024), {"Cmd": [f"/srv/writer-{writer}"]})
    made.publish(image, "v")


def write(source, out, writer, rounds):
    problems = []
    for number in range(rounds):
        # Half of the names are written a second time at once: an entry that is replaced is not two.
        for _ in range(1 + number % 2):
            name = f"writer-{writer}-round-{number}"
            done = run([DEROOT, "convert", "-q", f"oci:{source}:v", f"oci:{out}:{name}"])
            if done.returncode != 0:
                problems.append(f"{name}: {done.stderr.decode('utf-8', 'replace')[-200:]}")
    return problems


def main(work, writers, rounds):
    writers, rounds = int(writers), int(rounds)
    folder = os.path.join(work, "writers")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    out = os.path.join(folder, "out")
    sources, wanted = [], {}
    for writer in range(writers):
        source = os.path.join(folder, f"source-{writer}")
        make_source(source, writer)
        sources.append(source)
        alone = os.path.join(folder, f"alone-{writer}")
        done = run([DEROOT, "convert", "-q", f"oci:{source}:v", f"oci:{alone}:v"], stdout=subprocess.PIPE)
        assert done.returncode == 0, done.stderr
        wanted[writer] = done.stdout.decode().strip().rpartition("@")[2]
    problems = []
    with concurrent.futures.ThreadPoolExecutor(writers) as pool:
        jobs = [pool.submit(write, s, out, w, rounds) for w, s in enumerate(sources)]
        for job in jobs:
            problems += job.result()
    with open(os.path.join(out, "index.json")) as file:
        entries = json.load(file)["manifests"]
    found = collections.Counter((e["annotations"][NAME], e["digest"]) for e in entries)
    lost = 0
    for writer in range(writers):
        for number in range(rounds):
            key = (f"writer-{writer}-round-{number}", wanted[writer])
            if found.pop(key, 0) != 1:
                lost += 1
    for path, _, files in os.walk(os.path.join(out, "blobs", "sha256")):
        for name in files:
            with open(os.path.join(path, name), "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != name:
                    problems.append(f"blob {name} is spoilt")
    litter = [n for n in os.listdir(out) if n not in ("index.json", "oci-layout", "blobs")]
    litter += [n for n in os.listdir(folder) if n.startswith(".")]
    for what in problems + [f"left over: {n}" for n in litter] + [f"too much: {k}" for k in found]:
        print(f"FAIL {what}")
    failures = len(problems) + len(litter) + len(found) + lost
    count = writers * rounds
    print(f"figure writers: {writers} writers, {rounds} rounds each, {count} names, {lost} lost")
    print(f"{count - min(count, failures)} passed, {failures} failed")
    shutil.rmtree(folder, ignore_errors=True)
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
