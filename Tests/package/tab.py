#!/usr/bin/env python3
"""Presses Tab in an interactive shell at a terminal: tab.py SETUP SHELL ARGUMENTS...

Reads lines `TYPED|WHAT THE LINE BECOMES` from standard input and prints what is wrong; silence is
success. The completed line is not run but printed: the cursor goes to its start, and echo before it."""
import os
import pty
import re
import select
import sys
import time


def heard(terminal, quiet, longest=60):
    """Everything that the shell says until it has been quiet for so many seconds."""
    said, end = b'', time.monotonic() + longest
    while time.monotonic() < end:
        if not select.select([terminal], [], [], quiet)[0]:
            break
        try:
            said += os.read(terminal, 65536)
        except OSError:
            break
    return re.sub(rb'\x1b(\[[0-9;?=>]*[A-Za-z]|\][^\x07]*\x07|[()][A-Z0-9]|[=>])', b'', said).decode(errors='replace')


def main():
    setup, command = sys.argv[1], sys.argv[2:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    heard(terminal, 3)
    os.write(terminal, setup.encode() + b'\n')
    heard(terminal, 3)
    for line in sys.stdin:
        typed, wanted = line.rstrip('\n').split('|')
        # A busy machine may be slow to answer a Tab; what it left of a line goes before the next try.
        for patience in (1, 3, 6, 15, 30):
            os.write(terminal, (b'\x15' if patience > 1 else b'') + typed.encode() + b'\t')
            heard(terminal, patience)
            os.write(terminal, b'\x01echo \n')
            said = heard(terminal, patience)
            if any(part.strip() == wanted for part in re.split(r'[\r\n]+', said)):
                break
        else:
            print(f'{typed!r} does not become {wanted!r}: {said!r}')
    os.close(terminal)


main()
