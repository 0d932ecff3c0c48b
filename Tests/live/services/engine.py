"""Podman as the matrix needs it: as root, or as an unprivileged user with subordinate ids.

Containers run detached and are asked through logs, inspect and exec; every call has a time limit,
and every container is removed by the one who started it.
"""

import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
LIMITS = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
# One for each run, so that two of them do not take it from each other.
ACCOUNT = f"deroot-live{os.getpid()}"


def call(argv, limit=120, **options):
    """Runs a command; its exit code and all that it printed. A time-out is exit code 124."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=limit, **options)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return 124, f"{(late.stdout or b'').decode(errors='replace')} (no end after {limit} s)"


class Engine:
    """A podman with a storage of its own."""

    def __init__(self, scratch, root, runroot, before=(), environment=None):
        self.environment = dict(environment or os.environ)
        self.environment["CONTAINERS_CONF"] = str(pathlib.Path(scratch) / "containers.conf")
        self.before = list(before)
        self.storage = f"[overlay@{root}+{runroot}]"
        self.directory, self.runroot = str(scratch), str(runroot)
        self.podman = ["podman", "--log-level", "error", "--root", str(root), "--runroot", str(runroot),
                       "--tmpdir", str(pathlib.Path(runroot) / "tmp"), "--storage-driver", "overlay",
                       "--runtime", shutil.which("runc") or "/usr/sbin/runc"]

    @classmethod
    def rootful(cls, scratch, work):
        """Shares the storage of the image build, so that the source images are there already."""
        (pathlib.Path(scratch) / "containers.conf").write_text(LIMITS)
        return cls(scratch, work / "engine/root", work / "engine/run")

    @classmethod
    def rootless(cls, scratch):
        """An account is made for it, and goes with it."""
        subprocess.run(["useradd", "--create-home", ACCOUNT], check=True)
        account = pwd.getpwnam(ACCOUNT)
        if f"{ACCOUNT}:" not in pathlib.Path("/etc/subuid").read_text():
            raise SystemExit(f"matrix: {ACCOUNT} has no subordinate ids in /etc/subuid")
        home = pathlib.Path(scratch) / "rootless"
        # Podman wants the path of its run folder short.
        run = pathlib.Path(tempfile.mkdtemp(prefix="deroot."))
        for folder in (home, home / "images", run):
            folder.mkdir(mode=0o700, exist_ok=True)
            os.chown(folder, account.pw_uid, account.pw_gid)
        environment = {"HOME": str(home), "XDG_RUNTIME_DIR": str(run), "PATH": os.environ["PATH"]}
        before = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        engine = cls(home, home / "root", run / "podman", before, environment)
        (home / "containers.conf").write_text(LIMITS)
        return engine

    def close(self):
        """Empties the storage of a rootless engine, and removes its account."""
        self("system", "reset", "-f")
        self("system", "migrate")
        shutil.rmtree(pathlib.Path(self.runroot).parent, ignore_errors=True)
        subprocess.run(["userdel", "--remove", ACCOUNT], stderr=subprocess.DEVNULL, check=False)

    def command(self, argv, limit=120):
        return call(self.before + list(argv), limit, env=self.environment, cwd=self.directory)

    def __call__(self, *arguments, limit=120):
        return self.command(self.podman + list(arguments), limit)

    def load(self, layout, name):
        """Takes an image into the storage; what is there of its layers is not copied again."""
        enter = [] if not self.before else self.podman + ["unshare"]
        status, output = self.command(
            enter + ["skopeo", "copy", "-q", layout, f"containers-storage:{self.storage}{name}"], 300)
        if status:
            raise RuntimeError(f"skopeo cannot load {layout}: {output[-300:]}")

    def start(self, image, name, options, command=()):
        return Container(self, image, name, options, command)


class Container:
    """A running container; removed at the end of its `with`, its named volumes kept."""

    def __init__(self, engine, image, name, options, command):
        self.engine, self.name, self.known = engine, name, 0
        # One that a run which was cut off has left gives way.
        status, output = engine("run", "-d", "--replace", "--name", name, "--network", "none", *options, image, *command)
        self.refusal = output if status else ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for _ in range(3):
            if self.engine("rm", "-f", "-t", "0", self.name)[0] == 0:
                break

    def inspect(self):
        status, output = self.engine("inspect", self.name)
        return json.loads(output)[0] if status == 0 else {}

    def logs(self):
        return self.refusal or self.engine("logs", self.name)[1]

    def pid(self):
        """The first process, seen from outside; 0 where it does not run. Asking podman is slow."""
        if not self.known or not os.path.exists(f"/proc/{self.known}"):
            self.known = self.inspect().get("State", {}).get("Pid", 0)
        return self.known

    def restart(self):
        """Stops it as an orchestrator would, and starts the same container again."""
        self.known = 0
        self.engine("restart", "-t", "30", self.name)

    def ask(self, step):
        """One step of the table: whether the answer fits, and the answer."""
        kind, argument, expected = step
        pid = self.pid()
        if not pid:
            return False, "not running"
        inside = ["nsenter", "-t", str(pid), "-n"]
        if kind == "exec":
            status, answer = self.engine("exec", self.name, "sh", "-c", argument, limit=60)
        elif kind == "http":
            status, answer = call(inside + ["curl", "-sS", "-m", "20", f"http://127.0.0.1:{argument}"])
        elif kind == "push":
            status, answer = push(inside, argument)
        elif kind == "fastcgi":
            status, answer = call(inside + [str(HERE / "fastcgi.py"), *argument.split()])
        elif kind == "tcp":
            port, text = argument.split(" ", 1)
            script = f"exec 3<>/dev/tcp/127.0.0.1/{port}; printf '{text}' >&3; head -n 1 <&3"
            status, answer = call(inside + ["timeout", "10", "bash", "-c", script])
        else:
            raise ValueError(kind)
        return status == 0 and expected in answer, answer.strip()

    def answers(self, steps, patience, until=None, least=0):
        """Asks until all steps fit, for so many seconds; "" or what is wrong. What is not to fit is asked
        until answer or logs say why (a pattern), but for `least` seconds: it might fit after all."""
        last = "no answer"
        began = time.monotonic()
        # A busy machine takes its time; it is lost only where something is wrong.
        end = began + 4 * patience
        for step in steps:
            while True:
                fits, last = self.ask(step)
                if fits:
                    break
                now = time.monotonic()
                is_over = now > end or not self.pid()
                if is_over or until and now > began + least:
                    said = f"{step[0]} {step[1]}: {last}\n{self.logs()[-2000:]}"
                    if is_over or re.search(until, said):
                        return said
                time.sleep(0.2)
        return ""


def push(inside, port):
    """Uploads the blob `ok` to a registry; the status of the last request."""
    base = f"http://127.0.0.1:{port}/v2/a/blobs/uploads/"
    curl = inside + ["curl", "-sS", "-m", "20"]
    status, answer = call(curl + ["-X", "POST", "-D", "-", "-o", "-", base])
    found = re.search(r"^location: (\S+)", answer, re.IGNORECASE | re.MULTILINE)
    if status or not found:
        return 1, answer
    digest = "sha256:2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df"
    url = f"{found.group(1)}{'&' if '?' in found.group(1) else '?'}digest={digest}"
    if url.startswith("/"):
        url = f"http://127.0.0.1:{port}{url}"
    return call(curl + ["-X", "PUT", "--data-binary", "ok", "-H", "Content-Type: application/octet-stream",
                        "-w", "%{http_code}", url])
