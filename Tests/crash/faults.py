"""A fault at every call that changes the file system: faults.py WORK SHIM [STRIDE].

For each kind of destination one undisturbed conversion is traced. Then it is done again once for
every traced call and every kind of fault, on a fresh copy of the old state. After each: the
destination is old or new; an error leaves no temporary file; the same conversion done again gives
the undisturbed result, byte for byte; skopeo and umoci read each state that came up."""

import os
import shutil
import subprocess
import sys

from scene import DEROOT, DEMO, Scene, run

# Kind, class of calls, and whether all later calls fail as well.
KINDS = [
    ("kill", "change", False), ("torn", "write", False), ("short", "write", False),
    ("ENOSPC", "change", True), ("EDQUOT", "change", True), ("EFBIG", "write", False),
    ("EIO", "change", False), ("EIO", "read", False), ("EINTR", "write", False),
    ("EMFILE", "open", False), ("EMFILE", "open", True), ("EROFS", "change", True),
]  # fmt: skip
# Where the removal of temporary files may itself be what fails, the next run removes them.
REMOVALS = ("unlink", "rmdir", "opendir")


class Faults:
    def __init__(self, work, shim):
        self.work, self.shim = work, shim
        self.cases = self.failures = 0
        self.pipes = self.unreached = 0
        self.states = {"old": 0, "new": 0}

    def environment(self, kind=None, calls="change", at=0, onwards=False, log=None):
        values = dict(os.environ, LD_PRELOAD=self.shim, FAULT_CALLS=calls, FAULT_AT=str(at))
        values.update({} if kind is None else {"FAULT_KIND": kind})
        values.update({} if log is None else {"FAULT_LOG": log})
        values.update({"FAULT_FROM": "1"} if onwards else {})
        return values

    def logged(self, scene, folder, *fault):
        """A conversion, and the calls that the shim noted of it: all, or the one that failed."""
        log = os.path.join(self.work, "log")
        if os.path.exists(log):
            os.remove(log)
        done = run(scene.command(folder), env=self.environment(*fault, log=log))
        with open(log) as file:
            return done, [line.rstrip("\n").split(" ", 1) for line in file]

    def count(self, scene, calls):
        done, lines = self.logged(scene, scene.fresh(), None, calls)
        assert done.returncode == 0, done.stderr
        assert len(lines) > 4, f"the shim sees {len(lines)} calls"
        return len(lines)

    def fault(self, scene, kind, calls, onwards, number):
        """What is wrong after a fault at that call, or None; and the call."""
        folder = scene.fresh()
        # Threads take turns differently in each run, so only the run itself knows its n-th call.
        done, hit = self.logged(scene, folder, kind, calls, number, onwards)
        if not hit:
            self.unreached += 1
            return self.problem(scene, folder, done, "none", "none", False), ["none"]
        return self.problem(scene, folder, done, hit[0][0], kind, onwards and calls == "open"), hit[0]

    def problem(self, scene, folder, done, call, kind, cannot_open):
        text = done.stderr.decode("utf-8", "replace").strip()
        harmless = kind in ("short", "EINTR", "none")
        expected = (-9,) if kind in ("kill", "torn") else (0,) if harmless else (0, 2)
        if done.returncode not in expected:
            return f"exit {done.returncode}: {text[-300:]}"
        if done.returncode == 2 and not text:
            return "exit 2 without a message"
        state, why = scene.state(folder)
        if state is None:
            return why
        self.states[state] += 1
        if done.returncode == 0 and state != "new":
            return "exit 0, and the destination is as it was"
        litter = scene.litter(folder)
        cannot_tidy = call in REMOVALS or kind == "EROFS" or cannot_open
        if litter and done.returncode >= 0 and not cannot_tidy:
            return f"exit {done.returncode}, and this is left: {litter[:3]}: {text[-200:]}"
        return scene.readers(folder, state) or scene.rerun(folder) or scene.readers(folder, "new")

    def scene(self, scene, stride):
        counts = {calls: self.count(scene, calls) for calls in {k[1] for k in KINDS}}
        for kind, calls, onwards in KINDS:
            before = self.failures
            numbers = range(1, counts[calls] + 1, stride)
            for number in numbers:
                self.cases += 1
                why, call = self.fault(scene, kind, calls, onwards, number)
                if why:
                    self.failures += 1
                    where = " ".join(call)[:120]
                    print(f"FAIL {scene.name}: {kind} at {calls} {number} ({where}): {why}", flush=True)
            ending = " from there on" if onwards else ""
            verdict = "FAIL" if self.failures > before else "ok"
            print(f"{verdict} {scene.name}: {kind} at each of {len(numbers)} {calls} calls{ending}", flush=True)

    def pipe(self):
        """A reader that goes away, at several moments."""
        for size in (0, 1, 512, 100_000):
            self.cases += 1
            self.pipes += 1
            read, write = os.pipe()
            command = [DEROOT, "convert", "-q", DEMO, "docker-archive:-"]
            child = subprocess.Popen(command, stdout=write, stderr=subprocess.PIPE, cwd=self.work)
            os.close(write)
            left = size
            while left > 0 and (piece := os.read(read, left)):
                left -= len(piece)
            os.close(read)
            text = child.communicate(timeout=60)[1].decode("utf-8", "replace")
            if child.returncode != 2 or "Broken pipe" not in text:
                self.failures += 1
                print(f"FAIL EPIPE after {size} bytes: exit {child.returncode}: {text[-200:]}")
            else:
                print(f"ok EPIPE: the reader goes after {size} bytes")


def main(work, shim, stride="1"):
    faults = Faults(work, shim)
    for transport in ("oci", "oci-archive", "docker-archive"):
        for is_new in (True, False):
            folder = os.path.join(work, "scenes")
            shutil.rmtree(folder, ignore_errors=True)
            faults.scene(Scene(folder, transport, is_new), int(stride))
    faults.pipe()
    old, new = faults.states["old"], faults.states["new"]
    print(f"figure faults: {faults.cases} faults, {faults.pipes} of them closed pipes, "
          f"{faults.unreached} after the last call; {old} left the old "
          f"state, {new} the new one, {faults.failures} anything else")
    print(f"{faults.cases - faults.failures} passed, {faults.failures} failed")
    return 0 if faults.failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
