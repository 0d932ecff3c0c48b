"""Inputs without measure: bombs.py short|long. Each has a bound on memory, and on time by growth.

  gzip and zstd that expand to 10 GB, zstd windows over the limit, pax headers of 1 MiB, JSON
  100,000 deep, 500 layers, and 1,000,000 entries, which alone may take 400 MiB; all else 256.

short: a tenth of it. Inputs are streamed onto the disk and removed; nothing is unpacked."""

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(REPO, "Tests", "live"))
import layout as layouts  # noqa: E402

DEROOT = os.environ.get("DEROOT") or os.path.join(REPO, ".build", "release", "deroot")
MIB = 1 << 20


class Bombs:
    def __init__(self, work, scale):
        self.work, self.scale = work, scale
        self.passed = self.failed = 0

    def path(self, name):
        path = os.path.join(self.work, name)
        shutil.rmtree(path, ignore_errors=True)
        return path

    def convert(self, source, *options):
        """(exit code, message, processor seconds, peak MiB). GNU time in between, for the true peak."""
        out = self.path("out")
        with tempfile.NamedTemporaryFile(dir=self.work) as peak:
            done = subprocess.run(
                ["/usr/bin/time", "-q", "-f", "%M %U %S", "-o", peak.name, DEROOT, "convert", "-q",
                 f"oci:{source}:v", f"oci:{out}:v", *options],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=1800)
            kibibytes, user, system = peak.read().split()
        seconds, kibibytes = float(user) + float(system), int(kibibytes)
        if done.returncode != 0 and os.path.exists(out):
            return 99, "a refused conversion leaves a destination", seconds, kibibytes / 1024
        return done.returncode, done.stderr.decode("utf-8", "replace").strip(), seconds, kibibytes / 1024

    def check(self, name, source, code, words="", bound=256, options=()):
        got, text, seconds, peak = self.convert(source, *options)
        problem = None
        if got != code:
            problem = f"exit {got}, not {code}: {text[-200:]}"
        elif words not in text:
            problem = f"the message lacks '{words}': {text[-200:]}"
        elif peak > bound:
            problem = f"{peak:.0f} MiB of memory"
        outcome = "converted" if code == 0 else f"refused, {words}" if words else "refused"
        print(f"{'FAIL' if problem else 'ok'} {name}: {problem or outcome}", flush=True)
        if problem:
            self.failed += 1
        else:
            self.passed += 1
            print(f"figure bomb {name}: {outcome}; {peak:.0f} MiB, {seconds:.1f} s of processor time", flush=True)
        return seconds

    def blob_image(self, name, pieces, raw, suffix, head=b""):
        """An image of one layer from pieces of a compressed blob; `raw` its diffID."""
        source = self.path(name)
        writer = layouts.Writer(source)
        staged = os.path.join(source, "part")
        target = layouts.HashingFile(staged)
        for piece in pieces:
            target.write(piece)
        target.file.close()
        digest = "sha256:" + target.hash.hexdigest()
        os.rename(staged, layouts.blob_path(source, digest))
        layer = dict(mediaType=layouts.LAYER + suffix, digest=digest, size=target.size)
        config = {"architecture": "amd64", "os": "linux", "config": {}}
        config["rootfs"] = {"type": "layers", "diff_ids": ["sha256:" + raw]}
        manifest = {"schemaVersion": 2, "mediaType": layouts.MANIFEST, "layers": [layer]}
        manifest["config"] = writer.put_json(config, layouts.CONFIG)
        writer.publish(writer.put_json(manifest, layouts.MANIFEST), "v")
        return source


def tar_of_zeros(size):
    """Pieces of a tar stream: one file of zeros, setuid, so that the layer has to be rewritten."""
    info = layouts.tarfile.TarInfo("zeros")
    info.size, info.mode = size, 0o4755
    yield info.tobuf(layouts.tarfile.GNU_FORMAT)
    block = bytes(16 * MIB)
    for _ in range(size // len(block)):
        yield block
    yield bytes(1024)


def digest_of(pieces):
    value, crc, size = hashlib.sha256(), 0, 0
    for piece in pieces:
        value.update(piece)
        crc = zlib.crc32(piece, crc)
        size += len(piece)
    return value.hexdigest(), crc, size


def gzip_pieces(size, crc, total):
    """One gzip member; the block of 16 MiB of zeros is compressed once and repeated."""
    info = list(tar_of_zeros(0))[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = next(tar_of_zeros(size))
    yield b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(16 * MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(size // (16 * MIB)):
        yield block
    yield packer.compress(bytes(len(info) * 2)) + packer.flush()
    yield struct.pack("<II", crc, total & 0xFFFFFFFF)


def zstd_pieces(work, size):
    """One zstd frame, by the zstd program."""
    packed = os.path.join(work, "zeros.zst")
    with open(packed, "wb") as out:
        child = subprocess.Popen(["zstd", "-q", "-3", "-c"], stdin=subprocess.PIPE, stdout=out)
        for piece in tar_of_zeros(size):
            child.stdin.write(piece)
        child.stdin.close()
        assert child.wait() == 0
    with open(packed, "rb") as file:
        while piece := file.read(MIB):
            yield piece
    os.remove(packed)


def compressed(bombs):
    size = int(10 * 1024 * bombs.scale) // 16 * 16 * MIB
    name = f"{size >> 20} MiB of zeros"
    raw, crc, total = digest_of(tar_of_zeros(size))
    gzip = bombs.blob_image("gzip", gzip_pieces(size, crc, total), raw, "+gzip")
    bombs.check(f"gzip, {name}", gzip, 0)
    bombs.check(f"gzip, {name}, lower ratio", gzip, 2, "--max-ratio", options=("--max-ratio", "500"))
    bombs.check(f"gzip, {name}, smaller layer", gzip, 2, "--max-layer-bytes",
                options=("--max-layer-bytes", "500M"))
    shutil.rmtree(gzip)
    zstd = bombs.blob_image("zstd", zstd_pieces(bombs.work, size), raw, "+zstd")
    bombs.check(f"zstd, {name}", zstd, 2, "--max-ratio")
    bombs.check(f"zstd, {name}, higher ratio", zstd, 0, options=("--max-ratio", "1000000"))
    shutil.rmtree(zstd)
    for log in (28, 31, 41):
        # Window descriptor, one raw block of a tar's end (RFC 8878, 3.1.1).
        frame = b"\x28\xb5\x2f\xfd\0" + bytes([(log - 10) << 3]) + (1024 << 3 | 1).to_bytes(3, "little")
        value = hashlib.sha256(bytes(1024)).hexdigest()
        source = bombs.blob_image("window", [frame + bytes(1024)], value, "+zstd")
        bombs.check(f"zstd, window of 2^{log} bytes", source, 2, "window")


def image_of(bombs, name, pieces):
    source = bombs.path(name)
    layouts.write_stream(source, "v", pieces)
    return source


def pax(count, size):
    record = b"comment=" + b"x" * (size - 20)
    length = len(record) + 9
    data = b"%d %s\n" % (length, record)
    data = b"%d %s\n" % (len(data), record)
    info = layouts.tarfile.TarInfo("PaxHeaders/x")
    info.size, info.type = len(data), b"x"
    head = info.tobuf(layouts.tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)
    for number in range(count):
        yield head + layouts.header(f"file-{number}", 0o4755)
    yield bytes(1024)


def headers_and_documents(bombs):
    count = max(4, int(400 * bombs.scale))
    source = image_of(bombs, "pax", pax(count, MIB - 600))
    bombs.check(f"{count} pax headers of 1 MiB", source, 0)
    bombs.check("a pax header over 1 MiB", image_of(bombs, "pax", pax(1, MIB + 600)), 2, "extension header")
    for what in ("config", "manifest", "index"):
        source = bombs.path("json")
        layouts.write_clean(source, "v")
        deep = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b","
        path = os.path.join(source, "index.json")
        with open(path, "rb") as file:
            index = json.load(file)
        descriptor = index["manifests"][0]
        with open(layouts.blob_path(source, descriptor["digest"]), "rb") as file:
            manifest = json.load(file)
        writer = layouts.Writer(source)
        if what == "config":
            config = layouts.read(source, manifest["config"])
            manifest["config"] = writer.put(deep + config.lstrip()[1:], layouts.CONFIG)
        text = json.dumps(manifest).encode()
        text = deep + text[1:] if what == "manifest" else text
        writer.publish(writer.put(text, layouts.MANIFEST), "v")
        if what == "index":
            with open(path, "rb") as file:
                index = file.read()
            with open(path, "wb") as file:
                file.write(deep + index[1:])
        bombs.check(f"{what} of JSON 100,000 deep", source, 2, "deep")


def layers(bombs, count):
    source = bombs.path("layers")
    writer = layouts.Writer(source)
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers"}}
    ids, found = [], []
    for number in range(count):
        raw = layouts.header(f"layer-{number}", 0o4755) + bytes(1024)
        found.append(writer.put(raw, layouts.LAYER))
        ids.append("sha256:" + hashlib.sha256(raw).hexdigest())
    config["rootfs"]["diff_ids"] = ids
    manifest = {"schemaVersion": 2, "mediaType": layouts.MANIFEST, "layers": found}
    manifest["config"] = writer.put_json(config, layouts.CONFIG)
    writer.publish(writer.put_json(manifest, layouts.MANIFEST), "v")
    return source


def counts(bombs):
    bombs.check("500 layers", layers(bombs, 500), 0)
    most = int(1_000_000 * bombs.scale)
    times = []
    for entries in (most // 4, most):
        source = image_of(bombs, "many", layouts.many_entries(entries))
        times.append(bombs.check(f"{entries:,} entries", source, 0, bound=400))
        if entries == most:
            bombs.check(f"{entries:,} entries, a lower limit", source, 2, "--max-entries",
                        options=("--max-entries", str(entries // 2)))
        shutil.rmtree(source)
    # Four times as much may take eight times as long, and a little for starting: not sixteen times.
    if times[1] > 8 * times[0] + 0.5:
        bombs.failed += 1
        print(f"FAIL the time of entries grows faster than they do: {times[0]:.1f} s, {times[1]:.1f} s")
    else:
        bombs.passed += 1
        print(f"ok four times the entries: {times[0]:.1f} s, then {times[1]:.1f} s")


def main(form="short"):
    base = os.environ.get("DEROOT_WORK") or tempfile.gettempdir()
    os.makedirs(base, exist_ok=True)
    work = tempfile.mkdtemp(prefix="bombs.", dir=base)
    bombs = Bombs(work, {"short": 0.1, "long": 1.0}[form])
    try:
        headers_and_documents(bombs)
        counts(bombs)
        compressed(bombs)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{bombs.passed} passed, {bombs.failed} failed")
    return 0 if bombs.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
