"""The world that the manual's commands run in: names that people use, on this machine alone.

The process is in network and mount namespaces of its own. /etc/hosts there leads the names of the
examples to two docker-registry processes with TLS, whose CA is in the home directory's certs.d:
`public` for what anybody may read, `corp` with a password. Small stand-ins hold what the official
images have that deroot looks at: accounts, start scripts, configuration."""

import ctypes
import fcntl
import io
import json
import os
import shutil
import socket
import struct
import subprocess
import tarfile
import time

PUBLIC = "127.0.0.2", ["registry-1.docker.io", "docker.io", "quay.io", "ghcr.io", "mirror.corp"]
CORP = "127.0.0.3", ["registry.corp", "locked.corp"]
USER, PASSWORD = "ci", "secret"
# bcrypt of PASSWORD, as htpasswd writes it.
HTPASSWD = "ci:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"
DIRECTORY, TEXT = tarfile.DIRTYPE, tarfile.REGTYPE


def enter():
    """Moves this process into namespaces of its own and brings its loopback up."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000 | 0x00020000) != 0:
        raise OSError(ctypes.get_errno(), "unshare: the docs test needs root")
    if libc.mount(b"none", b"/", None, 0x44000, None) != 0:
        raise OSError(ctypes.get_errno(), "mount")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", 1))


class World:
    def __init__(self, root, work, deroot):
        self.root, self.work, self.servers = root, work, []
        self.home = os.path.join(work, "home")
        bin_dir = os.path.join(work, "bin")
        for folder in (self.home, bin_dir, os.path.join(work, "tmp"), os.path.join(work, "run")):
            os.makedirs(folder)
        os.symlink(os.path.realpath(deroot), os.path.join(bin_dir, "deroot"))
        for name, text in TOOLS.items():
            path = os.path.join(bin_dir, name)
            with open(path, "w") as file:
                file.write(text)
            os.chmod(path, 0o755)
        self.environment = {
            "PATH": bin_dir + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": self.home, "TMPDIR": os.path.join(work, "tmp"), "LC_ALL": "C.UTF-8",
            "XDG_RUNTIME_DIR": os.path.join(work, "run"), "REGISTRY_PASSWORD": PASSWORD,
            "DOCS_IMAGES": os.path.join(work, "images"),
        }
        self.name_hosts()
        self.certify()
        self.serve("public", PUBLIC, auth=False)
        self.serve("corp", CORP, auth=True)
        self.log_in()

    def path(self, *parts):
        return os.path.join(self.work, *parts)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def run(self, *words, **options):
        return subprocess.run(words, check=True, env=self.environment, **options)

    def name_hosts(self):
        lines = ["127.0.0.1 localhost"] + [f"{a} {' '.join(n)}" for a, n in (PUBLIC, CORP)]
        hosts = self.write("hosts", "\n".join(lines) + "\n")
        self.run("mount", "--bind", hosts, "/etc/hosts")

    def certify(self):
        names = PUBLIC[1] + CORP[1]
        subject = "subjectAltName=" + ",".join("DNS:" + name for name in names)
        self.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=docs", "-addext", subject,
            "-keyout", self.path("key.pem"), "-out", self.path("ca.pem"), stderr=subprocess.DEVNULL)
        for name in names + ["mirror.corp:5000"]:
            if name == "locked.corp":
                continue
            folder = os.path.join(self.home, ".config/containers/certs.d", name)
            os.makedirs(folder)
            shutil.copy(self.path("ca.pem"), os.path.join(folder, "ca.crt"))

    def serve(self, name, place, auth):
        self.write("htpasswd", HTPASSWD)
        lock = {"htpasswd": {"realm": "corp", "path": self.path("htpasswd")}}
        for port in (443, 5000):
            settings = {
                "version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}},
                "storage": {"filesystem": {"rootdirectory": self.path(name + ".data")},
                            "delete": {"enabled": True}},
                "http": {"addr": f"{place[0]}:{port}", "tls": {
                    "certificate": self.path("ca.pem"), "key": self.path("key.pem")}},
                **({"auth": lock} if auth else {}),
            }
            config = self.write(f"{name}.{port}.yml", json.dumps(settings))
            with open(self.path(f"{name}.{port}.log"), "w") as log:
                self.servers.append(subprocess.Popen(
                    ["docker-registry", "serve", config], stdout=log, stderr=log))
            for _ in range(200):
                try:
                    socket.create_connection((place[0], port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            else:
                raise RuntimeError(f"the registry {name} did not come up")

    def log_in(self):
        for name, file in (("registry.corp", ".config/containers/auth.json"),
                           ("locked.corp", "locked.json")):
            self.run("skopeo", "login", "-u", USER, "--password-stdin", name, "--tls-verify=false",
                     "--authfile", os.path.join(self.home, file),
                     input=PASSWORD.encode(), stdout=subprocess.DEVNULL)

    def publish(self, image, reference):
        layout = self.path("images", image)
        if not os.path.exists(layout):
            write_layout(layout, *STAND_INS[image])
        self.run("skopeo", "copy", "-q", f"oci:{layout}:latest", f"docker://{reference}")

    def close(self):
        for server in self.servers:
            server.terminate()
        for server in self.servers:
            server.wait()


# docker's and podman's part in pipes, by skopeo: no daemon runs here.
TOOLS = {
    "docker": """#!/bin/sh
# docker save IMAGE, docker load: what deroot sees of them.
case $1 in
save) file=$(mktemp -u); skopeo copy -q "oci:$DOCS_IMAGES/$2:latest" "docker-archive:$file:$2:latest" >&2 &&
    cat "$file"; rm -f "$file" ;;
load) file=$(mktemp); cat >"$file"
    skopeo inspect "docker-archive:$file" >/dev/null && echo "Loaded image"; rm -f "$file" ;;
*) exit 64 ;;
esac
""",
}

NGINX_START = """#!/bin/sh
set -e
for script in /docker-entrypoint.d/*.sh; do "$script"; done
exec "$@"
"""
REDIS_START = """#!/bin/sh
set -e
if [ "$1" = 'redis-server' -a "$(id -u)" = '0' ]; then
	find . \\! -user redis -exec chown redis '{}' +
	exec gosu redis "$0" "$@"
fi
exec "$@"
"""
NGINX_CONF = """user  nginx;
pid        /run/nginx.pid;
http {
    include /etc/nginx/conf.d/*.conf;
}
"""
PASSWD = "root:x:0:0:root:/root:/bin/sh\n"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What is in every one: a setuid tool, accounts, /tmp. path: (type, mode, uid, gid, content)
COMMON = {
    "tmp": (DIRECTORY, 0o1777, 0, 0, ""), "root": (DIRECTORY, 0o700, 0, 0, ""),
    "usr/bin/mount": (TEXT, 0o4755, 0, 0, "#!/bin/sh\n"), "bin/sh": (TEXT, 0o755, 0, 0, "\x7fELF"),
    "etc/group": (TEXT, 0o644, 0, 0, "root:x:0:\n"),
}
STAND_INS = {
    "nginx": ({
        **COMMON,
        "etc/passwd": (TEXT, 0o644, 0, 0, PASSWD + "nginx:x:101:101::/nonexistent:/bin/false\n"),
        "docker-entrypoint.sh": (TEXT, 0o755, 0, 0, NGINX_START),
        "docker-entrypoint.d/20-envsubst-on-templates.sh": (TEXT, 0o755, 0, 0, "#!/bin/sh\n"),
        "etc/nginx/nginx.conf": (TEXT, 0o644, 0, 0, NGINX_CONF),
        "etc/nginx/conf.d/default.conf": (TEXT, 0o644, 0, 0, "server {\n    listen 80;\n}\n"),
        "usr/sbin/nginx": (TEXT, 0o755, 0, 0, "\x7fELF"),
        "var/cache/nginx": (DIRECTORY, 0o755, 0, 0, ""),
    }, {"Env": [PATH, "NGINX_VERSION=1.27.5"], "Entrypoint": ["/docker-entrypoint.sh"],
        "Cmd": ["nginx", "-g", "daemon off;"], "ExposedPorts": {"80/tcp": {}}}),
    "redis": ({
        **COMMON,
        "etc/passwd": (TEXT, 0o644, 0, 0, PASSWD + "redis:x:999:999::/data:/bin/sh\n"),
        "etc/group": (TEXT, 0o644, 0, 0, "root:x:0:\nredis:x:999:\n"),
        "usr/local/bin/docker-entrypoint.sh": (TEXT, 0o755, 0, 0, REDIS_START),
        "usr/local/bin/redis-server": (TEXT, 0o755, 0, 0, "\x7fELF"),
        "usr/local/bin/gosu": (TEXT, 0o755, 0, 0, "\x7fELF"),
        "data": (DIRECTORY, 0o755, 999, 999, ""),
    }, {"Env": [PATH, "REDIS_VERSION=7.4.2"], "Entrypoint": ["docker-entrypoint.sh"],
        "Cmd": ["redis-server"], "ExposedPorts": {"6379/tcp": {}}, "Volumes": {"/data": {}},
        "WorkingDir": "/data"}),
    "app": ({
        **COMMON,
        "etc/passwd": (TEXT, 0o644, 0, 0, PASSWD + "app:x:1000:1000::/var/lib/app:/bin/sh\n"),
        "etc/app/app.conf": (TEXT, 0o644, 0, 0, "listen = 8000\npid = /run/app.pid\n"),
        "usr/bin/app-server": (TEXT, 0o755, 0, 0, "\x7fELF"),
        "var/lib/app": (DIRECTORY, 0o755, 0, 0, ""),
    }, {"Env": [PATH], "Cmd": ["app-server", "--config", "/etc/app/app.conf"],
        "ExposedPorts": {"8000/tcp": {}}}),
}


def write_layout(path, files, config):
    """An OCI layout with one image of one layer, for skopeo to push."""
    import gzip
    import hashlib
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        made = set()
        for name, (kind, mode, uid, gid, content) in sorted(files.items()):
            parents = name.split("/")[:-1]
            for depth in range(1, len(parents) + 1):
                parent = "/".join(parents[:depth])
                if parent not in made and parent not in files:
                    tar.addfile(entry(parent, DIRECTORY, 0o755, 0, 0, 0))
                    made.add(parent)
            data = content.encode("latin-1")
            tar.addfile(entry(name, kind, mode, uid, gid, len(data)), io.BytesIO(data))
    layer = gzip.compress(raw.getvalue(), mtime=0)
    os.makedirs(os.path.join(path, "blobs/sha256"))

    def blob(data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(path, "blobs/sha256", digest), "wb") as file:
            file.write(data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}

    kind = "application/vnd.oci.image."
    document = {
        "created": "2025-01-01T00:00:00Z", "architecture": "amd64", "os": "linux", "config": config,
        "rootfs": {"type": "layers",
                   "diff_ids": ["sha256:" + hashlib.sha256(raw.getvalue()).hexdigest()]},
        "history": [{"created": "2025-01-01T00:00:00Z", "created_by": "stand-in"}],
    }
    manifest = {
        "schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
        "config": blob(json.dumps(document).encode(), kind + "config.v1+json"),
        "layers": [blob(layer, kind + "layer.v1.tar+gzip")],
    }
    top = blob(json.dumps(manifest).encode(), kind + "manifest.v1+json")
    top["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    for name, value in (("oci-layout", {"imageLayoutVersion": "1.0.0"}),
                        ("index.json", {"schemaVersion": 2, "manifests": [top]})):
        with open(os.path.join(path, name), "w") as file:
            json.dump(value, file)


def entry(name, kind, mode, uid, gid, size):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.uid, info.gid, info.size, info.mtime = (
        kind, mode, uid, gid, size, 1735689600)
    return info
