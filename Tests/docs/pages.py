"""Reads the manual: code blocks, links and headings of Markdown pages.

A comment of one line above a block says what the test does with it:

  <!-- file: PATH -->      the block is written to PATH, for the commands that follow
  <!-- not run: REASON --> its commands cannot be run by the test

All other ```console blocks are run: lines that begin with `$ ` are commands (with `> ` lines as
their continuation), the lines below are what they print. `…` stands for any text within a line,
a line of nothing else for any lines."""

import os
import re

FENCE = re.compile(r"^(\s*)```(.*)$")
MARK = re.compile(r"^\s*<!-- (file|not run|sample): (.*?) -->\s*$")


class Block:
    def __init__(self, page, line, language, mark):
        self.page, self.line, self.language, self.mark = page, line, language, mark
        self.lines = []

    @property
    def place(self):
        return f"{self.page}:{self.line}"

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)

    def commands(self):
        """(line number, command, lines shown below it) of each command."""
        found = []
        for offset, line in enumerate(self.lines, 1):
            if line.startswith("$ "):
                found.append((self.line + offset, line[2:], []))
            elif not found:
                raise ValueError(f"{self.place}: a console block begins with a command")
            elif line.startswith("> ") and not found[-1][2]:
                found[-1] = (found[-1][0], found[-1][1] + "\n" + line[2:], [])
            else:
                found[-1][2].append(line)
        return found


class Page:
    def __init__(self, root, name):
        self.name = name
        with open(os.path.join(root, name), encoding="utf-8") as file:
            self.lines = file.read().split("\n")
        self.blocks, self.prose = [], []
        block, indent, mark = None, "", None
        for number, line in enumerate(self.lines, 1):
            fence = FENCE.match(line)
            if block is not None:
                if fence and not fence[2].strip():
                    self.blocks.append(block)
                    block = None
                else:
                    block.lines.append(line.removeprefix(indent))
            elif fence:
                indent = fence[1]
                block = Block(name, number, fence[2].strip(), mark)
                mark = None
            else:
                found = MARK.match(line)
                if found:
                    mark = (found[1], found[2])
                elif line.strip():
                    mark = None
                self.prose.append((number, line))
        if block is not None:
            raise ValueError(f"{block.place}: the block has no end")

    def inline_code(self):
        """(line number, text) of each `code` in the prose."""
        for number, line in self.prose:
            for text in re.findall(r"`([^`]+)`", line):
                yield number, text

    def links(self):
        """(line number, target) of each link and picture."""
        for number, line in self.prose:
            for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
                yield number, target

    def anchors(self):
        """What `#` may lead to, as GitHub makes it of headings."""
        found = set()
        for _, line in self.prose:
            heading = re.match(r"#+ (.*)", line)
            if heading:
                text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).strip().lower()
                slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
                number, name = 0, slug
                while name in found:
                    number += 1
                    name = f"{slug}-{number}"
                found.add(name)
        return found


def matches(shown, printed):
    """None where what is shown is what was printed; else the first line that is not."""
    def line_fits(pattern, line):
        parts = [re.escape(part) for part in pattern.split("…")]
        return re.fullmatch(".*".join(parts), line) is not None

    def fits(shown, printed):
        for position, pattern in enumerate(shown):
            if pattern.strip() in ("…", "..."):
                rest = shown[position + 1:]
                return any(fits(rest, printed[at:]) for at in range(position, len(printed) + 1))
            if position >= len(printed) or not line_fits(pattern, printed[position]):
                return False
        return len(printed) == len(shown)

    shown = [line.rstrip() for line in shown]
    printed = [line.rstrip() for line in printed]
    while printed and not printed[-1]:
        printed.pop()
    if fits(shown, printed):
        return None
    for position, pattern in enumerate(shown):
        if pattern.strip() in ("…", "..."):
            return f"not what is shown behind line {position}"
        if position >= len(printed) or not line_fits(pattern, printed[position]):
            return f"line {position + 1} is not '{pattern}'"
    return "more is printed than is shown"
