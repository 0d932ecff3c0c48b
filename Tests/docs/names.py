"""What the manual names must exist: files, headings, commands, options, codes of errors."""

import json
import os
import re
import shlex
import subprocess

import pages

# Options that the manual names alone and that other tools have.
FOREIGN = {
    "docker": {"--user", "--read-only", "--tmpfs", "--volume", "--cap-drop", "--security-opt"},
}
HIDDEN = re.compile(r"^--(experimental-dump-help|generate-completion-script)$")


def markdown(root):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=root,
                            text=True, stdout=subprocess.PIPE)
    names = listed.stdout.split() if listed.returncode == 0 else []
    if not names:
        for folder, _, files in os.walk(root):
            if "/." not in folder:
                names += [os.path.relpath(os.path.join(folder, n), root) for n in files
                          if n.endswith(".md")]
    return [name for name in names if not name.startswith("docs/man/")]


def check_links(root, tally):
    every = {name: pages.Page(root, name) for name in markdown(root)}
    indexed = {target.partition("#")[0] for _, target in every["docs/README.md"].links()}
    for name in sorted(every):
        if os.path.dirname(name) == "docs" and name != "docs/README.md":
            found = os.path.basename(name) in indexed
            tally.check(f"docs/README.md lists {name}", None if found else "it does not")
    for name, page in sorted(every.items()):
        for line, target in page.links():
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
            why = None
            if not os.path.exists(os.path.join(root, file)):
                why = "there is no such file"
            elif anchor and file.endswith(".md") and anchor not in pages.Page(root, file).anchors():
                why = "there is no such heading"
            tally.check(f"{name}:{line} leads to {target}", why)


def tree(deroot):
    """{words of a command: its options}, as the binary itself tells."""
    found = {}

    def walk(words):
        help_text = subprocess.run([deroot, *words, "--experimental-dump-help"], text=True,
                                   stdout=subprocess.PIPE, check=True).stdout
        return json.loads(help_text)["command"]

    def add(words, command):
        options = {}
        for argument in command.get("arguments", []):
            for name in argument.get("names") or []:
                dashes = "--" if name["kind"] == "long" else "-"
                options[dashes + name["name"]] = argument["kind"] == "option"
        found[words] = (options, command.get("shouldDisplay", True))
        for child in command.get("subcommands", []):
            if child["commandName"] != "help":
                add(words + (child["commandName"],), child)

    add((), walk([]))
    return found


def of_scripts(root):
    """The options of the repository's own scripts, as they tell."""
    found = set()
    for name in sorted(os.listdir(os.path.join(root, "scripts"))):
        path = os.path.join(root, "scripts", name)
        if not name.endswith(".py"):
            continue
        with open(path, encoding="utf-8") as file:
            if "import argparse" not in file.read():
                continue
        told = subprocess.run([path, "--help"], text=True, stdout=subprocess.PIPE, check=True).stdout
        found |= set(re.findall(r"--[a-z-]+", told))
    return found


def shell_commands(text):
    """The deroot commands in shell text, as words."""
    text = re.sub(r"\\\n\s*", " ", text)
    for line in text.split("\n"):
        if not re.search(r"\bderoot\b", line):
            continue
        try:
            lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="|&;()<>")
            lexer.whitespace_split = True
            words = list(lexer)
        except ValueError:
            continue
        for position, word in enumerate(words):
            first = position == 0 or words[position - 1] in ("|", "||", "&&", ";", "(", "{", "then", "if", "!")
            if word == "deroot" and first:
                rest = words[position + 1:]
                end = next((n for n, w in enumerate(rest) if re.fullmatch(r"[|&;()]+", w)), len(rest))
                yield rest[:end]


def wrong(words, commands):
    """What is wrong with the words of a deroot command; None where nothing is."""
    path = ()
    while len(path) < len(words) and path + (words[len(path)],) in commands:
        path += (words[len(path)],)
    if not path and words and re.fullmatch(r"[a-z]+", words[0]) and words[0] != "help":
        return f"deroot has no command '{words[0]}'"
    options = commands[path][0]
    for word in words[len(path):]:
        name = word.split("=")[0]
        if re.fullmatch(r"--?[a-z][a-z-]*", name) and name not in options and not HIDDEN.match(name):
            if name not in ("--help", "-h", "--version"):
                return f"'deroot {' '.join(path)}' has no option {name}"
    return None


def check_commands(root, every, deroot, tally):
    commands = tree(deroot)
    known = set().union(*(options for options, _ in commands.values())) | {"--help", "--version"}
    foreign = set().union(*FOREIGN.values()) | of_scripts(root)
    for page in every:
        for block in page.blocks:
            if block.language not in ("console", "sh", "bash", "yaml", ""):
                continue
            source = block.text if block.language != "console" else "\n".join(
                command for _, command, _ in block.commands())
            for words in shell_commands(source):
                tally.check(f"{block.place} deroot {' '.join(words)}", wrong(words, commands))
        for line, text in page.inline_code():
            name = f"{page.name}:{line} `{text}`"
            if text.startswith("deroot "):
                for words in shell_commands(text):
                    tally.check(name, wrong(words, commands))
            elif re.match(r"--[a-z]", text):
                option = re.match(r"--[a-z-]+", text)[0]
                exists = option in known or option in foreign or option.endswith("-")
                tally.check(name, None if exists else "deroot has no such option")
    index = next(page for page in every if page.name == "docs/README.md")
    named = {text for _, text in index.inline_code()}
    for words, (_, shown) in sorted(commands.items()):
        children = any(len(w) == len(words) + 1 and w[:len(words)] == words for w in commands)
        if words and shown and not children:
            text = "deroot " + " ".join(words)
            tally.check(f"docs/README.md lists {text}", None if text in named else "it does not")


def check_codes(root, every, tally):
    """Every code of an error has an entry among the messages, with its exit status, and no other."""
    with open(os.path.join(root, "Sources/DerootBytes/DerootError.swift")) as file:
        codes = dict((name, int(status or 2)) for name, status in re.findall(
            r'static let \w+ = Code\("([a-z-]+)"(?:, exit: (\d+))?\)', file.read()))
    page = next(page for page in every if page.name == "docs/messages.md")
    entries = {}
    for _, line in page.prose:
        heading = re.match(r"## `([a-z-]+)` \(exit (\d+)", line)
        if heading:
            entries[heading[1]] = int(heading[2])
    tally.check("codes are found in the sources", None if len(codes) > 10 else f"only {codes}")
    for code, status in sorted(codes.items()):
        why = None
        if code not in entries:
            why = "docs/messages.md has no entry for it"
        elif entries[code] != status:
            why = f"the entry says exit {entries[code]}, the sources {status}"
        tally.check(f"the code {code}", why)
    # What stops a conversion by a rule is named there as well.
    text = "\n".join(page.lines)
    rules = set()
    for folder, _, files in os.walk(os.path.join(root, "Sources")):
        for name in files:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                rules |= set(re.findall(r"\bNR08\d\b", file.read()))
    for name in os.listdir(os.path.join(root, "docs/rules")):
        with open(os.path.join(root, "docs/rules", name), encoding="utf-8") as file:
            if "Severity: block" in file.read():
                rules.add(name.removesuffix(".md"))
    tally.check("blocking rules are found", None if len(rules) > 8 else f"only {rules}")
    for rule in sorted(rules):
        tally.check(f"the rule {rule}", None if rule in text else "docs/messages.md does not name it")
    for code in sorted(set(entries) - set(codes)):
        tally.check(f"the entry {code} of docs/messages.md", "there is no such code")
