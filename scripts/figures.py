#!/usr/bin/env python3
"""Puts the figures that a run printed into the table of a document: figures.py FILE NAME [SECONDS] <LOG.

Rows of the same run and title are replaced, all others stay. Nothing is computed here but the place in
the table; a run that printed no figure is an error. FIGURES_COMMIT names the commit of an older log."""

import datetime
import os
import re
import subprocess
import sys

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def main(path, name, seconds=None):
    rows = {}
    for line in sys.stdin:
        found = re.match(r"figure ([^:]+(?:: [^:]+)?): (.*)", line.strip())
        tally = re.search(r"Test run with (\d+ tests?) in (\d+ suites?) (passed|failed)(.*)", line)
        if found:
            rows[found.group(1)] = found.group(2)
        elif tally:
            trouble = tally.group(4).partition("with ")[2]
            rows["tests"] = f"{tally.group(1)}, {tally.group(3)}" + (f", {trouble}" if trouble else "")
    if not rows:
        sys.exit(f"figures: the run of {name} printed none")
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True)
    when = f"{datetime.date.today()}, {os.environ.get('FIGURES_COMMIT') or head.stdout.strip()}"
    when += f", {seconds} s" if seconds else ""
    with open(path) as file:
        head, _, rest = file.read().partition(BEGIN + "\n")
    table, _, tail = rest.partition(END)
    kept = [row for row in table.splitlines() if row.startswith("| `")]
    kept = [row for row in kept if not any(row.startswith(f"| `{name}` | {what} |") for what in rows)]
    kept += [f"| `{name}` | {what} | {text.replace('|', '/')} | {when} |" for what, text in rows.items()]
    lines = ["| run | what | figures | date, commit, wall time |", "|---|---|---|---|", *sorted(kept)]
    with open(path, "w") as file:
        file.write(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + tail)


if __name__ == "__main__":
    main(*sys.argv[1:])
