"""What the live tests ask about an OCI layout; Python's own tarfile and hashlib, none of our code.

  layout.py closure LAYOUT            every reachable blob is there, with the right size, digest and diffID
  layout.py privileged LAYOUT [REF]   prints setuid/setgid files and capabilities of every layer of every image
  layout.py get LAYOUT REF KEY        a config key of the image as JSON (User, Env, ... or rootfs)
  layout.py images LAYOUT [REF]       one line an image: platform, manifest digest, User
  layout.py index LAYOUT REF [--attest] [--nested] ARCH=LAYOUT...   writes a multi-platform image
  layout.py clean LAYOUT REF          writes an image in which there is nothing to change
  layout.py big LAYOUT REF MIB        writes an image of one large layer
  layout.py many LAYOUT REF ENTRIES   writes an image whose layer has many entries
"""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
INDEXES = (INDEX, "application/vnd.docker.distribution.manifest.list.v2+json")
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
REF_NAME = "org.opencontainers.image.ref.name"
CAPABILITY = ("SCHILY.xattr.security.capability", "LIBARCHIVE.xattr.security.capability")


def blob_path(layout, digest):
    return os.path.join(layout, "blobs", *digest.split(":"))


def read(layout, descriptor):
    with open(blob_path(layout, descriptor["digest"]), "rb") as file:
        data = file.read()
    assert len(data) == descriptor["size"], f"{descriptor['digest']}: size {len(data)}"
    value = "sha256:" + hashlib.sha256(data).hexdigest()
    assert value == descriptor["digest"], f"{descriptor['digest']}: content is {value}"
    return data


def inflate(data):
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def roots(layout, ref=None):
    with open(os.path.join(layout, "index.json")) as file:
        found = json.load(file)["manifests"]
    return [d for d in found if ref in (None, (d.get("annotations") or {}).get(REF_NAME))]


def walk(layout, descriptors):
    """(descriptor, document) of every manifest below, indexes included."""
    for descriptor in descriptors:
        document = json.loads(read(layout, descriptor))
        yield descriptor, document
        if "manifests" in document:
            yield from walk(layout, document["manifests"])


def images(layout, ref=None):
    seen = set()
    for descriptor, manifest in walk(layout, roots(layout, ref)):
        attached = (descriptor.get("annotations") or {}).get("vnd.docker.reference.type")
        if "layers" in manifest and not attached and descriptor["digest"] not in seen:
            seen.add(descriptor["digest"])
            yield descriptor, manifest, json.loads(read(layout, manifest["config"]))


def closure(layout):
    for _, document in walk(layout, roots(layout)):
        if "layers" not in document:
            continue
        config = json.loads(read(layout, document["config"]))
        diff_ids = (config.get("rootfs") or {}).get("diff_ids") or []
        for position, layer in enumerate(document["layers"]):
            raw = inflate(read(layout, layer))
            if position < len(diff_ids):
                value = "sha256:" + hashlib.sha256(raw).hexdigest()
                assert value == diff_ids[position], f"{layer['digest']}: diffID is {value}"


def privileged(layout, ref=None):
    for _, manifest, _ in images(layout, ref):
        for position, layer in enumerate(manifest["layers"]):
            with tarfile.open(fileobj=io.BytesIO(inflate(read(layout, layer)))) as archive:
                for entry in archive:
                    if not entry.isdir() and not entry.issym() and entry.mode & 0o6000:
                        print(f"layer {position}: {entry.name}: mode {entry.mode:o}")
                    for key in CAPABILITY:
                        if key in entry.pax_headers:
                            print(f"layer {position}: {entry.name}: {key}")


class Writer:
    """Writes blobs and the index of an OCI layout."""

    def __init__(self, layout):
        self.layout = layout
        os.makedirs(os.path.join(layout, "blobs", "sha256"), exist_ok=True)
        with open(os.path.join(layout, "oci-layout"), "w") as file:
            file.write('{"imageLayoutVersion":"1.0.0"}')

    def put(self, data, media_type, **more):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        with open(blob_path(self.layout, digest), "wb") as file:
            file.write(data)
        return dict(mediaType=media_type, digest=digest, size=len(data), **more)

    def put_json(self, document, media_type, **more):
        return self.put(json.dumps(document).encode(), media_type, **more)

    def image(self, raw, config, **more):
        compressed = gzip.compress(raw, 6, mtime=0)
        layer = self.put(compressed, LAYER + "+gzip")
        rootfs = {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(raw).hexdigest()]}
        document = {"architecture": "amd64", "os": "linux", "config": config, "rootfs": rootfs}
        document["history"] = [{"created_by": "layout.py"}]
        # Two spaces of indentation: a converter that prints the document anew is found out.
        described = self.put(json.dumps(document, indent=2).encode(), CONFIG)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": [layer]}
        return self.put(json.dumps(manifest, indent=2).encode(), MANIFEST, **more)

    def publish(self, descriptor, ref):
        descriptor.setdefault("annotations", {})[REF_NAME] = ref
        with open(os.path.join(self.layout, "index.json"), "w") as file:
            json.dump({"schemaVersion": 2, "manifests": [descriptor]}, file)


def entry(name, mode=0o644, kind=tarfile.REGTYPE, body=b"", uid=0, gid=0):
    info = tarfile.TarInfo(name)
    info.mode, info.type, info.size, info.uid, info.gid = mode, kind, len(body), uid, gid
    return info, io.BytesIO(body)


def write_index(layout, ref, arguments):
    writer, children = Writer(layout), []
    attest, nested = "--attest" in arguments, "--nested" in arguments
    for argument in (a for a in arguments if "=" in a):
        arch, _, source = argument.partition("=")
        manifest = config = None
        for _, manifest, config in images(source):
            break
        config = dict(config, architecture=arch)
        layers = [writer.put(read(source, d), d["mediaType"]) for d in manifest["layers"]]
        described = writer.put_json(config, manifest["config"]["mediaType"])
        manifest = dict(manifest, config=described, layers=layers)
        platform = {"os": "linux", "architecture": arch}
        children.append(writer.put_json(manifest, MANIFEST, platform=platform))
    if attest:
        children += [attestation(writer, child["digest"]) for child in list(children)]
    if nested:
        inner = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children[1:]}
        children = [children[0], writer.put_json(inner, INDEX)]
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
    writer.publish(writer.put_json(document, INDEX), ref)


def attestation(writer, subject):
    """What BuildKit puts beside an image: the media type of an image, but none."""
    statement = {"_type": "https://in-toto.io/Statement/v0.1", "subject": [{"digest": subject}]}
    layer = writer.put_json(statement, "application/vnd.in-toto+json")
    config = {"architecture": "unknown", "os": "unknown", "config": {}}
    config["rootfs"] = {"type": "layers", "diff_ids": [layer["digest"]]}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer]}
    manifest["config"] = writer.put_json(config, CONFIG)
    notes = {"vnd.docker.reference.type": "attestation-manifest"}
    notes["vnd.docker.reference.digest"] = subject
    platform = {"os": "unknown", "architecture": "unknown"}
    return writer.put_json(manifest, MANIFEST, platform=platform, annotations=notes)


def write_clean(layout, ref):
    passwd = b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n"
    group = b"root:x:0:\napp:x:1000:\n"
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        directory = tarfile.DIRTYPE
        for item in (
            entry("etc", 0o755, directory),
            entry("etc/passwd", body=passwd),
            entry("etc/group", body=group),
            entry("home", 0o755, directory),
            entry("home/app", 0o755, directory, uid=1000, gid=1000),
            entry("srv", 0o755, directory),
            entry("srv/app", 0o755, directory, uid=1000, gid=1000),
            entry("tmp", 0o1777, directory),
        ):
            archive.addfile(*item)
    writer = Writer(layout)
    config = {"User": "1000:1000", "WorkingDir": "/srv/app", "Cmd": ["/app"]}
    writer.publish(writer.image(raw.getvalue(), config), ref)


class HashingFile:
    """A file that counts and hashes what is written."""

    def __init__(self, path):
        self.file, self.hash, self.size = open(path, "wb"), hashlib.sha256(), 0

    def write(self, data):
        self.hash.update(data)
        self.size += len(data)
        return self.file.write(data)

    def flush(self):
        self.file.flush()


def write_stream(layout, ref, entries):
    """An image of one gzip layer from a generator of tar bytes, without holding the layer."""
    writer = Writer(layout)
    staged = os.path.join(layout, "blobs", "layer.part")
    target, raw = HashingFile(staged), hashlib.sha256()
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1, mtime=0, filename="") as packed:
        for piece in entries:
            raw.update(piece)
            packed.write(piece)
    target.file.close()
    digest = "sha256:" + target.hash.hexdigest()
    os.rename(staged, blob_path(layout, digest))
    layer = dict(mediaType=LAYER + "+gzip", digest=digest, size=target.size)
    config = {"architecture": "amd64", "os": "linux", "config": {"WorkingDir": "/data"}}
    config["rootfs"] = {"type": "layers", "diff_ids": ["sha256:" + raw.hexdigest()]}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer]}
    manifest["config"] = writer.put_json(config, CONFIG)
    writer.publish(writer.put_json(manifest, MANIFEST), ref)


def header(name, mode=0o644, size=0, kind=tarfile.REGTYPE):
    info = tarfile.TarInfo(name)
    info.mode, info.size, info.type = mode, size, kind
    return info.tobuf(tarfile.USTAR_FORMAT)


def big_layer(mebibytes):
    """64 MiB files of bytes that compress a little, every fourth of them setuid."""
    yield header("data", 0o755, kind=tarfile.DIRTYPE)
    block = b"".join(hashlib.sha256(bytes([n & 255, n >> 8])).digest() * 2 for n in range(16384))
    for number in range(mebibytes // 64):
        yield header(f"data/{number}", 0o4755 if number % 4 == 0 else 0o644, 64 << 20)
        for _ in range(64):
            yield block
    yield bytes(1024)


def many_entries(count):
    """Empty files, a thousand a directory, each thousandth setuid."""
    yield header("data", 0o755, kind=tarfile.DIRTYPE)
    for number in range(count - 1):
        if number % 1000 == 0:
            yield header(f"data/{number // 1000}", 0o755, kind=tarfile.DIRTYPE)
        else:
            mode = 0o4755 if number % 1000 == 999 else 0o644
            yield header(f"data/{number // 1000}/file-{number}", mode)
    yield bytes(1024)


def main(arguments):
    command, layout, rest = arguments[0], arguments[1], arguments[2:]
    if command == "closure":
        closure(layout)
    elif command == "privileged":
        privileged(layout, *rest)
    elif command == "get":
        for _, _, config in images(layout, rest[0]):
            scope = config if rest[1] in config else config.get("config") or {}
            print(json.dumps(scope.get(rest[1])))
    elif command == "images":
        for descriptor, _, config in images(layout, *rest):
            user = (config.get("config") or {}).get("User", "")
            print(f"{config['os']}/{config['architecture']} {descriptor['digest']} {user}")
    elif command == "index":
        write_index(layout, rest[0], rest[1:])
    elif command == "clean":
        write_clean(layout, rest[0])
    elif command == "big":
        write_stream(layout, rest[0], big_layer(int(rest[1])))
    elif command == "many":
        write_stream(layout, rest[0], many_entries(int(rest[1])))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
