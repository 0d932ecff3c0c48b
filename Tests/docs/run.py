#!/usr/bin/env python3
"""Runs the manual: what README.md and docs/*.md show is what a reader gets.

  run.py [PAGE...]       DEROOT names the binary; as root, since it makes namespaces

Every ```console block is run, page by page, each page in a folder of its own that holds `testdata`
(pages.py says what comments above a block mean, world.py what registries there are). A command must
succeed, or be followed by `$ echo $?`; where lines are shown below it, they are compared.
Last line: `N passed, N failed`."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import ci_blocks
import names
import pages
import world

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
# Blocks that cannot be run here are the exception; each says why.
MOST_NOT_RUN = 8
# What the registries of the examples hold: reference, stand-in.
PUBLISHED = [
    ("docker.io/library/nginx:1.26", "nginx"), ("docker.io/library/nginx:1.27", "nginx"),
    ("docker.io/library/redis:7", "redis"), ("quay.io/team/app:1.0", "app"),
    ("mirror.corp:5000/team/app:1.0", "app"), ("registry.corp/team/app:1.0", "app"),
]


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, why=None):
        if why is None:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {name}: {why}")


def script(page, folder):
    """The page as one shell script, and what each command is expected to print."""
    lines, expected = [], []
    for block in page.blocks:
        kind, value = block.mark or (None, None)
        if kind == "file":
            path = os.path.normpath(os.path.join(folder, os.path.expandvars(value)))
            number = len(expected)
            lines.append(f"mkdir -p '{os.path.dirname(path)}' && cat >'{path}' <<'END_OF_FILE_{number}'\n"
                         f"{block.text}END_OF_FILE_{number}")
        if block.language != "console" or kind == "not run":
            continue
        for line, command, shown in block.commands():
            number = len(expected)
            lines.append(f"(exit $last)\n{{ {command}\n}} >'{folder}.{number}' 2>&1; last=$?\n"
                         f"echo $last >'{folder}.{number}.status'")
            expected.append((f"{page.name}:{line}", command, shown))
    return "last=0\n" + "\n".join(lines) + "\n", expected


def run_page(page, place, tally):
    folder = place.path(page.name.replace("/", "-"))
    os.makedirs(folder)
    shutil.copytree(os.path.join(ROOT, "testdata"), os.path.join(folder, "testdata"))
    os.environ["HOME"] = place.home
    # No page lives on what another has left.
    shutil.rmtree(os.path.join(place.home, ".cache"), ignore_errors=True)
    text, expected = script(page, folder)
    if not expected:
        return
    try:
        subprocess.run(["bash"], input=text.encode(), cwd=folder, env=place.environment, timeout=600)
    except subprocess.TimeoutExpired:
        tally.check(page.name, "did not end within 600 seconds")
    for number, (where, command, shown) in enumerate(expected):
        name = f"{where} $ {command.splitlines()[0]}"
        try:
            with open(f"{folder}.{number}.status") as file:
                status = int(file.read())
            with open(f"{folder}.{number}", encoding="utf-8", errors="replace") as file:
                printed = file.read().split("\n")
        except FileNotFoundError:
            tally.check(name, "was not run")
            continue
        asked = number + 1 < len(expected) and expected[number + 1][1] == "echo $?"
        why = None
        if status != 0 and not asked:
            why = f"exit status {status}"
        elif shown:
            while shown and not shown[-1].strip():
                shown.pop()
            why = pages.matches(shown, printed)
        if why is not None:
            why += "; printed was\n" + "\n".join("    " + line for line in printed[:60])
        tally.check(name, why)


def check_sample(readme, deroot, tally):
    """README's before and after is what `make demo` prints."""
    sample = [b for b in readme.blocks if b.mark == ("sample", "make demo")]
    recipe = subprocess.run(["make", "-n", "-s", "demo", "SWIFT=true"], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, check=True).stdout
    command = next((line for line in recipe.split("\n") if " convert " in line), "")
    if len(sample) != 1 or not command:
        tally.check("README's sample", "the block or the command of make demo is missing")
        return
    with tempfile.TemporaryDirectory() as folder:
        words = command.replace("deroot-demo", folder).split()[1:]
        done = subprocess.run([deroot, *words], cwd=ROOT, text=True, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, env={**os.environ, "LC_ALL": "C.UTF-8"})
    tally.check("README's sample", pages.matches(sample[0].lines, done.stderr.rstrip("\n").split("\n")))


def main():
    deroot = os.path.realpath(os.environ.get("DEROOT", os.path.join(ROOT, ".build/release/deroot")))
    if not os.access(deroot, os.X_OK):
        sys.exit(f"docs: there is no binary at {deroot}; make build, or set DEROOT")
    docs = sorted(name for name in os.listdir(os.path.join(ROOT, "docs")) if name.endswith(".md"))
    every = [pages.Page(ROOT, name) for name in ["README.md"] + ["docs/" + name for name in docs]]
    chosen = [page for page in every if page.name in sys.argv[1:]] if sys.argv[1:] else every
    tally = Tally()
    base = os.environ.get("DEROOT_WORK") or None
    if base:
        os.makedirs(base, exist_ok=True)
    work = tempfile.mkdtemp(prefix="docs.", dir=base)
    os.chmod(work, 0o755)
    ci = next(page for page in every if page.name == "docs/ci.md")
    place = None
    try:
        # Before the network is left behind.
        if ci in chosen:
            ci_blocks.check_schemas(ROOT, work, ci, tally)
        world.enter()
        place = world.World(ROOT, work, deroot)
        for reference, image in PUBLISHED:
            place.publish(image, reference)
        for page in chosen:
            run_page(page, place, tally)
        if ci in chosen:
            for check in (ci_blocks.check_github, ci_blocks.check_gitlab, ci_blocks.check_tekton):
                check(ROOT, ci, place, tally)
    finally:
        if place:
            place.close()
        shutil.rmtree(work, ignore_errors=True)
    omitted = [(b.place, b.mark[1]) for page in every for b in page.blocks
               if b.mark and b.mark[0] == "not run"]
    for where, reason in omitted:
        print(f"not run {where}: {reason}")
    tally.check("blocks that are not run", None if len(omitted) <= MOST_NOT_RUN else
                f"{len(omitted)}, more than {MOST_NOT_RUN}")
    if chosen is every:
        check_sample(every[0], deroot, tally)
        names.check_links(ROOT, tally)
        names.check_commands(ROOT, every, deroot, tally)
        names.check_codes(ROOT, every, tally)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
