"""Synthetic images for the mirror suite, pushed straight into a registry.

Five bases that all images share, three platforms on every seventh image, and every twentieth poisoned
in a way of docs/threat-model.md. Nothing is random: the same number of images gives the same bytes."""

import gzip
import hashlib
import http.client
import io
import json
import lzma
import random
import tarfile

OCI = "application/vnd.oci.image."
PLATFORMS = [("amd64", None), ("arm64", "v8"), ("arm", "v7")]
BASES = 5
PER_REPOSITORY = 20


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, mode, body in entries:
            info = tarfile.TarInfo(name)
            info.mode, info.mtime = mode, 1700000000
            if body is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(body)
                archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


WORDS = [random.Random(n).randbytes(9) for n in range(400)]


def text(rng, size):
    """Bytes that compress about as well as programs do."""
    pieces = []
    for _ in range(size // 2048 + 1):
        pieces += [b"".join(rng.choices(WORDS, k=150)), rng.randbytes(700)]
    return b"".join(pieces)[:size]


def base(number, size):
    """The layer that a fifth of all images begin with: setuid programs, accounts, many files."""
    rng = random.Random(f"base {number}")
    entries = [
        ("etc", 0o755, None),
        ("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\n"),
        ("etc/group", 0o644, b"root:x:0:\n"),
        ("bin", 0o755, None),
        ("bin/su", 0o4755, text(rng, 60_000)),
        ("bin/mount", 0o4755, text(rng, 50_000)),
        ("bin/wall", 0o2755, text(rng, 20_000)),
        ("base-id", 0o644, b"%d\n" % number),
    ]
    left = size
    while left > 0:
        part = min(left, rng.randrange(2_000, 60_000))
        entries.append((f"usr/lib/{number}/{len(entries)}.so", 0o644, text(rng, part)))
        left -= part
    return tar(entries)


# Ways to poison an image: each takes an image's parts and changes them. The names are those of
# docs/threat-model.md.
def c09_checksum(image):
    image.raw = bytearray(image.raw)
    image.raw[148:156] = b"0000000\0"


def c21_truncated_member(image):
    image.raw = image.raw[: image.raw.index(b"app/") + 700]


def c03_pax_record(image):
    header = tarfile.TarInfo("PaxHeaders/x")
    header.type, body = tarfile.XHDTYPE, b"99 path=short\n"
    header.size = len(body)
    record = header.tobuf(tarfile.USTAR_FORMAT) + body.ljust(512, b"\0")
    image.raw = record + image.raw


def c13_dot_dot(image):
    image.raw = tar([("app/../../../etc/shadow", 0o644, b"root::0:0:::::\n")])


def c08_negative_size(image):
    raw = bytearray(image.raw)
    raw[124:136] = b"\xff" * 12
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    image.raw = raw


def b05_truncated_gzip(image):
    whole = gzip.compress(bytes(image.raw), mtime=0)
    image.compressed = whole[: len(whole) // 2]


def b06_other_compression(image):
    image.compressed = lzma.compress(bytes(image.raw))


def a05_diff_id(image):
    image.config["rootfs"]["diff_ids"][-1] = digest(b"something else")


def a20_duplicate_user(image):
    image.config_text = lambda config: config.replace('"config": {', '"config": {"user": "0", "User": "1", ')


def a22_config_types(image):
    image.config["config"] = {"User": {"name": "root"}}


def a02_sizes_without_measure(image):
    def state(document):
        layer = {**document["layers"][-1], "size": 2**63 - 1}
        document["layers"] = [document["layers"][0], layer, layer, layer]
    image.change_document = state


POISONS = [
    c09_checksum, a02_sizes_without_measure, c21_truncated_member, c03_pax_record, c13_dot_dot, c08_negative_size,
    b05_truncated_gzip, b06_other_compression, a05_diff_id, a20_duplicate_user, a22_config_types,
]


class Image:
    """One platform of an image, until it is pushed."""

    def __init__(self, name, base_raw, architecture, variant, own_size):
        rng = random.Random(f"image {name} {architecture}")
        self.raw = tar([
            (f"app/{name}", 0o755, text(rng, own_size)),
            ("srv/data", 0o755, None),
            (f"srv/data/{architecture}", 0o644, text(rng, own_size // 8)),
            ("usr/bin/helper", 0o4755, text(rng, 3_000)),
        ])
        self.compressed = None
        self.config_text = lambda config: config
        self.change_document = lambda document: None
        self.config = {
            "architecture": architecture, "os": "linux", "created": "2024-01-01T00:00:00Z",
            "config": {"Entrypoint": [f"/app/{name}"], "Volumes": {"/srv/data": {}}},
            "rootfs": {"type": "layers", "diff_ids": [digest(base_raw), digest(bytes(self.raw))]},
        }
        if variant:
            self.config["variant"] = variant
        self.platform = {"architecture": architecture, "os": "linux"}
        if variant:
            self.platform["variant"] = variant


class Pusher:
    """The little of the distribution API that pushing needs, over one connection."""

    def __init__(self, registry):
        self.host, self.port = registry.split(":")
        self.connection = http.client.HTTPConnection(self.host, int(self.port))
        self.home = {}

    def ask(self, method, path, body=None, headers=()):
        self.connection.request(method, path, body, dict(headers))
        answer = self.connection.getresponse()
        answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status}")
        return answer

    def blob(self, repository, data):
        name = digest(data)
        known = self.home.setdefault(name, set())
        if repository in known:
            return name
        if known:
            origin = sorted(known)[0]
            answer = self.ask("POST", f"/v2/{repository}/blobs/uploads/?mount={name}&from={origin}")
            if answer.status == 201:
                known.add(repository)
                return name
        place = self.ask("POST", f"/v2/{repository}/blobs/uploads/").headers["location"]
        place = place.split(f":{self.port}", 1)[-1]
        self.ask("PUT", place + ("&" if "?" in place else "?") + "digest=" + name, data,
                 {"Content-Type": "application/octet-stream"})
        known.add(repository)
        return name

    def manifest(self, repository, document, kind, *tags):
        data = json.dumps(document).encode()
        for reference in tags or (digest(data),):
            self.ask("PUT", f"/v2/{repository}/manifests/{reference}", data, {"Content-Type": kind})
        return {"mediaType": kind, "digest": digest(data), "size": len(data)}

    def platform(self, repository, image, base_compressed, *tags):
        layers = [base_compressed, image.compressed or gzip.compress(bytes(image.raw), 6, mtime=0)]
        config = image.config_text(json.dumps(image.config)).encode()
        document = {
            "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
            "config": {"mediaType": OCI + "config.v1+json", "size": len(config),
                       "digest": self.blob(repository, config)},
            "layers": [{"mediaType": OCI + "layer.v1.tar+gzip", "size": len(layer),
                        "digest": self.blob(repository, layer)} for layer in layers],
        }
        image.change_document(document)
        return self.manifest(repository, document, OCI + "manifest.v1+json", *tags)


def push(registry, count, base_size, own_size, prefix="team", shared=True):
    """Pushes so many images; gives what is to be expected of them.

    With `shared` false every image has a base of its own, and nothing is poisoned."""
    pusher = Pusher(registry)
    bases = {}
    expected = {"good": [], "poisoned": {}, "bases": [], "tags": 0, "platforms": 0, "bytes": 0}
    for number in range(count):
        kind = number % BASES if shared else f"alone {number}"
        if kind not in bases:
            raw = base(kind if shared else number + 1000, base_size)
            bases[kind] = (raw, gzip.compress(raw, 6, mtime=0))
            expected["bases"].append(digest(bases[kind][1]))
        raw, compressed = bases[kind]
        repository = f"{prefix}/app{number // PER_REPOSITORY}"
        tags = [f"1.{number}.0"]
        if number % PER_REPOSITORY == 0:
            tags.append("stable")
        name = f"{repository}:{tags[0]}"
        poison = POISONS[number // 20 % len(POISONS)] if shared and number % 20 == 13 else None
        many = shared and number % 7 == 3
        children = []
        for architecture, variant in PLATFORMS if many else PLATFORMS[:1]:
            image = Image(number, raw, architecture, variant, own_size)
            if poison and architecture == "amd64":
                before = digest(bytes(image.raw))
                poison(image)
                after = digest(bytes(image.raw))
                if before != after:
                    image.config["rootfs"]["diff_ids"][-1] = after
            entry = pusher.platform(repository, image, compressed, *([] if many else tags))
            children.append({**entry, "platform": image.platform})
            expected["platforms"] += 1
        if many:
            index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": children}
            pusher.manifest(repository, index, OCI + "index.v1+json", *tags)
        expected["tags"] += len(tags)
        if poison:
            expected["poisoned"][name] = poison.__name__
        else:
            expected["good"].append(name)
        if not shared:
            del bases[kind]
    return expected
