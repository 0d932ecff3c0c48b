"""The corpus suite; run.sh calls it.

Two parts. In the first the conversion must succeed and the oracle must say that it holds. In the
second anything may come, hostile bytes included: no crash, no hang, bounded memory, a message with
every refusal, nothing left of a refused conversion; where the conversion succeeds the oracle must
still agree. Of every result, GNU tar, bsdtar and Python list the very entries that deroot lists
(readers.py), and no engine takes its user for root (../identity).

What became of each input is kept in results.tsv beside this file: a change is a failure until it is
looked at and kept (KEEP=1). Times and memory go to $DEROOT_WORK/corpus.tsv."""

import bz2
import glob
import gzip
import hashlib
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

import kept
import readers

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEROOT = os.environ.get("DEROOT") or os.path.join(REPO, ".build", "release", "deroot")
WORK = os.environ["DEROOT_WORK"]
SECONDS, KIBIBYTES = 30, 256 << 10
sys.path.insert(0, os.path.join(REPO, "Tests", "identity"))
import engines  # noqa: E402
import view  # noqa: E402
DIVE = ("docker", "kaniko", "oci-estargz", "oci-gzip", "oci-uncompressed", "oci-zstd")
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


# What check says of an image, on standard output.
VERDICT = re.compile(r"^. (READY|READY-ON|NEEDS-RECIPE|REFUSED|SKIPPED|ALREADY)\b", re.MULTILINE)


class Outcome:
    """How a run of deroot ended: exit code (negative: signal), stderr, stdout, wall seconds, peak KiB."""

    def __init__(self, code, text, said, seconds, peak, timed_out):
        self.code, self.text, self.said, self.seconds, self.peak = code, text, said, seconds, peak
        self.timed_out = timed_out

    def breach(self):
        if self.timed_out:
            return f"still running after {SECONDS} s"
        if self.code < 0 or self.code >= 128:
            return f"died with {self.code}: {self.last_line()}"
        if self.code not in (0, 1, 2, 64):
            return f"exit {self.code}: {self.last_line()}"
        if self.peak > KIBIBYTES:
            return f"{self.peak} KiB of memory"
        if self.code != 0 and "deroot: " not in self.text and not VERDICT.search(self.said):
            return f"exit {self.code} without a message"
        return None

    def last_line(self):
        lines = self.text.strip().splitlines()
        return lines[-1][:300] if lines else ""


def deroot(arguments):
    began = time.monotonic()
    # GNU time and timeout in between: the peak that the kernel would report for a child of this
    # program starts from the size of this program itself.
    with tempfile.NamedTemporaryFile(dir=WORK) as peak:
        run = subprocess.run(
            ["/usr/bin/time", "-q", "-f", "%M", "-o", peak.name]
            + ["timeout", "-s", "KILL", str(SECONDS), DEROOT]
            + arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        kibibytes = int(peak.read() or 0)
    seconds = time.monotonic() - began
    text, said = run.stderr.decode("utf-8", "replace"), run.stdout.decode("utf-8", "replace")
    return Outcome(run.returncode, text, said, seconds, kibibytes, seconds >= SECONDS)


class Suite:
    """Counts, and the table of outcomes."""

    def __init__(self, corpus, oracle):
        self.corpus, self.oracle = corpus, oracle
        self.passed = self.failed = 0
        self.scratch = tempfile.mkdtemp(prefix="corpus.", dir=roomy_memory() or WORK)
        self.layers, self.peak, self.slowest = {}, 0, 0.0
        shown = subprocess.run([DEROOT, "--help"], stdout=subprocess.PIPE).stdout
        self.has_check = b"\n  check " in shown
        self.kept = kept.Results(self.scratch, self.corpus)
        self.table = open(os.path.join(WORK, "corpus.tsv"), "w")
        self.table.write("input\texit\tseconds\tpeak KiB\toracle\tmessage\n")

    def path(self, *parts):
        return os.path.join(self.corpus, *parts)

    def result(self, name, why=None):
        if why is None:
            self.passed += 1
            print(f"ok {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL {name}: {why}", flush=True)

    def fresh(self, name):
        path = os.path.join(self.scratch, name)
        shutil.rmtree(path, ignore_errors=True)
        return path

    def ask(self, *arguments):
        """The oracle's exit code and its JSON answer."""
        run = subprocess.run(
            [sys.executable, self.oracle, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            return run.returncode, json.loads(run.stdout)
        except ValueError:
            return 2, {"error": run.stderr.decode("utf-8", "replace")[-300:]}

    def compare(self, layout, out):
        code, answer = self.ask("compare", layout, out, *kept_user(layout))
        if code == 0:
            return None
        return json.dumps(answer.get("problems") or answer)[:600]

    def record(self, name, outcome, oracle="-", readers="-"):
        self.peak, self.slowest = max(self.peak, outcome.peak), max(self.slowest, outcome.seconds)
        self.kept.add(name, outcome.code, oracle, readers, outcome.last_line())
        row = [name, outcome.code, f"{outcome.seconds:.2f}", outcome.peak, oracle]
        message = outcome.last_line().replace("\t", " ")
        self.table.write("\t".join(map(str, row)) + "\t" + message + "\n")

    def checked(self, name, source):
        """`deroot check`, where there is such a command: it may find what it likes, in order."""
        if not self.has_check:
            return None
        outcome = deroot(["check", source])
        self.peak, self.slowest = max(self.peak, outcome.peak), max(self.slowest, outcome.seconds)
        return outcome.breach() and f"check: {outcome.breach()}"

    def seen_by_others(self, out):
        """Why other tar readers or engines see something else in a result; None: none does."""
        for _, manifest, _ in view.layouts.images(out):
            for descriptor in manifest["layers"]:
                why = self.layer_seen_by_others(out, descriptor)
                if why:
                    return why
        for platform, user, passwd, group in view.identities(out):
            problems = engines.judged(user, passwd, group)
            if problems:
                return f"{platform}: {problems[0]}"
        return None

    def layer_seen_by_others(self, out, descriptor):
        digest = descriptor["digest"]
        if digest not in self.layers and "tar" in descriptor["mediaType"]:
            raw = os.path.join(self.scratch, "raw.tar")
            with open(raw, "wb") as file:
                file.write(view.layouts.inflate(view.layouts.read(out, descriptor)))
            self.layers[digest] = readers.differences(raw)
        found = self.layers.get(digest)
        return "; ".join(found) if found else None

    def must_hold(self, name, layout, *options):
        """A layout that converts, and the oracle agrees."""
        out = self.fresh("out")
        outcome = deroot(["convert", "oci:" + layout, "oci:" + out + ":nonroot", *options])
        if outcome.breach() or outcome.code != 0:
            self.record(name, outcome)
            self.result(name, outcome.breach() or f"exit {outcome.code}: {outcome.last_line()}")
            return
        problem = self.compare(layout, out)
        others = self.seen_by_others(out)
        self.record(name, outcome, "holds" if problem is None else "violated", others or "agree")
        self.result(name, problem or others or self.checked(name, "oci:" + layout))

    def must_survive(self, name, source, layout=None, codes=(0, 1, 2)):
        """Anything that ends in order; the oracle is asked where a conversion succeeds."""
        out = self.fresh("out")
        outcome = deroot(["convert", source, "oci:" + out + ":nonroot"])
        problem, oracle = outcome.breach(), "-"
        if problem is None and outcome.code not in codes:
            problem = f"exit {outcome.code}: {outcome.last_line()}"
        if problem is None and outcome.code != 0 and os.path.exists(os.path.join(out, "index.json")):
            problem = f"exit {outcome.code}, and yet there is a result"
        if problem is None and outcome.code == 0 and layout:
            violation = self.compare(layout, out)
            oracle = "holds" if violation is None else "violated"
            if violation and not self.cannot_judge(layout):
                problem = violation
        others = self.seen_by_others(out) if outcome.code == 0 and not problem else None
        self.record(name, outcome, oracle, others or ("agree" if outcome.code == 0 else "-"))
        self.result(name, problem or others or self.checked(name, source))

    def cannot_judge(self, layout):
        """The oracle's own limits: it must at least be able to read the source."""
        return self.ask("compare", layout, layout)[0] == 2

    def copied(self, transport, path):
        """An archive as a layout, by skopeo; None where skopeo cannot read it."""
        layout = self.fresh("copied")
        if path.endswith(".gz"):
            plain = os.path.join(self.scratch, "plain.tar")
            with gzip.open(path) as packed, open(plain, "wb") as file:
                shutil.copyfileobj(packed, file)
            path = plain
        for option in ([], ["--override-arch", "arm64"]):
            run = subprocess.run(
                ["skopeo", *option, "copy", "-q", f"{transport}:{path}", f"oci:{layout}:v"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if run.returncode == 0:
                return layout
        return None


def roomy_memory():
    """A file system in memory with 2 GiB left, where hundreds of small results cost no disk's time."""
    try:
        return "/dev/shm" if shutil.disk_usage("/dev/shm").free > 2 << 30 else None
    except OSError:
        return None


def kept_user(layout):
    """Options for the oracle where the source names a non-root user already, which stays."""
    try:
        with open(os.path.join(layout, "index.json")) as file:
            descriptor = json.load(file)["manifests"][0]
        for _ in range(2):
            with open(os.path.join(layout, "blobs", *descriptor["digest"].split(":"))) as file:
                document = json.load(file)
            if "manifests" not in document:
                break
            descriptor = document["manifests"][0]
        with open(os.path.join(layout, "blobs", *document["config"]["digest"].split(":"))) as file:
            user = (json.load(file).get("config") or {}).get("User") or ""
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return []
    uid, _, gid = user.partition(":")
    if uid.isdigit() and int(uid) > 0 and gid.isdigit():
        return ["--uid", uid, "--gid", gid]
    return []


def decompressed(data):
    try:
        if data[:2] == b"\x1f\x8b":
            return gzip.decompress(data)
        if data[:6] == b"\xfd7zXZ\0":
            return lzma.decompress(data)
        if data[:3] == b"BZh":
            return bz2.decompress(data)
        if data[:4] == b"\x28\xb5\x2f\xfd":
            run = subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            return run.stdout if run.returncode == 0 else None
    except (OSError, EOFError, ValueError, lzma.LZMAError):
        return None
    return data


def tight(text):
    """JSON without white space outside of strings."""
    strings = rb'"(?:[^"\\]|\\.)*"'
    return re.sub(strings + rb"|\s+", lambda m: m.group(0) if m.group(0)[:1] == b'"' else b"", text, flags=re.S)


def wrap(layout, blob, member=None):
    """Any bytes as the one layer of an image. Bytes that do not decompress get a made-up diffID.
    `member`: the text of a member `x` of the config."""
    os.makedirs(os.path.join(layout, "blobs", "sha256"))

    def put(data, media_type):
        value = hashlib.sha256(data).hexdigest()
        with open(os.path.join(layout, "blobs", "sha256", value), "wb") as file:
            file.write(data)
        return {"mediaType": media_type, "digest": "sha256:" + value, "size": len(data)}

    raw = decompressed(blob)
    diff_id = "sha256:" + (hashlib.sha256(raw).hexdigest() if raw is not None else "0" * 64)
    suffix = {b"\x1f\x8b": "+gzip", b"\x28\xb5": "+zstd"}.get(blob[:2], "")
    config = {"architecture": "amd64", "os": "linux", "config": {}, "history": [{"created_by": "wrapped"}]}
    config["rootfs"] = {"type": "layers", "diff_ids": [diff_id]}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [put(blob, LAYER + suffix)]}
    text = json.dumps(config).encode()
    if member is not None:
        text = b'{"x":' + member + b"," + text[1:]
    manifest["config"] = put(text, CONFIG)
    descriptor = put(json.dumps(manifest).encode(), MANIFEST)
    with open(os.path.join(layout, "index.json"), "w") as file:
        json.dump({"schemaVersion": 2, "manifests": [descriptor]}, file)
    with open(os.path.join(layout, "oci-layout"), "w") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')
    return layout


def with_links(source, target):
    """A copy in which blobs that hold a relative path are the symlinks they once were."""
    shutil.copytree(source, target)
    for blob in glob.glob(os.path.join(target, "blobs", "sha256", "*")):
        with open(blob, "rb") as file:
            head = file.read(64)
        if head.startswith(b"../") and os.path.getsize(blob) < 64:
            os.chmod(os.path.dirname(blob), 0o755)
            os.remove(blob)
            os.symlink(head.decode().strip(), blob)
    return target


def holds_squashfs(layout):
    for blob in glob.glob(os.path.join(layout, "blobs", "sha256", "*")):
        with open(blob, "rb") as file:
            if file.read(4) == b"hsqs":
                return True
    return False


def first_only(source, target):
    """The layout itself, or a copy with the first of several images (the others are signatures)."""
    with open(os.path.join(source, "index.json")) as file:
        index = json.load(file)
    if len(index["manifests"]) == 1:
        return source
    shutil.copytree(source, target)
    os.chmod(target, 0o755)
    index["manifests"] = index["manifests"][:1]
    os.remove(os.path.join(target, "index.json"))
    with open(os.path.join(target, "index.json"), "w") as file:
        json.dump(index, file)
    return target


def holding(suite):
    """The first part: these convert, and the oracle says that nothing else changed."""
    for name in ("nginx", "redis"):
        # What a recipe changes is for the suite of services to judge.
        suite.must_hold(f"Debian {name}", os.path.join(WORK, "images", name), "--recipe", "none")
    for source in sorted(glob.glob(suite.path("busybox-official", "*", "*", "*", ""))):
        name = os.path.relpath(source, suite.corpus)
        suite.must_hold(name, with_links(source, suite.fresh("linked")))
    for path in ("cirros/arches/amd64/rootfs-x86_64.tar.xz", "docker-registry-v1/tests/data/xattr/layer.tar"):
        layout = suite.fresh("wrapped")
        code, answer = suite.ask("wrap", suite.path(path), layout)
        if code != 0:
            suite.result(path, f"the oracle cannot wrap it: {answer}")
            continue
        suite.must_hold(path, layout)
    layouts = sorted(glob.glob(suite.path("sylabs-oci-tools", "test", "images", "*", "")))
    for source in layouts:
        name = os.path.relpath(source, suite.corpus)
        if suite.ask("verify", source)[0] == 0 and not holds_squashfs(source):
            suite.must_hold(name, first_only(source, suite.fresh("first")))
        else:
            # Really wrong digests, a SquashFS layer: these must be refused.
            suite.must_survive(name + " (spoiled)", "oci:" + source, codes=(2,))
    # dive's other archives hold a README and no image: they are layers, for the second part.
    archives = [suite.path("dive", ".data", f"test-{kind}-image.tar") for kind in DIVE]
    archives += glob.glob(suite.path("dockle", "pkg", "*", "*", "*", "*", "symbolic.tar"))
    archives += glob.glob(suite.path("fanal", "test", "testdata", "alpine-310.tar.gz"))
    for archive in archives:
        name = os.path.relpath(archive, suite.corpus)
        for transport in ("docker-archive", "oci-archive"):
            layout = suite.copied(transport, archive)
            if layout:
                suite.must_hold(name, layout)
                break
        else:
            suite.result(name, "skopeo reads it neither as docker-archive nor as oci-archive")
    if not layouts or len(archives) < 8:
        suite.result("corpus", "folders are missing")


def surviving(suite):
    """The second part: whatever else is there."""
    marks = glob.glob(suite.path("**", "oci-layout"), recursive=True)
    for source in sorted(os.path.dirname(mark) for mark in marks):
        name = os.path.relpath(source, suite.corpus)
        suite.must_survive(name, "oci:" + source)
        try:
            with open(os.path.join(source, "index.json")) as file:
                count = len(json.load(file)["manifests"])
        except (OSError, ValueError, LookupError, TypeError):
            continue
        if count > 1:
            for position in range(count):
                suite.must_survive(f"{name} @{position}", f"oci:{source}:@{position}")

    endings = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip", ".enc", ".base64")
    files = glob.glob(suite.path("**", "*"), recursive=True)
    files += glob.glob(suite.path("**", ".data", "*"), recursive=True)
    for path in sorted(set(files)):
        if not path.endswith(endings) or not os.path.isfile(path):
            continue
        name = os.path.relpath(path, suite.corpus)
        with open(path, "rb") as file:
            blob = file.read()
        layout = wrap(suite.fresh("wrapped"), blob)
        suite.must_survive(name + " as a layer", "oci:" + layout, layout)
        # xz and bzip2 are no layer compressions: once more with the bytes inside.
        if blob[:6] == b"\xfd7zXZ\0" or blob[:3] == b"BZh":
            layout = wrap(suite.fresh("wrapped"), decompressed(blob) or b"")
            suite.must_survive(name + " as a plain layer", "oci:" + layout, layout)
        for transport in ("oci-archive", "docker-archive"):
            suite.must_survive(f"{name} as {transport}", f"{transport}:{path}")

    with zipfile.ZipFile(suite.path("klauspost-compress", "zstd", "testdata", "bad.zip")) as frames:
        for info in frames.infolist():
            layout = wrap(suite.fresh("wrapped"), frames.read(info))
            suite.must_survive(f"bad.zip {info.filename} as a layer", "oci:" + layout, layout)

    json_cases(suite)


def json_cases(suite):
    """JSONTestSuite: as index.json, and as a member of a config that nobody knows."""
    base = wrap(suite.fresh("base"), bytes(10240))
    for path in sorted(glob.glob(suite.path("JSONTestSuite", "test_parsing", "*.json"))):
        layout = suite.fresh("json")
        shutil.copytree(base, layout)
        shutil.copyfile(path, os.path.join(layout, "index.json"))
        # None of them is an index, so none may pass, and none may crash.
        name = os.path.basename(path)
        suite.must_survive("index.json is " + name, "oci:" + layout, codes=(2,))
        with open(path, "rb") as file:
            text = file.read()
        layout = wrap(suite.fresh("json"), bytes(10240), member=text)
        # Legal text passes and stays as it is, byte for byte; illegal text is refused.
        codes = {"y": (0,), "n": (2,)}.get(name[0], (0, 2))
        suite.must_survive("a config holds " + name, "oci:" + layout, codes=codes)
        if codes == (0,):
            out = os.path.join(suite.scratch, "out")
            configs = [view.layouts.read(out, m["config"]) for _, m, _ in view.layouts.images(out)]
            # The document is written anew, without the white space between its parts.
            intact = len(configs) == 1 and b'"x":' + tight(text) + b"," in configs[0]
            suite.result(f"{name} is carried as it is", None if intact else "it is another text now")


def main(corpus, oracle):
    suite = Suite(os.path.abspath(corpus), os.path.abspath(oracle))
    try:
        print("== the oracle holds", flush=True)
        holding(suite)
        print("== nothing crashes", flush=True)
        surviving(suite)
    finally:
        suite.table.close()
        shutil.rmtree(suite.scratch, ignore_errors=True)
    suite.result("the outcomes are the kept ones", suite.kept.judged())
    print(f"outcomes: {os.path.join(WORK, 'corpus.tsv')}")
    print(f"figure corpus: {suite.kept.summary()}; {len(suite.layers)} layers listed by four readers; "
          f"at most {suite.peak >> 10} MiB and {suite.slowest:.1f} s")
    print(f"{suite.passed} passed, {suite.failed} failed")
    return 0 if suite.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
