"""Measures deroot against umoci, buildah and a bound; run.sh calls it.

Every figure is the median of runs that take turns, so that a slow minute of the machine hits all of
them. Wall time includes the start of the program, reading, writing and fsync of the result; the
sources are in the page cache. Peak memory is the kernel's, of the largest process."""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

from chart import chart

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(HERE)
WORK, DEROOT = os.environ["DEROOT_WORK"], os.environ["DEROOT"]
IMAGES = os.path.join(WORK, "images")
OUT = os.path.join(WORK, "bench")
RUNS, PEER_RUNS = int(os.environ.get("RUNS", 5)), int(os.environ.get("PEER_RUNS", 2))
REGISTRY_RUNS = int(os.environ.get("REGISTRY_RUNS", 9))
PEERS = ("umoci", "buildah")

# name, image, options of deroot, directories for the peers, goal against the bound, goal against
# the faster peer (1/8: an eighth of its time); None where no goal is set.
CASES = (
    ("nginx", "nginx", ["--own", "/var/log/nginx"], ["/var/log/nginx", "/var/lib/nginx", "/usr/share/nginx"], 1.5, 8),
    ("postgres", "postgres", ["--own", "/var/log/postgresql"], ["/var/log/postgresql", "/var/lib/postgresql"], 1.5, 4),
    ("base, `--own /`", "base", ["--own", "/"], None, 3.0, None),
    ("nginx, `--dry-run`", "nginx", ["--dry-run", "--own", "/var/log/nginx"], None, 1.2, None),
    ("postgres, `--dry-run`", "postgres", ["--dry-run"], None, 1.2, None),
    ("nginx, `check`", "nginx", ["check"], None, 1.2, None),
    ("postgres, `check`", "postgres", ["check"], None, 1.2, None),
)


class Failed(Exception):
    """A program under measurement did not do its job."""


class Samples:
    """Runs of one command: wall and processor seconds, peak KiB, bytes of the result."""

    def __init__(self):
        self.seconds, self.processor, self.peaks, self.size = [], [], [], None

    def run(self, command, result=None):
        shutil.rmtree(OUT, ignore_errors=True)
        os.makedirs(OUT)
        peak = os.path.join(WORK, "bench.peak")
        began = time.perf_counter()
        run = subprocess.run(
            ["/usr/bin/time", "-q", "-f", "%M %U %S", "-o", peak, *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.seconds.append(time.perf_counter() - began)
        if run.returncode != 0:
            raise Failed(f"{' '.join(command)}: {run.stderr.decode('utf-8', 'replace')[-500:]}")
        with open(peak) as file:
            kibibytes, user, system = file.read().split()
        self.peaks.append(int(kibibytes))
        self.processor.append(float(user) + float(system))
        if result:
            self.size = layers_size(result, "nonroot")

    @property
    def median(self):
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def cpu(self):
        return statistics.median(self.processor) if self.processor else None

    @property
    def peak(self):
        return max(self.peaks) / 1024 if self.peaks else None


def layers_size(layout, tag):
    """Compressed bytes of the layers of a tag."""
    with open(os.path.join(layout, "index.json")) as file:
        found = json.load(file)["manifests"]
    name = "org.opencontainers.image.ref.name"
    chosen = next(d for d in found if (d.get("annotations") or {}).get(name) == tag)
    with open(os.path.join(layout, "blobs", *chosen["digest"].split(":"))) as file:
        return sum(layer["size"] for layer in json.load(file)["layers"])


def warm(layout):
    for folder, _, files in os.walk(layout):
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                while file.read(1 << 20):
                    pass


def measure_case(case):
    name, image, options, directories, _, _ = case
    layout, script = os.path.join(IMAGES, image), os.path.join(HERE, "peers.sh")
    found = {tool: Samples() for tool in ("deroot", "bound", *PEERS)}
    target = os.path.join(OUT, "image")
    job = [DEROOT, "convert", f"oci:{layout}:latest", f"oci:{target}:nonroot", *options]
    if options == ["check"]:
        job = [DEROOT, "check", f"oci:{layout}:latest", "--fail-on", "never"]
    written = None if options == ["check"] or "--dry-run" in options else target
    for turn in range(max(RUNS, PEER_RUNS)):
        warm(layout)
        if turn < RUNS:
            found["deroot"].run(job, written)
            found["bound"].run([script, "bound", layout])
        if turn < PEER_RUNS and directories is not None:
            for peer in PEERS:
                found[peer].run([script, peer, layout, OUT, *directories], target)
        progress(f"{name}: turn {turn + 1}")
    found["source size"] = layers_size(layout, "latest")
    return found


def measure_single(image, options, runs=2):
    samples, layout = Samples(), os.path.join(IMAGES, image)
    warm(layout)
    target = os.path.join(OUT, "image")
    for _ in range(runs):
        samples.run([DEROOT, "convert", f"oci:{layout}:latest", f"oci:{target}:nonroot", *options])
        progress(f"{image} {' '.join(options)}")
    return samples


def measure_version():
    samples = Samples()
    for _ in range(20):
        samples.run([DEROOT, "--version"])
    return samples


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def number(value, digits=2):
    return "–" if value is None else f"{value:.{digits}f}"


def verdict(value, limit):
    if value is None or limit is None:
        return number(value)
    return f"{value:.2f} {'✓' if value <= limit else '✗'} (goal {limit:g})"


def case_rows(cases):
    rows = [
        "| case | deroot s | bound s | deroot / bound | umoci s | buildah s | faster peer / deroot | peak MiB | result size |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for case, found in cases:
        name, _, _, _, bound_goal, peer_goal = case
        own, bound = found["deroot"].median, found["bound"].median
        peers = [found[peer].median for peer in PEERS if found[peer].median]
        faster = min(peers) / own if peers and own else None
        against = number(faster, 1)
        if faster and peer_goal:
            against += f" {'✓' if faster >= peer_goal else '✗'} (goal {peer_goal})"
        size, source = found["deroot"].size, found["source size"]
        grown = f"{100 * (size - source) / source:+.2f} %" if size else "–"
        cells = [name, number(own), number(bound), verdict(own / bound if own else None, bound_goal)]
        cells += [number(found["umoci"].median, 1), number(found["buildah"].median, 1), against]
        cells += [number(found["deroot"].peak, 0), grown]
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def peer_rows(cases):
    rows = [
        "| case | tool | median s | fastest s | slowest s | CPU s | runs | peak MiB | result size |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (name, *_), found in cases:
        for tool in ("deroot", "bound", *PEERS):
            samples = found[tool]
            if not samples.seconds:
                continue
            size = f"{samples.size / 1e6:.1f} MB" if samples.size else "–"
            cells = [name, tool, number(samples.median), number(min(samples.seconds)), number(max(samples.seconds))]
            cells.append(number(samples.cpu))
            rows.append("| " + " | ".join(cells + [str(len(samples.seconds)), number(samples.peak, 0), size]) + " |")
    return rows


def measure_registry():
    """The figures of registry.sh: pull, convert and push beside skopeo's copy."""
    figures = os.path.join(WORK, "bench.registry")
    command = [os.path.join(HERE, "registry.sh")]
    environment = dict(os.environ, RUNS=str(REGISTRY_RUNS), IMAGE="nginx", FIGURES=figures)
    run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    if run.returncode != 0:
        raise Failed(f"registry.sh: {run.stderr.decode('utf-8', 'replace')[-500:]}")
    progress("registry")
    with open(figures) as file:
        return json.load(file)


def registry_rows(found):
    own, other = found["deroot"], found["skopeo"]
    cells = ["nginx", number(own["median"]), number(other["median"]), verdict(own["median"] / other["median"], 1.6)]
    cells += [number(own["cpu"]), number(other["cpu"]), f"{verdict(own['peak'], 96)} MiB"]
    return [
        "Pull, convert and push between two registries on loopback, beside `skopeo copy` of the same image:",
        "",
        "| case | deroot s | skopeo s | deroot / skopeo | deroot CPU s | skopeo CPU s | deroot's peak |",
        "|---|---|---|---|---|---|---|",
        "| " + " | ".join(cells) + " |",
    ]


def other_rows(big, million, small, version):
    entries = 1_000_000
    micros = million.median * 1e6 / entries
    footprint = (million.peak - small.peak) * (1 << 20) / entries
    return [
        "| case | figure | goal |",
        "|---|---|---|",
        f"| 2 GiB layer, `convert` | {big.median:.2f} s, peak {verdict(big.peak, 64)} MiB | RSS ≤ 64 MiB |",
        f"| layer of 1,000,000 entries, `--dry-run` | {verdict(micros, 3)} µs an entry, all in "
        f"({million.cpu * 1e6 / entries:.2f} µs of CPU) | ≤ 3 µs |",
        f"| the same, memory above a small image's | {verdict(footprint, 300)} bytes an entry | ≤ 300 |",
        f"| `deroot --version` | {verdict(version.median * 1000, 15)} ms | ≤ 15 ms |",
    ]


def command_output(*command):
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return run.stdout.decode("utf-8", "replace").strip().splitlines()[0]
    except (OSError, IndexError):
        return "?"


def machine():
    model = "?"
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), model)
    tools = [command_output("umoci", "--version"), command_output("buildah", "--version")]
    tools += [command_output("openssl", "version"), command_output("igzip", "--version")]
    load = f"load average {os.getloadavg()[2]:.1f} over the last quarter of an hour"
    return f"{os.cpu_count()} cores ({model}), Linux {platform.release()}, {load}; " + "; ".join(tools)


def publish(text):
    path = os.path.join(REPO, "docs", "performance.md")
    begin, end = "<!-- bench:begin -->", "<!-- bench:end -->"
    page = f"# Performance\n\n{begin}\n{end}\n"
    if os.path.exists(path):
        with open(path) as file:
            page = file.read()
    head, _, rest = page.partition(begin)
    tail = rest.partition(end)[2]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(f"{head}{begin}\n{text}\n{end}{tail}")


def main():
    # Before the first run: the benchmark's own load is not the machine's.
    where = machine()
    cases = [(case, measure_case(case)) for case in CASES]
    big, million = measure_single("big2g", []), measure_single("million", ["--dry-run"])
    small, version = measure_single("base", ["--dry-run"]), measure_version()
    registry = measure_registry()
    text = "\n".join(
        [f"Measured on {where}. Medians of {RUNS} runs (peers: {PEER_RUNS}), page cache warm.", ""]
        + ["![Times of deroot and its peers](performance.svg)", ""]
        + case_rows(cases)
        + [""]
        + other_rows(big, million, small, version)
        + [""]
        + registry_rows(registry)
        + ["", "All figures:", ""]
        + peer_rows(cases)
    )
    print(text)
    publish(text)
    with open(os.path.join(REPO, "docs", "performance.svg"), "w") as file:
        file.write(chart([(case[0].replace("`", ""), found) for case, found in cases if found["umoci"].seconds]))
    shutil.rmtree(OUT, ignore_errors=True)


if __name__ == "__main__":
    main()
