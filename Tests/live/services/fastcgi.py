#!/usr/bin/env python3
"""One request to a FastCGI server on this machine: fastcgi.py PORT SCRIPT [QUERY]; prints the answer."""

import os
import socket
import struct
import sys

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def answer(port, script, query):
    variables = {
        "SCRIPT_FILENAME": script, "SCRIPT_NAME": "/" + os.path.basename(script),
        "REQUEST_METHOD": "GET", "QUERY_STRING": query, "SERVER_PROTOCOL": "HTTP/1.1",
    }
    pairs = b"".join(bytes([len(name), len(value)]) + name.encode() + value.encode()
                     for name, value in variables.items())
    with socket.create_connection(("127.0.0.1", port), timeout=20) as server:
        stream = server.makefile("rb")
        server.sendall(record(BEGIN, struct.pack(">HB5x", 1, 0)) + record(PARAMS, pairs)
                       + record(PARAMS, b"") + record(STDIN, b""))
        out = b""
        while True:
            _, kind, _, length, padding, _ = struct.unpack(">BBHHBB", stream.read(8))
            content = stream.read(length)
            stream.read(padding)
            if kind == STDOUT:
                out += content
            if kind == END:
                return out.decode(errors="replace")


if __name__ == "__main__":
    print(answer(int(sys.argv[1]), sys.argv[2], "".join(sys.argv[3:])))
