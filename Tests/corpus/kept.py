"""The kept outcomes of the corpus, results.tsv: what became of each input, without times."""

import os
import re

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "results.tsv")
HEADER = "input\toutcome\toracle\tother readers\tmessage\n"
OUTCOMES = {0: "converted", 1: "blocked", 2: "refused"}


class Results:
    """The rows of this run."""

    def __init__(self, scratch, corpus):
        self.scratch, self.corpus, self.rows = scratch, corpus, []

    def add(self, name, code, oracle, readers, message):
        """A row; inputs that are built on the spot differ from machine to machine and are left out."""
        if name.startswith("Debian "):
            return
        message = message.removeprefix("deroot: ") if code else ""
        message = message.replace(self.scratch + "/", "").replace(self.corpus + "/", "")
        message = re.sub(r"[^\x20-\x7e]", "?", message)[:240]
        outcome = OUTCOMES.get(code, f"exit {code}")
        self.rows.append("\t".join([name, outcome, oracle, readers, message]) + "\n")

    def judged(self):
        """None where the rows are the kept ones, or were kept now (KEEP=1)."""
        text = HEADER + "".join(sorted(self.rows))
        if os.environ.get("KEEP"):
            with open(PATH, "w") as file:
                file.write(text)
            return None
        try:
            with open(PATH) as file:
                old = set(file.read().splitlines())
        except OSError as error:
            return f"{error}; KEEP=1 keeps the present ones"
        new = set(text.splitlines())
        changed = sorted(new - old) + ["gone: " + row for row in sorted(old - new)]
        for row in changed[:20]:
            print(f"  {row}")
        return f"{len(changed)} rows differ; KEEP=1 keeps the present ones" if changed else None

    def summary(self):
        outcomes = [row.split("\t")[1] for row in self.rows]
        kinds = sorted(set(outcomes))
        return f"{len(outcomes)} inputs, " + ", ".join(f"{outcomes.count(k)} {k}" for k in kinds)
