"""Small servers for the registry tests; each prints its port and runs until it is killed.

  pipe TARGET_PORT COUNTS [BYTES_PER_SECOND]   a TCP pipe; COUNTS holds "up down" in bytes
  connect LOG NAME=PORT...                     an HTTP proxy; CONNECT NAME:any goes to PORT here
  token KEY CERT LOG USER:PASSWORD LIFE        a token service for docker-registry; LIFE in seconds
  status CODE                                  answers every request with CODE and Retry-After: 0
  mute                                         takes connections and never answers
"""

import base64
import http.server
import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.parse


def announce(port):
    print(port, flush=True)


class Pipe:
    """Passes bytes on, counts them, and takes its time if told to."""

    def __init__(self, port, counts, rate):
        self.port, self.rate = port, rate
        self.file = os.open(counts, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        self.totals = {"up": 0, "down": 0}
        self.lock = threading.Lock()
        self.due = time.monotonic()
        self.note()

    def note(self):
        os.pwrite(self.file, b"%020d %020d\n" % (self.totals["up"], self.totals["down"]), 0)

    def pause(self, count):
        """One rate for all connections together."""
        if not self.rate:
            return
        with self.lock:
            self.due = max(self.due, time.monotonic()) + count / self.rate
            wait = self.due - time.monotonic()
        time.sleep(max(0, wait))

    def copy(self, source, target, way):
        try:
            while chunk := source.recv(65536):
                self.pause(len(chunk))
                target.sendall(chunk)
                with self.lock:
                    self.totals[way] += len(chunk)
                    self.note()
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            up = threading.Thread(target=self.copy, args=(client, server, "up"), daemon=True)
            up.start()
            self.copy(server, client, "down")
            up.join()


def pipe(port, counts, rate="0"):
    job = Pipe(int(port), counts, float(rate))
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        announce(listener.getsockname()[1])
        while True:
            client, _ = listener.accept()
            threading.Thread(target=job.serve, args=(client,), daemon=True).start()


def connect(log, *names):
    ports = dict(name.split("=") for name in names)

    class Proxy(socketserver.StreamRequestHandler):
        def handle(self):
            line = self.rfile.readline().decode("ascii", "replace").strip()
            while self.rfile.readline().strip():
                pass
            with open(log, "a") as file:
                print(line, file=file)
            words = line.split()
            port = ports.get(words[1].rpartition(":")[0]) if words[:1] == ["CONNECT"] else None
            if port is None:
                self.wfile.write(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")
                return
            self.wfile.write(b"HTTP/1.1 200 Go\r\n\r\n")
            with socket.create_connection(("127.0.0.1", int(port))) as server:
                job = Pipe(0, os.devnull, 0)
                threading.Thread(target=job.copy, args=(self.connection, server, "up"), daemon=True).start()
                job.copy(server, self.connection, "down")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Proxy) as server:
        announce(server.server_address[1])
        server.serve_forever()


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def signed(key, certificate, claims):
    """A JSON web token (RFC 7519) that docker-registry takes: RS256 with the certificate inside."""
    with open(certificate) as file:
        body = "".join(line for line in file.read().splitlines() if "-----" not in line)
    header = {"typ": "JWT", "alg": "RS256", "x5c": [body]}
    text = b".".join(url64(json.dumps(part).encode()) for part in (header, claims))
    run = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", key], input=text, stdout=subprocess.PIPE, check=True
    )
    return (text + b"." + url64(run.stdout)).decode()


def token(key, certificate, log, account, life):
    """Everybody may pull, the account may push (distribution, docs/spec/auth/token.md).

    docker-registry forgives tokens 60 seconds, so a life of 3 means 3 seconds after those; the answer
    says 300, as of a token that is withdrawn before its time."""
    grant = "Basic " + base64.b64encode(account.encode()).decode()

    class Service(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            given = self.headers.get("Authorization")
            with open(log, "a") as file:
                print(json.dumps({"scope": query.get("scope", []), "known": given == grant}), file=file)
            if given not in (None, grant):
                self.answer(401, {"details": "wrong password"})
                return
            access = []
            for scope in " ".join(query.get("scope", [])).split():
                kind, _, rest = scope.partition(":")
                name, _, actions = rest.rpartition(":")
                allowed = [a for a in actions.split(",") if a == "pull" or given == grant]
                access.append({"type": kind, "name": name, "actions": allowed})
            now = int(time.time())
            claims = {
                "iss": "deroot-tests", "sub": "robot" if given else "", "aud": "registry-tests",
                "exp": now - 60 + int(life), "nbf": now - 600, "iat": now - 600,
                "jti": os.urandom(8).hex(), "access": access,
            }
            self.answer(200, {"token": signed(key, certificate, claims), "expires_in": 300})

        def do_POST(self):
            self.answer(404, {})

        def answer(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    run_http(Service)


def status(code):
    class Refusal(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = json.dumps({"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}).encode()
            self.send_response(int(code))
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = answer

        def log_message(self, *_):
            pass

    run_http(Refusal)


def mute():
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        announce(listener.getsockname()[1])
        while True:
            time.sleep(600)


def run_http(handler):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        announce(server.server_address[1])
        server.serve_forever()


if __name__ == "__main__":
    {"pipe": pipe, "connect": connect, "token": token, "status": status, "mute": mute}[sys.argv[1]](*sys.argv[2:])
