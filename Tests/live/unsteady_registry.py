#!/usr/bin/env python3
"""A proxy before a registry that answers 429 and 503 in bursts, and writes down when it was asked.

unsteady_registry.py UPSTREAM_PORT TIMES: every fiftieth request begins a burst of six refusals,
half of them with Retry-After; TIMES gets a line for each request: seconds, status. Prints its port.
"""
import http.client
import http.server
import sys
import threading
import time

upstream, times = int(sys.argv[1]), sys.argv[2]
lock = threading.Lock()
count = 0
log = open(times, "w", buffering=1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        global count
        # When it came, not when it was answered: one that waits here would push others together.
        came = time.monotonic()
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
            log.write(f"{came:.4f} {status}\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
