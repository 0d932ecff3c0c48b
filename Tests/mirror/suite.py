"""deroot mirror as its users run it, against a real registry: suite.py short|long [PART...]."""

import bisect
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import checks
import engines
import images
import proxy
import registry
import scale
import slurm
from checks import check, figure, same, section

DEROOT = os.path.abspath(os.environ["DEROOT"])
WORK = os.environ["DEROOT_WORK"]
HERE = os.path.dirname(os.path.abspath(__file__))
PLAIN = ["--tls-verify=false"]
FORMS = {
    "short": {"images": 60, "base": 1_500_000, "own": 60_000, "alone": 8, "tags": 2_000, "mirrored": 20},
    "long": {"images": 500, "base": 8_000_000, "own": 600_000, "alone": 24, "tags": 20_000, "mirrored": 60},
}

Run = collections.namedtuple("Run", "status seconds mebibytes processor summary lines error")


def mirror(*arguments, environment=None):
    """One run of `deroot mirror run`, with what it printed and needed."""
    began = time.monotonic()
    done = subprocess.run(
        ["/usr/bin/time", "-q", "-f", "@ %M %U %S", DEROOT, "mirror", "run", *PLAIN, "--format", "json", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
    seconds = time.monotonic() - began
    error, _, needed = done.stderr.rpartition("@ ")
    kibibytes, user, system = needed.split()
    summary = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    lines = {item["source"].split("/", 1)[1]: item for item in summary.get("missing", [])}
    return Run(done.returncode, seconds, int(kibibytes) / 1024, float(user) + float(system), summary, lines, error)


def config(folder, name, place, target, allow="^team/", source=None, more=""):
    path = f"{folder}/{name}.yaml"
    with open(path, "w") as file:
        file.write(f"version: 1\ndefaults: {{target: {place}/{target}{more}}}\nsources:\n"
                   f"  - registry: {source or place}\n    repos: {{allow: ['{allow}']}}\n")
    return path


def is_roomy(folder, size):
    """Whether there is room, and programs may be run there."""
    if not os.path.isdir(folder):
        return False
    return shutil.disk_usage(folder).free > size and not os.statvfs(folder).f_flag & os.ST_NOEXEC


def moving(requests):
    """Those requests that move or place blobs; HEADs only ask."""
    return [r for r in requests if "/blobs/" in r.path and r.method != "HEAD"]


class Suite:
    deroot, plain = DEROOT, PLAIN

    def __init__(self, form):
        self.form, self.sizes = form, FORMS[form]
        self.folder = tempfile.mkdtemp(prefix="mirror.", dir="/dev/shm" if is_roomy("/dev/shm", 6 << 30) else WORK)
        os.makedirs(f"{self.folder}/registry")
        self.registry = registry.Registry(f"{self.folder}/registry")
        self.place = self.registry.name

    def prepare(self):
        section("images")
        self.expected = images.push(self.place, self.sizes["images"], self.sizes["base"], self.sizes["own"])
        self.bytes = self.registry.size()[0]
        self.registry.requests()

    def serial(self):
        """Everything in one process: what is made of each image, what it costs, and what a second run does."""
        section("one process")
        file = config(self.folder, "serial", self.place, "serial")
        log, metrics, page = (f"{self.folder}/serial.{kind}" for kind in ("jsonl", "prom", "html"))
        first = mirror("-f", file, "--jobs", "4", "--log", log, "--metrics", metrics, "--html", page)
        requests = self.registry.requests()
        good, poisoned = self.expected["good"], self.expected["poisoned"]
        same("refused images make exit 1", 1, first.status)
        same("all good images are converted", len(good), first.summary.get("images", {}).get("converted"))
        same("all poisoned images are listed, and no other", set(poisoned), set(first.lines))
        with open(log) as lines:
            events = [json.loads(line) for line in lines]
        kinds = collections.Counter(event["event"] for event in events)
        same("the log has a line for every image, and a summary", (len(good) + len(poisoned), 1),
             (kinds["image"], kinds["summary"]))
        with open(metrics) as text:
            check("the metrics count them", f'outcome="converted"}} {len(good)}\n' in text.read())
        tags = self.registry.tags("serial")
        mirrored = {t: d for t, d in tags.items() if not t.startswith("deroot-ledger:")}
        same("every tag of a good image is there", self.expected["tags"] - len(poisoned), len(mirrored))
        reads = self.reads(requests)
        same("each shared base is read once", {d: 1 for d in reads}, reads)
        made = self.written_bases(tags)
        same("each shared base has one converted form", [1] * images.BASES, [len(m) for m in made])
        self.forms = [digest for form in made for digest in form]
        same("each converted base is sent once, whatever the repositories", {d: 1 for d in self.forms},
             self.sendings(requests))
        with open(page) as written:
            text = written.read()
        check("the dashboard is one file without scripts", "<script" not in text and " src=" not in text)
        same("it names all poisoned images", [], [n for n in poisoned if n.split(":")[1] not in text])
        check("at most 256 MiB", first.mebibytes <= 256, f"{first.mebibytes:.0f} MiB")
        count = len(good) + len(poisoned)
        figure("first run", f"{count} images ({self.expected['platforms']} platforms, {self.bytes / 1e6:.0f} MB): "
               f"{len(good)} converted, {len(poisoned)} refused in {first.seconds:.1f} s, "
               f"{first.processor:.1f} s of processor time, {first.mebibytes:.0f} MiB, {len(requests)} requests")
        self.first, self.tags, self.first_requests = first, tags, requests
        self.second(file)

    def reads(self, requests):
        """How often each base was fetched."""
        return {d: sum(r.method == "GET" and r.status == 200 and r.path.endswith(d) for r in requests)
                for d in self.expected["bases"]}

    def sendings(self, requests):
        """How often each converted base was sent."""
        sent = collections.Counter(r.path.partition("digest=")[2].replace("%3A", ":") for r in requests
                                   if r.method == "PUT" and "/blobs/uploads/" in r.path)
        return {d: sent[d] for d in self.forms}

    def written_bases(self, tags):
        """For each base the digests of its converted forms, as the results' manifests name them."""
        forms = [set() for _ in range(images.BASES)]
        for name in self.expected["good"]:
            repository, tag = name.split(":")
            number = int(tag.split(".")[1])
            for manifest in self.manifests(f"serial/{repository}", tags.get(f"{repository}:{tag}")):
                forms[number % images.BASES].add(manifest["layers"][0]["digest"])
        return forms

    def manifests(self, repository, digest):
        if not digest:
            return
        hexadecimal = digest.split(":")[1]
        path = f"{self.registry.root}/docker/registry/v2/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data"
        with open(path) as file:
            document = json.load(file)
        if "manifests" in document:
            for child in document["manifests"]:
                yield from self.manifests(repository, child["digest"])
        else:
            yield document

    def verify(self):
        section("verify")
        bad = []

        def work(names):
            for name in names:
                done = subprocess.run(
                    [DEROOT, "verify", "-q", *PLAIN, f"docker://{self.place}/{name}",
                     f"docker://{self.place}/serial/{name}"],
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                if done.returncode:
                    bad.append(f"{name}: exit {done.returncode} {done.stdout[-300:]}")

        good = self.expected["good"]
        cores = os.cpu_count() or 1
        threads = [threading.Thread(target=work, args=(good[i::cores],)) for i in range(cores)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check(f"deroot verifies all {len(good)} results", not bad, bad[:3])
        for name in (good[0], good[3], good[-1]):
            done = subprocess.run(["skopeo", "inspect", "--tls-verify=false", f"docker://{self.place}/serial/{name}"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            same(f"skopeo reads {name}", 0, done.returncode) or print(done.stdout)
        self.registry.requests()

    def second(self, file):
        """Nothing has changed: questions only."""
        runs = []
        for _ in range(5):
            runs.append(mirror("-f", file, "--jobs", "4"))
            requests = self.registry.requests()
        best = min(runs, key=lambda run: run.seconds)
        same("a second run lists the same", set(self.first.lines), set(best.lines))
        same("a second run sends nothing", 0, best.summary["bytes"]["sent"])
        same("a second run moves no blob", [], moving(requests)[:3])
        heads = sum(r.method == "HEAD" for r in requests)
        tags = self.expected["tags"]
        most = tags + len(self.tags)
        check("a second run asks once for each tag of source and target", heads <= most, f"{heads} HEADs, {most} tags")
        share = best.seconds / self.first.seconds
        if self.form == "long":
            check("a second run takes less than 5 % of the first", share < 0.05, f"{share:.1%}")
        same("a second run changes no tag", self.tags, self.registry.tags("serial"))
        figure("second run", f"{share:.1%} of the first run's time ({best.seconds:.2f} s), {len(requests)} requests, "
               f"{sum(r.bytes for r in requests if r.method == 'GET') / 1000:.0f} kB received")
        self.again, self.again_requests = best, requests

    def plan(self, name, shards, place=None, **more):
        path = f"{self.folder}/{name}-plan.json"
        done = subprocess.run(
            [DEROOT, "mirror", "plan", *PLAIN, "-f", config(self.folder, name, place or self.place, name, **more),
             "--shards", str(shards), "-o", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        check(f"a plan for {name}", done.returncode == 0, done.stdout)
        return path

    def killed(self):
        """Four processes that are killed at random and started again until they end by themselves."""
        section("four processes and kills")
        plan = self.plan("killed", 4)
        same("a shard of another plan is refused", 64, mirror("--plan", plan, "--shard", "1/3").status)
        same("an index without a total is refused", 64,
             mirror("--plan", plan, environment={"JOB_COMPLETION_INDEX": "0"}).status)
        same("neither did anything", {}, self.registry.tags("killed"))
        rng = random.Random(7)
        # The first blows fall early, later ones within what a shard takes: most hit something half done.
        span = max(0.4, self.first.seconds / 4)
        waits = [[rng.uniform(0.02, span / 3), rng.uniform(0.02, span / 3)] + [rng.uniform(0.02, span) for _ in range(6)]
                 for _ in range(4)]
        kills, statuses = [0] * 4, [None] * 4

        def shard(index):
            for wait in waits[index] + [None]:
                process = subprocess.Popen(
                    [DEROOT, "mirror", "run", *PLAIN, "--plan", plan, "--jobs", "2", "-q"],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    env={**os.environ, "DEROOT_SHARD_INDEX": str(index), "DEROOT_SHARD_COUNT": "4"})
                try:
                    statuses[index] = process.wait(wait)
                    return
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    kills[index] += 1

        workers = [threading.Thread(target=shard, args=(i,)) for i in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        check("processes were killed", sum(kills) >= 4, kills)
        check("each process ended by itself at last", set(statuses) <= {0, 1}, statuses)
        same("tags and ledger are those of the serial run", self.tags, self.registry.tags("killed"))
        done = subprocess.run([DEROOT, "mirror", "status", *PLAIN, "--plan", plan], stdout=subprocess.PIPE, text=True)
        same("status says so", f"{len(self.expected['good'])} done, 0 untagged, {len(self.expected['poisoned'])} refused, "
             "0 open", done.stdout.split("\n")[0])
        figure("kills", f"4 processes, {sum(kills)} SIGKILLs: tags and ledger equal to a serial run's")
        self.registry.requests()

    def terminated(self):
        """A process that is told to end says what it has done, and the next one does the rest."""
        section("SIGTERM")
        file = config(self.folder, "terminated", self.place, "terminated")
        log, metrics, page = (f"{self.folder}/terminated.{kind}" for kind in ("jsonl", "prom", "html"))
        process = subprocess.Popen(
            [DEROOT, "mirror", "run", *PLAIN, "-f", file, "--jobs", "1", "-q", "--log", log, "--metrics", metrics,
             "--html", page], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

        def events():
            if not os.path.exists(log):
                return []
            with open(log) as lines:
                return [json.loads(line) for line in lines if line.endswith("\n")]

        until = time.monotonic() + 60
        while sum(e["event"] == "image" for e in events()) < 3 and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        error = process.communicate(timeout=60)[1]
        waited = time.monotonic() - began
        # It is to take two; a busy machine gets more.
        check("within 10 seconds", waited < 10, f"{waited:.1f} s")
        found = events()
        ended = collections.Counter(e["outcome"] for e in found if e["event"] == "image")
        same("it ends as terminated, and says how far it came",
             (143, f"deroot: terminated after {sum(ended.values())} of "), (process.returncode, error.split(" of ")[0] + " of "))
        check("in the middle of its work", 3 <= sum(ended.values()) < self.expected["tags"], ended)
        same("the log ends with a summary of what was done", ("summary", 143, ended["converted"]),
             (found[-1]["event"], found[-1].get("exit"), found[-1].get("images", {}).get("converted")))
        with open(metrics) as text:
            text = text.read()
        check("so do the metrics", f'outcome="converted"}} {ended["converted"]}\n' in text
              and 'exit_status{shard="0"} 143\n' in text, text[:500])
        with open(page) as text:
            text = text.read()
        names = [e["tags"][0] for e in found if e["event"] == "image"]
        same("and the dashboard", [], [n for n in names if n not in text])
        done = mirror("-f", file, "--jobs", "4")
        reused = done.summary.get("images", {}).get("reused", -1)
        same("the next run ends as on a quiet day", 1, done.status)
        # One more may have been at its end when the signal came, and was not told of.
        check("it does the rest", ended["converted"] <= reused <= ended["converted"] + 1, (ended, reused))
        same("tags and ledger are those of the serial run", self.tags, self.registry.tags("terminated"))
        self.registry.requests()

    def shards(self):
        """What one shard has made, the next ones use: through the ledger, and through a folder."""
        section("one shard after the other")
        for name, more in (("ledger", []), ("cache", ["--cache", f"{self.folder}/cache"])):
            plan = self.plan(f"by-{name}", 4)
            self.registry.requests()
            statuses = {mirror("--plan", plan, "--shard", f"{n}/4", "--jobs", "4", *more).status for n in range(1, 5)}
            requests = self.registry.requests()
            check(f"{name}: all shards ended", statuses <= {0, 1}, statuses)
            reads, sent = self.reads(requests), self.sendings(requests)
            if more:
                same("cache: each base is read once", {d: 1 for d in reads}, reads)
            same(f"{name}: each converted base is sent once", {d: 1 for d in self.forms}, sent)
            same(f"{name}: tags and ledger are those of the serial run", self.tags, self.registry.tags(f"by-{name}"))

    def paces(self):
        """The limits that mirror.yaml sets, as a registry sees them."""
        section("limits of mirror.yaml")
        rate = 60
        name, moods = proxy.start(self.place, length=0)
        done = mirror("-f", config(self.folder, "rate", name, "rate", "^team/app0$", more=f", requests-per-second: {rate}"),
                      "--jobs", "2")
        same("it ends as without a limit", 1, done.status)
        times = sorted(moods.times)
        most = max(bisect.bisect_left(times, moment + 1) - place for place, moment in enumerate(times))
        pace = (len(times) - 1) / (times[-1] - times[0])
        # In a single second more may arrive, where the machine had stood still; not over all of it.
        check(f"at most {rate} requests a second", most <= 2 * rate and pace <= 1.05 * rate, f"{most}, {pace:.1f} on average")
        figure("requests-per-second", f"{rate} asked for, {most} at most in a second, {len(times)} in all")
        name, moods = proxy.start(self.place, length=0, quota=30)
        file = config(self.folder, "quota", self.place, "quota", "^team/app0$", source=name,
                      more=", ratelimit: {min: 8, retry: 1s}")
        done = mirror("-f", file, "--jobs", "4")
        same("it ends as without a quota", 1, done.status)
        same("all are converted", len([n for n in self.expected["good"] if n.startswith("team/app0:")]),
             done.summary.get("images", {}).get("converted"))
        check("pulls are left to others", min(moods.left.values()) >= 8, moods.left)
        figure("ratelimit", f"30 pulls in {moods.window} s, 8 to be left: {min(moods.left.values())} were")
        self.registry.requests()

    def bursts(self):
        """A registry that answers 429 and 5xx in bursts and cuts connections, as source and target."""
        section("a registry in a bad mood")
        name, moods = proxy.start(self.place, every=len(self.first_requests) // 6)
        file = config(self.folder, "bursts", name, "bursts")
        runs = []
        while len(runs) < 8 and (not runs or runs[-1].status == 75):
            runs.append(mirror("-f", file, "--jobs", "4"))
        last = runs[-1]
        same("it ends as on a quiet day", 1, last.status)
        same("only the poisoned are missing", set(self.expected["poisoned"]), set(last.lines))
        refused = sum(n for k, n in moods.counts.items() if k != "passed")
        check("there were bursts", refused >= 5 and moods.counts["429"] + moods.counts["503"] >= 2, moods.counts)
        same("nothing was asked while a Retry-After ran", [], moods.breaches[:5])
        same("tags and ledger are those of a quiet day", self.tags, self.registry.tags("bursts"))
        figure("bursts", f"{moods.counts['passed']} requests passed, {refused} did not ({moods.counts['429']} times 429, "
               f"{moods.counts['503']} times 503, {moods.counts['cut']} cut), {len(moods.breaches)} requests while a "
               f"Retry-After ran; {len(runs)} runs, {sum(r.seconds for r in runs):.0f} s")
        self.registry.requests()

    def array(self):
        """deploy/slurm/mirror.sbatch as an array of eight on a Slurm of this machine; two tasks fail at first."""
        section("a Slurm array")
        plan = self.plan("array", 8)
        wrapper = f"{self.folder}/deroot-at-first"
        with open(wrapper, "w") as file:
            # Task 2 finds no way to the registry at first, task 5 is killed in the middle, or at the end
            # of its work where the machine is fast.
            file.write(f"""#!/bin/sh
case $SLURM_ARRAY_TASK_ID-${{SLURM_RESTART_COUNT:-0}} in
2-0) export HTTP_PROXY=http://127.0.0.1:9 http_proxy=http://127.0.0.1:9; exec {DEROOT} "$@" --retry-times 0 ;;
5-0) timeout -s KILL 0.15 {DEROOT} "$@"; exit 137 ;;
*) exec {DEROOT} "$@" ;;
esac
""")
        os.chmod(wrapper, 0o755)
        try:
            cluster = slurm.Cluster(f"{self.folder}/slurm")
        except RuntimeError as error:
            check("a Slurm cluster of one machine", False, error)
            return
        try:
            status, job = cluster.ask(
                "sbatch", "--parsable", "--array=0-7", f"--output={self.folder}/array-%a.log",
                f"{HERE}/../../deploy/slurm/mirror.sbatch", plan, DEROOT=wrapper,
                DEROOT_ARGUMENTS="--tls-verify=false --jobs 2")
            same("sbatch takes the array", 0, status)
            tasks = cluster.run(job.strip())
        finally:
            cluster.stop()
        with open(plan) as file:
            items = json.load(file)["items"]
        bad = {i["shard"] for i in items if i["source"].split("/", 1)[1] in self.expected["poisoned"]}
        wanted = {t: ("FAILED", 1) if t in bad else ("COMPLETED", 0) for t in range(8)}
        same("each task ends as its images say", wanted, {t: s[:2] for t, s in tasks.items()})
        if not same("two tasks went back into the queue", {2: 1, 5: 1}, {t: s[2] for t, s in tasks.items() if s[2]}) or \
                wanted != {t: s[:2] for t, s in tasks.items()}:
            for task in (2, 5):
                with open(f"{self.folder}/array-{task}.log") as log:
                    print(log.read()[-1500:])
        same("tags and ledger are those of the serial run", self.tags, self.registry.tags("array"))
        figure("Slurm", f"an array of 8, 2 tasks failed at first ({len(bad)} with refused images end with 1): "
               "tags and ledger equal to a serial run's")
        self.registry.requests()

    def throughput(self):
        """Images that share nothing: a mirror against as many single conversions at once as there are cores."""
        section("throughput")
        count, cores = self.sizes["alone"], os.cpu_count() or 1
        images.push(self.place, count, self.sizes["base"] * 2, self.sizes["own"], prefix="alone", shared=False)
        names = [t for t in self.registry.tags("alone") if not t.endswith(":stable")]
        ratios = []
        for turn in range(5):
            # Somebody else's work may fall on one half of a turn: two more where three were not enough.
            if turn >= 3 and max(ratios) >= 0.8:
                break

            def work(part):
                for name in part:
                    subprocess.run(
                        [DEROOT, "convert", "-q", "--jobs", "1", "--cache", "none", *PLAIN,
                         f"docker://{self.place}/alone/{name}", f"docker://{self.place}/single{turn}/{name}"],
                        check=True, stdout=subprocess.DEVNULL)
            began = time.monotonic()
            threads = [threading.Thread(target=work, args=(names[i::cores],)) for i in range(cores)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            single = time.monotonic() - began
            file = config(self.folder, f"alone{turn}", self.place, f"alone-out{turn}", "^alone/")
            both = mirror("-f", file, "--jobs", str(cores))
            ratios.append(single / both.seconds)
        same("all are converted", count, both.summary["images"]["converted"])
        best = max(ratios)
        self.alone = {"images": count, "received": both.summary["bytes"]["received"], "sent": both.summary["bytes"]["sent"],
                      "seconds": round(both.seconds, 2), "processor": round(both.processor, 2)}
        check("a mirror is at least 80 % as fast as single conversions on all cores", best >= 0.8, ratios)
        figure("throughput", f"{best:.0%} of {cores} single conversions at a time ({count} images without a common layer)")
        self.registry.requests()

    def run(self, *only):
        """All parts, or those named."""
        try:
            self.prepare()
            self.serial()
            parts = {"verify": self.verify, "throughput": self.throughput, "killed": self.killed,
                     "terminated": self.terminated, "shards": self.shards,
                     "bursts": self.bursts, "paces": self.paces, "array": self.array,
                     "scale": lambda: scale.measure(self), "engines": lambda: engines.run(self)}
            for name, part in parts.items():
                if not only or name in only:
                    part()
        finally:
            self.registry.stop()
            shutil.rmtree(self.folder, ignore_errors=True)
        checks.finish()


if __name__ == "__main__":
    Suite(sys.argv[1]).run(*sys.argv[2:])
