#!/usr/bin/env python3
"""Runs every service of services.py as root, as a stranger, and converted under strict flags.

matrix.py [SERVICE]...   all services write docs/compatibility.md, a choice only prints its rows

  root        the image as it is
  stranger    the image as it is with --user 65532:65532: works or fails as the table knows
  converted   no --user, no capability, no-new-privileges; data outlives a restart and the container
  read-only   --profile read-only-rootfs under --read-only --tmpfs /tmp
  openshift   --profile openshift as a random UID with GID 0
  userns      in a user namespace of 65,536 ids
  rootless    by podman of an unprivileged user
  inside      not root, no setuid file, no capability of file or process

Environment: DEROOT, DEROOT_WORK. Last line: `N passed, N failed`.
"""

import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from engine import Engine, call
from services import SERVICES

HERE = pathlib.Path(__file__).resolve().parent
REPO = HERE.parents[2]
WORK = pathlib.Path(os.environ.get("DEROOT_WORK") or os.environ.get("TMPDIR", "/tmp") + "/deroot-work")
DEROOT = os.environ.get("DEROOT", str(REPO / ".build/release/deroot"))
COLUMNS = ("check", "root", "stranger", "converted", "read-only", "openshift", "userns", "rootless", "inside")
HARD = ("--cap-drop=ALL", "--security-opt=no-new-privileges")
LOW_PORTS = ("--sysctl", "net.ipv4.ip_unprivileged_port_start=0")
STRICT_PORTS = ("--sysctl", "net.ipv4.ip_unprivileged_port_start=1024")
MAPS = ("--uidmap", "0:200000:65536", "--gidmap", "0:200000:65536")
STOPPED = ("REFUSED", "NEEDS-RECIPE")
# The rules whose findings say that a program will not start, or not find or write its files. Not
# NR044: a stranger has no row in passwd in any of the images.
FAILURES = {"NR021", "NR023", "NR024", "NR025", "NR027", "NR030", "NR031", "NR033", "NR034", "NR035", "NR037", "NR038",
            "NR040", "NR041", "NR053"}
STRANGER = "65532:65532"


class Refused(Exception):
    """deroot convert stopped; the argument is what it said."""


class Row:
    """The cells of one service, filled one after the other."""

    def __init__(self, service, rootful, rootless, scratch):
        self.service, self.rootful, self.rootless, self.scratch = service, rootful, rootless, scratch
        self.source = f"oci:{WORK}/images/svc-{service.name}:latest"
        self.image = f"localhost/deroot-svc-{service.name}:latest"
        self.cells, self.failures = {}, []
        self.made = {}
        self.log = ""
        self.inside = "broken", "nothing was converted"

    # What a cell ends in: text for the table, and whether that is what the table promises.

    def cell(self, column, run):
        try:
            text, problem = run()
        except Refused as refusal:
            text, problem = "refused", str(refusal)
        except (RuntimeError, subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
            text, problem = "broken", repr(error)
        self.cells[column] = text if not problem else f"**{text}**"
        if problem:
            self.failures.append((column, problem))
        print(f"{'FAIL' if problem else 'ok'} {self.service.name}: {column}: {text}"
              f"{': ' + ' | '.join(problem.splitlines()[-12:]) if problem else ''}", flush=True)

    def fill(self):
        service = self.service
        self.cell("root", self.root)
        self.cell("stranger", self.stranger)
        if service.refused and not service.convert:
            for column in COLUMNS[3:]:
                self.cell(column, lambda: self.refusal((), service.refused))
            self.cell("check", self.check)
            return
        if service.refused:
            self.cell("refusal", lambda: self.refusal((), service.refused))
        self.cell("converted", self.converted)
        self.cell("inside", lambda: self.inside)
        self.cell("read-only", self.read_only)
        self.cell("openshift", self.openshift)
        self.cell("userns", self.userns)
        self.cell("rootless", self.unprivileged)
        self.cell("check", self.check)

    # The cells.

    def root(self):
        return self.serves(self.rootful, self.image, "root", LOW_PORTS)

    def stranger(self):
        """The same image under another number: the very thing that a conversion has to mend."""
        service = self.service
        text, problem = self.serves(self.rootful, self.image, "stranger", ("--user", STRANGER, *service.stranger, *LOW_PORTS),
                                    until=service.plain, least=6)
        if not service.plain:
            if service.complaint and not problem:
                if service.complaint not in self.log:
                    return text, f"it was known to log: {service.complaint}"
                text = f"serves, logs: {service.complaint}"
            return text, problem
        if not problem:
            return "serves", "it was known to fail"
        found = re.search(service.plain, problem)
        if not found:
            return "fails", f"not by /{service.plain}/: {problem}"
        return f"fails: {found.group(0)}", ""

    def converted(self):
        image = self.convert("plain", ())
        service = self.service
        self.inside = ("broken", "the container did not serve")
        with Volumes(self.rootful, service, image, "converted") as volumes:
            options = (*HARD, *LOW_PORTS, *volumes.options)
            with self.start(self.rootful, image, "converted", options) as container:
                problem = container.answers(service.serve + service.write, service.patience)
                if problem:
                    return "fails", problem
                if service.complaint and service.complaint in container.logs():
                    return "serves", f"it still logs: {service.complaint}"
                self.inside = self.inspect(container, image)
                container.restart()
                problem = container.answers(service.read or service.serve, service.patience)
                if problem:
                    return "does not come back", problem
            with self.start(self.rootful, image, "again", options) as container:
                problem = container.answers(service.read or service.serve, service.patience)
                if problem:
                    return "loses data", problem
        return "serves, keeps data" if service.read else "serves", ""

    def read_only(self):
        options = ("--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp")
        image = self.convert("read-only", ("--profile", "read-only-rootfs", *self.remapped()))
        return self.strictly(self.rootful, image, "readonly", options)

    def openshift(self):
        options = ("--profile", "openshift", *self.remapped())
        if self.service.openshift:
            return self.refusal((*self.service.convert, *options), self.service.openshift)
        image = self.convert("openshift", options)
        return self.strictly(self.rootful, image, "openshift",
                             ("--user", f"{random.randrange(1000680000, 1000690000)}:0"))

    def userns(self):
        # Podman's own pipes belong to nobody in there, and /dev/stdout could not be opened by anyone,
        # root included; a terminal is given to the user.
        return self.serves(self.rootful, self.convert("plain", ()), "userns",
                           ("--tty", *HARD, *LOW_PORTS), maps=MAPS)

    def unprivileged(self):
        name = f"localhost/deroot-converted-{self.service.name}:plain"
        self.convert("plain", ())
        shared = self.rootless.directory + "/images/" + self.service.name
        shutil.copytree(self.scratch / self.service.name / "plain", shared)
        subprocess.run(["chmod", "-R", "a+rX", shared], check=True)
        self.rootless.load(f"oci:{shared}:v", name)
        shutil.rmtree(shared)
        return self.serves(self.rootless, name, "rootless", (*HARD, *LOW_PORTS))

    def check(self):
        """What deroot check says beforehand, held against what was seen."""
        service = self.service
        word, _ = judgement(self.source)
        _, alien = judgement(self.source, "--user", STRANGER, "--recipe", "none")
        foreseen = sorted(FAILURES & {rule for rule, finding in alien.items() if finding["severity"] != "info"})
        certain = [rule for rule in foreseen if alien[rule]["severity"] in ("block", "error")
                   or alien[rule]["confidence"] == "seen"]
        wrong = []
        if word not in (STOPPED if service.refused else ("READY-ON",) if service.remap else ("READY",)):
            wrong.append(f"{word} is not what was seen")
        if service.refused and service.convert:
            helped, _ = judgement(self.source, *self.options())
            if helped != "READY":
                wrong.append(f"{helped} with {' '.join(service.convert)}")
        if word == "READY-ON":
            obstacle = "denied|cannot bind|could not bind"
            _, problem = self.serves(self.rootful, self.convert("plain", ()), "low", (*HARD, *STRICT_PORTS),
                                     until=obstacle, least=3)
            if not re.search(obstacle, problem):
                wrong.append(f"the low port was no obstacle: {problem}")
        # A guess may be wrong where the program copes; a failure must have been at least guessed.
        if service.plain and not foreseen:
            wrong.append(f"the failure as {STRANGER} was not foreseen, only {' '.join(sorted(alien))}")
        if certain and not service.plain and not service.complaint:
            wrong.append(f"as {STRANGER} it serves in spite of {' '.join(certain)}")
        reasons = f" ({' '.join(foreseen)})" if foreseen and (service.plain or service.complaint) else ""
        return word + reasons, "; ".join(wrong)

    # What they are made of.

    def remapped(self):
        return ("--ports", "remap") if self.service.remap else ()

    def strictly(self, engine, image, name, options):
        """Low ports are out of reach here, unless the table knows no other port."""
        service = self.service
        ports, steps = LOW_PORTS, service.serve + service.write
        if service.remap:
            low, high = service.remap.split(":")
            ports = STRICT_PORTS
            steps = tuple((kind, re.sub(rf"^{low}/", f"{high}/", argument), expected)
                          for kind, argument, expected in steps)
        return self.serves(engine, image, name, (*HARD, *ports, *options), steps=steps)

    def serves(self, engine, image, name, options, steps=None, maps=(), until=None, least=0):
        service = self.service
        with Volumes(engine, service, image, name, maps) as volumes, \
                self.start(engine, image, name, (*options, *maps, *volumes.options)) as container:
            problem = container.answers(steps or service.serve + service.write, service.patience, until, least)
            self.log = container.logs()
        return ("fails" if problem else "serves"), problem

    def start(self, engine, image, name, options):
        environment = [word for pair in self.service.env for word in ("--env", pair)]
        return engine.start(image, f"{self.service.name}-{name}", (*options, *environment, *self.service.run))

    def options(self):
        """The table's options for convert; recipes of the table are files beside it."""
        return [str(HERE / "recipes" / f"{word}.yaml") if before == "--recipe" else word
                for before, word in zip(("",) + self.service.convert, self.service.convert)]

    def convert(self, kind, options):
        """Converts once a kind, and loads it into the storage; the name there."""
        name = f"localhost/deroot-converted-{self.service.name}:{kind}"
        if kind not in self.made:
            layout = self.scratch / self.service.name / kind
            layout.parent.mkdir(exist_ok=True)
            status, output = call([DEROOT, "convert", self.source, f"oci:{layout}:v", *self.options(), *options])
            if status:
                raise Refused(f"exit {status}: {output}")
            self.rootful.load(f"oci:{layout}:v", name)
            self.made[kind] = name
        return name

    def refusal(self, options, pattern):
        """A conversion that must stop, with a reason that fits, and leave nothing behind."""
        layout = self.scratch / self.service.name / "refused"
        layout.parent.mkdir(exist_ok=True)
        status, output = call([DEROOT, "convert", self.source, f"oci:{layout}:v", *options])
        if status == 0:
            shutil.rmtree(layout, ignore_errors=True)
            return "converts", "it had to be refused"
        found = re.search(pattern, output)
        if status != 1 or not found or layout.exists():
            return "refused", f"exit {status}, not by /{pattern}/: {output}"
        word, _ = judgement(self.source, *options)
        if word not in STOPPED:
            return "refused", f"check had said {word}"
        return f"refused: {found.group(0)}", ""

    def inspect(self, container, image):
        """From outside: the process in /proc, the files in the mounted root; then id -u."""
        facts = container.inspect()
        process = dict(line.split(":\t", 1) for line in
                       pathlib.Path(f"/proc/{facts['State']['Pid']}/status").read_text().splitlines())
        root = pathlib.Path(facts["GraphDriver"]["Data"]["MergedDir"])
        wanted = self.service.user
        if not wanted[0].isdigit():
            rows = [line.split(":") for line in (root / "etc/passwd").read_text().splitlines()]
            wanted = next(f"{row[2]}:{row[3]}" for row in rows if row[0] == wanted)
        wrong = []
        user = facts["Config"]["User"]
        if user != wanted:
            wrong.append(f"User is {user}, not {wanted}")
        if process["Uid"].split() != [wanted.split(":")[0]] * 4 or wanted.startswith("0"):
            wrong.append(f"process 1 runs as {process['Uid']}")
        if container.engine("exec", container.name, "id", "-u") != (0, wanted.split(":")[0] + "\n"):
            wrong.append("id -u says something else")
        for field in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            if int(process[field], 16):
                wrong.append(f"{field} is {process[field]}")
        if process["NoNewPrivs"] != "1":
            wrong.append("new privileges are allowed")
        for argv, what in ((["find", str(root), "-xdev", "-perm", "/6000", "-type", "f"], "set-id file"),
                           (["getcap", "-r", str(root)], "file capability")):
            status, output = call(argv)
            if status or output:
                wrong.append(f"{what}: {output}")
        return ("not root, nothing privileged" if not wrong else "privileged"), "; ".join(wrong)


class Volumes:
    """Fresh named volumes where the service keeps data; removed at the end.

    A container of root's sees them first. Podman would give a volume whose folder the image does
    not have to whoever comes first; with Docker and Kubernetes it stays root's.
    """

    def __init__(self, engine, service, image, name, maps=()):
        self.engine = engine
        self.names = [f"{service.name}-{name}-{number}" for number in range(len(service.volumes))]
        self.options = [word for volume, path in zip(self.names, service.volumes)
                        for word in ("--volume", f"{volume}:{path}")]
        # What a run that was cut off has left is not fresh.
        for volume in self.names:
            engine("volume", "rm", "-f", volume)
        if self.options:
            with engine.start(image, f"{service.name}-{name}-volumes",
                              ("--user", "0:0", "--entrypoint", "/bin/true", *maps, *self.options)) as first:
                if first.refusal:
                    raise RuntimeError(first.refusal)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in self.names:
            self.engine("volume", "rm", "-f", name)


def judgement(source, *options):
    """What deroot check says of an image: its verdict, and the findings by their rules' ids."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "check.json"
        status, output = call([DEROOT, "check", "--format", "json", "-o", str(file), source, *options])
        text = file.read_text() if file.exists() else ""
    if status not in (0, 1) or not text:
        raise RuntimeError(f"deroot check: exit {status}: {output}")
    image = json.loads(text)["references"][0]["images"][0]
    return image["verdict"]["word"], {finding["rule"]: finding for finding in image["findings"]}


def table(rows):
    """Markdown; the same text for the same outcome, whenever and wherever it ran."""
    lines = ["| service | what it copies | " + " | ".join(COLUMNS) + " |",
             "|---" * (len(COLUMNS) + 2) + "|"]
    for row in rows:
        cells = [row.cells.get(column, "**not run**") for column in COLUMNS]
        lines.append("| " + " | ".join([row.service.name, row.service.pattern, *cells]) + " |")
    return "\n".join(lines) + "\n"


def main(names):
    if os.geteuid() != 0 or not shutil.which("podman"):
        print("matrix: root and podman are needed", file=sys.stderr)
        return 1
    chosen = [service for service in SERVICES if not names or service.name in names]
    WORK.mkdir(parents=True, exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="matrix.", dir=WORK))
    scratch.chmod(0o711)
    try:
        rootful, rootless = Engine.rootful(scratch, WORK), Engine.rootless(scratch)
        try:
            rows = run(chosen, rootful, rootless, scratch)
        finally:
            rootless.close()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    text = table(rows)
    print(text)
    if not names:
        introduction = (HERE / "compatibility.head.md").read_text()
        (REPO / "docs/compatibility.md").write_text(introduction + text)
    passed = sum(len(row.cells) for row in rows)
    failed = sum(len(row.failures) for row in rows)
    for row in rows:
        failed += sum(1 for column in COLUMNS if column not in row.cells)
    print(f"{passed - sum(len(row.failures) for row in rows)} passed, {failed} failed")
    return 1 if failed or not passed else 0


def run(chosen, rootful, rootless, scratch):
    """Builds image after image; what is built is judged meanwhile, two services at a time."""
    rows = [Row(service, rootful, rootless, scratch) for service in chosen]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        pending = []
        for row in rows:
            status, output = call([str(HERE / "build.sh"), row.service.name], limit=3600)
            if status:
                row.failures.append(("image", output))
                print(f"FAIL {row.service.name}: image: {output}", flush=True)
            else:
                pending.append(pool.submit(row.fill))
        for job in pending:
            job.result()
    for row in rows:
        for name in row.made.values():
            rootful("rmi", "-f", name)
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
