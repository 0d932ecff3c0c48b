"""The tally of the mirror suite: `ok NAME`, `FAIL NAME: why`, `figure WHAT: TEXT`."""

import json
import os
import sys
import time

passed = failed = 0
began = time.monotonic()


def check(name, holds, why=""):
    global passed, failed
    if holds:
        passed += 1
        print(f"ok {name}", flush=True)
    else:
        failed += 1
        print(f"FAIL {name}: {str(why)[:2000]}", flush=True)
    return bool(holds)


def same(name, expected, found):
    if isinstance(expected, (dict, set)) and isinstance(found, type(expected)) and expected != found:
        keep = (lambda x: set(x.items())) if isinstance(expected, dict) else (lambda x: x)
        more, less = sorted(keep(expected) - keep(found))[:5], sorted(keep(found) - keep(expected))[:5]
        return check(name, False, f"only expected {more}, only found {less}")
    return check(name, expected == found, f"expected {expected!r}, found {found!r}")


def figure(what, text):
    print(f"figure {what}: {text}", flush=True)


def section(name):
    print(f"--- {name} ({time.monotonic() - began:.0f} s)", flush=True)


def keep(figures):
    """Adds measured unit costs to the file that scripts/scale.py computes docs/scale.md from."""
    path = os.environ.get("MIRROR_COSTS")
    if not path:
        return
    known = {}
    if os.path.exists(path):
        with open(path) as file:
            known = json.load(file)
    known.update(figures)
    with open(path, "w") as file:
        json.dump(known, file, indent=2, sort_keys=True)
        file.write("\n")


def finish():
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
