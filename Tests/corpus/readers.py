"""What other people's readers find in a layer: GNU tar, bsdtar (libarchive) and Python's tarfile,
beside deroot's own walk, as lists of names.

deroot lists through the fuzzer's binary (target `list`), which is the walk and nothing else."""

import os
import re
import subprocess
import tarfile

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LISTER = os.environ.get("DEROOT_LISTER") or os.path.join(REPO, "Fuzz", ".build", "release", "deroot-fuzz")
ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v", b" ": b" "}


def unescaped(text):
    """Undoes the backslashes that GNU tar and bsdtar put before what is not printable."""

    def one(match):
        found = match.group(1)
        if found[:1].isdigit():
            return bytes([int(found, 8) & 255])
        return ESCAPES.get(found, found)

    return re.sub(rb"\\([0-7]{3}|.)", one, text, flags=re.S)


def clean(name):
    """A name without what makes no difference to where it is: dots, doubled and final slashes."""
    return b"/".join(part for part in name.split(b"/") if part not in (b"", b"."))


def run(command, **environment):
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, **environment}, timeout=60,
    )
    return done.returncode, done.stdout


def gnu_tar(path):
    code, out = run(["tar", "--quoting-style=escape", "-P", "-tf", path], LC_ALL="C")
    return [clean(unescaped(line)) for line in out.splitlines()] if code == 0 else f"exit {code}"


def bsdtar(path):
    code, out = run(["bsdtar", "-tf", path], LC_ALL="C.UTF-8")
    return [clean(unescaped(line)) for line in out.split(b"\n")[:-1]] if code == 0 else f"exit {code}"


def python(path):
    try:
        with tarfile.open(path, "r:", encoding="utf-8", errors="surrogateescape") as archive:
            return [clean(os.fsencode(entry.name)) for entry in archive]
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        # An archive without an entry is none to Python, and an empty one to everybody else.
        with open(path, "rb") as file:
            if not any(file.read(1024)):
                return []
        return type(error).__name__


def deroot(path):
    code, out = run([LISTER, path], DEROOT_FUZZ="list", ASAN_OPTIONS="detect_leaks=0")
    lines = out.decode("utf-8", "replace").splitlines()
    # The fuzzer's driver may run an input more than once: the last listing counts.
    ends = [-1] + [n for n, line in enumerate(lines) if line.startswith(("end ", "refused"))]
    lines = lines[ends[-2] + 1 :] if len(ends) > 1 else lines
    if code != 0 or not any(line.startswith("end ") for line in lines):
        return next((line for line in lines if line.startswith("refused")), f"exit {code}")
    return [clean(bytes.fromhex(line.split(" ")[6])) for line in lines if line.startswith("entry ")]


def differences(path):
    """Which of the other readers list something else than deroot, and how; empty: none does."""
    ours = deroot(path)
    if isinstance(ours, str):
        return [f"deroot: {ours}"]
    found = []
    for reader in (gnu_tar, bsdtar, python):
        theirs = reader(path)
        if theirs == ours:
            continue
        if isinstance(theirs, str):
            found.append(f"{reader.__name__}: {theirs}")
        else:
            found.append(f"{reader.__name__}: {len(theirs)} names, not the {len(ours)}")
    return found
