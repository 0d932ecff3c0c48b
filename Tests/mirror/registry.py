"""Debian's docker-registry on loopback, with its access log read as evidence."""

import collections
import http.client
import os
import re
import shutil
import socket
import subprocess
import time

Request = collections.namedtuple("Request", "method path status bytes")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def holds(process, port):
    """Whether that process listens there, and no other."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}
    folder = f"/proc/{process.pid}/fd"
    try:
        return any(os.readlink(f"{folder}/{name}") in inodes for name in os.listdir(folder))
    except OSError:
        return False


class Registry:
    """One docker-registry with a storage of its own."""

    def __init__(self, folder):
        self.root = f"{folder}/storage"
        self.log = f"{folder}/access.log"
        os.makedirs(self.root)
        self.output = open(self.log, "ab")
        self.seen = self.marks = 0
        # A port that was free may be somebody else's by now; then the registry ends, and the next is tried.
        if not any(self.starts(f"{folder}/config.yml") for _ in range(5)):
            raise SystemExit("mirror: docker-registry does not answer")

    def starts(self, config):
        """Whether it listens on a port of its own."""
        self.port = free_port()
        self.name = f"127.0.0.1:{self.port}"
        with open(config, "w") as file:
            file.write(
                "version: 0.1\nlog: {level: error, accesslog: {disabled: false}}\n"
                f"storage: {{filesystem: {{rootdirectory: {self.root}, maxthreads: 1000}}, delete: {{enabled: true}}}}\n"
                f'http: {{addr: "{self.name}"}}\n')
        # A registry that wishes to send traces somewhere has nowhere to send them.
        environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
        self.process = subprocess.Popen(
            ["docker-registry", "serve", config], stdout=self.output, stderr=self.output, env=environment)
        end = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < end:
            if holds(self.process, self.port):
                self.get("/v2/")
                return True
            time.sleep(0.1)
        self.process.kill()
        self.process.wait()
        return False

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.output.close()

    def requests(self):
        """The requests since the last call, as the registry itself logged them."""
        data = self.logged()
        end = data.rfind(b"\n") + 1
        self.seen += end
        found = []
        for line in data[:end].decode(errors="replace").splitlines():
            match = re.search(r'"([A-Z]+) (\S+) HTTP/[0-9.]+" (\d+) (\d+|-)', line)
            if match and not match[2].startswith("/v2/?mark="):
                method, path, status, size = match.groups()
                found.append(Request(method, path, int(status), int(size) if size != "-" else 0))
        return found

    def logged(self):
        """What the log has more than at the last call, when a request of ours is in it and all is quiet."""
        self.marks += 1
        mark = f"/v2/?mark={self.marks} "
        self.get(mark.strip())
        data, before = b"", None
        end = time.monotonic() + 60
        while mark.encode() not in data or data != before:
            if time.monotonic() > end:
                raise SystemExit("mirror: docker-registry's access log does not come to an end")
            time.sleep(0.2)
            before = data
            with open(self.log, "rb") as file:
                file.seek(self.seen)
                data = file.read()
        return data

    def tags(self, target):
        """All tags below a target, the ledger's too, with the digests they name: read from the storage."""
        found = {}
        top = f"{self.root}/docker/registry/v2/repositories/{target}"
        for folder, names, _ in os.walk(top):
            if not folder.endswith("/_manifests/tags"):
                continue
            repository = os.path.relpath(folder, top).removesuffix("/_manifests/tags")
            for tag in names:
                with open(f"{folder}/{tag}/current/link") as link:
                    found[f"{repository}:{tag}"] = link.read().strip()
            names.clear()
        return found

    def size(self):
        """Bytes of all blobs and how many there are."""
        sizes = []
        for folder, _, names in os.walk(f"{self.root}/docker/registry/v2/blobs"):
            sizes += [os.path.getsize(f"{folder}/{name}") for name in names]
        return sum(sizes), len(sizes)

    def remove(self, target):
        shutil.rmtree(f"{self.root}/docker/registry/v2/repositories/{target}", ignore_errors=True)
