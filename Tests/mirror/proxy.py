"""A registry in a bad mood: a proxy that answers in bursts with 429 and 5xx, cuts connections, and takes
down whether its wishes were heard.

Requests pass, but for bursts of six, the first at once. In a burst each request gets, in turn, 429 with a
Retry-After, 503 with one, 500, 502, or a cut connection. Any request before the time that a Retry-After
named is a breach, but for those that were on their way when it was sent.

With a quota it counts GETs of manifests as Docker Hub does, and says how many are left."""

import http.client
import http.server
import threading
import time


class Moods:
    """What all connections share."""

    def __init__(self, upstream, every=300, length=6, pause=4, grace=2, quota=None, window=3):
        self.upstream = upstream.split(":")
        self.every, self.length, self.pause, self.grace = every, length, pause, grace
        self.lock = threading.Lock()
        self.began = time.monotonic()
        self.paused = (0, 0)
        self.counts = {"passed": 0, "429": 0, "503": 0, "500": 0, "502": 0, "cut": 0}
        self.breaches = []
        self.asked = self.turn = 0
        self.times = []
        self.quota, self.window, self.left = quota, window, {}

    def pull(self, counts):
        """How many pulls are left after this request; None without a quota."""
        if self.quota is None:
            return None
        with self.lock:
            now = int((time.monotonic() - self.began) / self.window)
            self.left[now] = self.left.get(now, self.quota) - counts
            return self.left[now]

    def judge(self, method, path):
        """None to let it pass, else what it gets."""
        now = time.monotonic()
        with self.lock:
            self.times.append(now)
            # The clocks of two processes: a hundredth of a second is no breach.
            if self.paused[0] < now < self.paused[1] - 0.01:
                self.breaches.append(f"{method} {path}, {self.paused[1] - now:.2f} s early")
            # By number: how many bursts there are does not depend on how fast the machine is.
            self.asked += 1
            if (self.asked - 1) % self.every >= self.length:
                self.counts["passed"] += 1
                return None
            self.turn += 1
            kind = ["429", "503", "500", "429", "502", "cut"][self.turn % 6]
            self.counts[kind] += 1
            if kind in ("429", "503"):
                # From when on and until when nobody may come; a pause that runs begins no second grace.
                begin = self.paused[0] if now < self.paused[1] else now + self.grace
                self.paused = (begin, now + self.pause)
            return kind


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    moods = None
    upstream = None

    def body(self):
        if "chunked" in self.headers.get("transfer-encoding", ""):
            parts = []
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                parts.append(self.rfile.read(size))
                self.rfile.readline()
                if size == 0:
                    return b"".join(parts)
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def answer(self):
        body = self.body()
        kind = self.moods.judge(self.command, self.path)
        if kind == "cut":
            self.close_connection = True
            return
        if kind:
            self.send_response(int(kind))
            self.send_header("Content-Length", "0")
            if kind in ("429", "503"):
                self.send_header("Retry-After", str(self.moods.pause))
            self.end_headers()
            return
        left = None
        if "/manifests/" in self.path:
            left = self.moods.pull(self.command == "GET")
        if left is not None and left < 0:
            self.send_response(429)
            self.send_header("Content-Length", "0")
            self.send_header("Retry-After", str(self.moods.window))
            self.end_headers()
            return
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "transfer-encoding")}
        if body:
            headers["Content-Length"] = str(len(body))
        if self.upstream is None:
            self.upstream = http.client.HTTPConnection(self.moods.upstream[0], int(self.moods.upstream[1]))
        try:
            self.upstream.request(self.command, self.path, body or None, headers)
            reply = self.upstream.getresponse()
        except (OSError, http.client.HTTPException):
            # An idle connection that the registry closed: once more on a new one.
            self.upstream.close()
            self.upstream.request(self.command, self.path, body or None, headers)
            reply = self.upstream.getresponse()
        data = reply.read()
        self.send_response_only(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = reply.headers.get("content-length", "0") if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length)
        if left is not None:
            self.send_header("RateLimit-Remaining", f"{left};w={self.moods.window}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that went away is none of our business."""


def start(upstream, **moods):
    """Gives the proxy's name and its moods."""
    shared = Moods(upstream, **moods)
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"moods": shared}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_address[1]}", shared
