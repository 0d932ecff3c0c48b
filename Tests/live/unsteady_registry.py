#!/usr/bin/env python3
"""A proxy before a registry that answers 429 and 503 in bursts, and writes down when it was asked.

unsteady_registry.py PORT UPSTREAM_PORT TIMES: every fiftieth request begins a burst of six refusals,
half of them with Retry-After; TIMES gets a line for each request: seconds, status.
"""
import http.client
import http.server
import sys
import threading
import time

port, upstream, times = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
lock = threading.Lock()
count = 0
log = open(times, "w", buffering=1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        global count
        with lock:
            count += 1
            number = count
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if number % 50 < 6 and number > 50:
            status = 429 if number % 2 else 503
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "1")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            connection = http.client.HTTPConnection("127.0.0.1", upstream)
            # The Host stays, so that the registry's addresses lead back here.
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
            status = answer.status
            self.send_response(status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                    if name.lower() != "content-length" or self.command == "HEAD":
                        self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            connection.close()
        with lock:
            log.write(f"{time.monotonic():.4f} {status}\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
