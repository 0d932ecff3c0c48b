#!/usr/bin/env python3
"""Writes an image whose names do everything that names can do: hostile_names.py LAYOUT REF."""
import io
import sys
import tarfile

from layout import Writer

NAMES = [
    b"\x1b[2J\x1b]0;owned\x07", b"a\nerror: NR001\r\nb\tc", b"\xc2\x9b31m\xc2\x85",
    "\u202egnp.\u2066x\u200b\ufeff".encode(), b"<script>alert(1)</script><img src=x onerror=y>",
    b"\"' onmouseover='x' &amp; ]]> --> </style></title>", "]]><failure/>\ufffe\uffff".encode(),
    b"n" * 5000, b"a\xff\xfe\xc0\x80", b"$(rm -rf x);`id` \"|&", b"a: [b]\n- &x *x !!t #",
    "漢字👩‍👩‍👧é́́".encode(), "a\u2028b\u2029".encode(), b"\x0e\x0f\x08\x7f", b"%00%2e%2e?x=y#z",
]


def add(archive, name, mode=0o644, kind=tarfile.REGTYPE, body=b""):
    item = tarfile.TarInfo(name)
    item.mode, item.type, item.size = mode, kind, len(body)
    archive.addfile(item, io.BytesIO(body))


def main(layout, ref):
    raw = io.BytesIO()
    # Names that are no UTF-8 go through Python as surrogates, and come out as the bytes they were.
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8",
                      errors="surrogateescape") as archive:
        for path in ("srv", "etc", "tmp", "srv/bin"):
            add(archive, path, 0o755, tarfile.DIRTYPE)
        for name in NAMES:
            add(archive, "srv/" + name.decode("utf-8", "surrogateescape"), 0o4755, body=b"#!/bin/sh\n")
    texts = [name.decode("utf-8", "replace") for name in NAMES]
    config = {
        "User": "0", "Env": [f"{text}={text}" for text in texts], "WorkingDir": "/srv",
        "Volumes": {f"/srv/{text}": {} for text in texts}, "Labels": dict.fromkeys(texts, "x"),
        "ExposedPorts": {f"{text}/tcp": {} for text in texts}, "Entrypoint": ["/srv/" + texts[1]],
        "Cmd": texts,
    }
    writer = Writer(layout)
    writer.publish(writer.image(raw.getvalue(), config), ref)


main(*sys.argv[1:])
