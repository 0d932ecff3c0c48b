"""Crafted pairs of passwd and User, each converted: pairs.py. An image is refused, or its result is
no engine's root; see engines.py for how those read it."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

import engines
import view

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEROOT = os.environ.get("DEROOT") or os.path.join(REPO, ".build", "release", "deroot")

PLAIN = b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n"
GROUP = b"root:x:0:\napp:x:1001:\nwheel:x:10:app\n"
PASSWD = {
    "plain": PLAIN,
    "absent": None,
    "empty": b"",
    "digits are root": PLAIN + b"1000:x:0:0::/:\n",
    "digits before": b"65532:x:0:0::/:\n" + PLAIN,
    "row without number": PLAIN + b"bad:x::\n",
    "row of a name": PLAIN + b"bad\n",
    "number that is none": PLAIN + b"bad:x:abc:0::/:\n",
    "hexadecimal": PLAIN + b"bad:x:0x3e8:0x3e8::/:\n",
    "plus": PLAIN + b"bad:x:+7:+7::/:\n",
    "leading zeros": PLAIN + b"bad:x:007:007::/:\n",
    "the default with zeros": PLAIN + b"bad:x:065532:0::/:\n",
    "the default with plus": PLAIN + b"bad:x:+65532:0::/:\n",
    "too large": PLAIN + b"bad:x:4294967296:4294967296::/:\n",
    "negative": PLAIN + b"bad:x:-1:-1::/:\n",
    "64 bits": PLAIN + b"bad:x:18446744073709551616:0::/:\n",
    "blanks in front": b" root:x:0:0::/:\n\t 7:x:0:0::/:\n",
    "blank in the number": PLAIN + b"bad:x: 7:7::/:\n",
    "carriage returns": PLAIN.replace(b"\n", b"\r\n"),
    "no last newline": PLAIN[:-1],
    "twice, root later": PLAIN + b"app:x:0:0::/:\n",
    "twice, root first": b"app:x:0:0::/:\n" + PLAIN,
    "toor": PLAIN + b"toor:x:0:0::/:\nbad:x:0:0::/:\n",
    "the default is root's name": PLAIN + b"root:x:65532:65532::/:\n",
    "nonroot is root": PLAIN + b"nonroot:x:0:0::/:\n",
    "comment": b"# app:x:0:0\n" + PLAIN + b"#bad:x:0:0::/:\n",
    "NIS": PLAIN + b"+::0:0:::\n-bad::0:0:::\n",
    "odd blanks": b"\xc2\xa0app:x:0:0::/:\n" + PLAIN,
    "wide blanks": "\u3000app:x:0:0::/:\n\u20031000:x:0:0::/:\n".encode() + PLAIN,
    "a wide blank before the default": PLAIN + "\u300065532:x:0:0::/:\n".encode(),
    "vertical tab": b"\x0bapp:x:0:0::/:\n" + PLAIN,
    "NUL": PLAIN + b"bad\0:x:0:0::/:\n",
    "empty name": PLAIN + b":x:0:0::/:\n:x:65532:0::/:\n",
    "colons": PLAIN + b":::::::\n::0:0:\n",
    "long line": PLAIN + b"bad:x:7:7:" + b"x" * 70_000 + b":/:\n",
    "long line of root": b"app:x:0:0:" + b"x" * 70_000 + b":/:\n" + PLAIN,
}
USERS = [
    "", "root", "0", "app", "1000", "bad", "toor", "0:0", "app:wheel", "app:root", "1000:0", "7", "1",
    "1:1", "00", "+0", "-0", "0x0", " 0", "0 ", "1e3", "-1", "+1000", "01000", "2147483647",
    "2147483648", "4294967295", "4294967296", "4294968296", "18446744073709551616", "root:1000",
    "nobody", "a:b:c", ":", ":0", "1000:", "app:", "1000:4294967296", "1000:-1", "65532", "nonroot",
    "１０００", "app\\n", "1000:bad",
]  # fmt: skip


def pairs():
    """Every passwd with the users that it is about, and every user with the plain passwd."""
    for user in USERS:
        yield "plain", user
    for name in PASSWD:
        for user in ("", "app", "bad", "1000", "7", "65532"):
            yield name, user


def source(folder, passwd, user):
    import layout

    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, body in (("etc/passwd", passwd), ("etc/group", GROUP)):
            if body is not None:
                archive.addfile(*layout.entry(name, body=body))
    writer = layout.Writer(folder)
    writer.publish(writer.image(raw.getvalue(), {"User": user.replace("\\n", "\n")}), "v")


def main():
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
    work = tempfile.mkdtemp(prefix="identity.", dir=os.environ.get("DEROOT_WORK"))
    tally = {"converted": 0, "refused": 0}
    roots = failures = 0
    for name, user in dict.fromkeys(pairs()):
        before, after = os.path.join(work, "before"), os.path.join(work, "after")
        for folder in (before, after):
            shutil.rmtree(folder, ignore_errors=True)
        source(before, PASSWD[name], user)
        done = subprocess.run(
            [DEROOT, "convert", "-q", f"oci:{before}:v", f"oci:{after}:v"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60,
        )
        as_it_was = user.replace("\\n", "\n").encode()
        whom = [engine(as_it_was, PASSWD[name], GROUP) for engine in engines.ENGINES]
        roots += any(who is not None and who[0] == 0 for who in whom)
        problems = []
        if done.returncode in (1, 2) and done.stderr and not os.path.exists(after):
            tally["refused"] += 1
        elif done.returncode == 0:
            tally["converted"] += 1
            for _, now, passwd, group in view.identities(after):
                problems += engines.judged(now, passwd, group)
        else:
            problems.append(f"exit {done.returncode}: {done.stderr.decode()[-200:]}")
        for problem in problems:
            failures += 1
            print(f"FAIL {name}, User {user!r}: {problem}", flush=True)
    shutil.rmtree(work, ignore_errors=True)
    count = sum(tally.values())
    print(f"figure identities: {count} pairs of passwd and User, {roots} of them root to some engine; "
          f"{tally['converted']} converted, {tally['refused']} refused, {failures} root afterwards")
    print(f"{count - failures} passed, {failures} failed")
    return 0 if failures == 0 and count >= 60 else 1


if __name__ == "__main__":
    sys.exit(main())
