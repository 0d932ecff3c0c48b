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


class Registry:
    """One docker-registry with a storage of its own."""

    def __init__(self, folder):
        self.root = f"{folder}/storage"
        self.log = f"{folder}/access.log"
        self.port = free_port()
        self.name = f"127.0.0.1:{self.port}"
        os.makedirs(self.root)
        config = f"{folder}/config.yml"
        with open(config, "w") as file:
            file.write(
                "version: 0.1\nlog: {level: error, accesslog: {disabled: false}}\n"
                f"storage: {{filesystem: {{rootdirectory: {self.root}, maxthreads: 1000}}, delete: {{enabled: true}}}}\n"
                f'http: {{addr: "{self.name}"}}\n')
        # A registry that wishes to send traces somewhere has nowhere to send them.
        environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
        self.output = open(self.log, "ab")
        self.process = subprocess.Popen(
            ["docker-registry", "serve", config], stdout=self.output, stderr=self.output, env=environment)
        self.seen = 0
        for _ in range(100):
            try:
                probe = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                probe.request("GET", "/v2/")
                probe.getresponse().read()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("mirror: docker-registry does not answer")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.output.close()

    def requests(self):
        """The requests since the last call, as the registry itself logged them."""
        time.sleep(0.2)
        with open(self.log, "rb") as file:
            file.seek(self.seen)
            data = file.read()
        end = data.rfind(b"\n") + 1
        self.seen += end
        found = []
        for line in data[:end].decode(errors="replace").splitlines():
            match = re.search(r'"([A-Z]+) (\S+) HTTP/[0-9.]+" (\d+) (\d+|-)', line)
            if match:
                method, path, status, size = match.groups()
                found.append(Request(method, path, int(status), int(size) if size != "-" else 0))
        return found

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
