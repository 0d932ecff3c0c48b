"""Spoils a copy of an OCI layout in one way: bad_input.py CASE LAYOUT REF. `bad_input.py list` names the cases.

After a change of content every digest and size above it is made right again, so that the one flaw
of the case is the only one there is. Each case comes with words that a good message must hold."""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

from layout import Writer, blob_path, inflate, read, roots


class Image:
    """The one image of a layout, taken apart so that a case can spoil a piece of it."""

    def __init__(self, layout, ref):
        self.layout, self.ref, self.writer = layout, ref, Writer(layout)
        self.manifest = json.loads(read(layout, roots(layout, ref)[0]))
        self.config = json.loads(read(layout, self.manifest["config"]))

    def layer(self, position=1):
        return self.manifest["layers"][position]

    def raw(self, position=1):
        return inflate(read(self.layout, self.layer(position)))

    def replace(self, packed, raw=None, position=1):
        """Another blob for a layer; its diffID follows if the raw bytes are given."""
        self.manifest["layers"][position] = self.writer.put(packed, self.layer(position)["mediaType"])
        if raw is not None:
            digest = "sha256:" + hashlib.sha256(raw).hexdigest()
            self.config["rootfs"]["diff_ids"][position] = digest
        self.publish()

    def replace_raw(self, raw, position=1):
        self.replace(gzip.compress(raw, 6, mtime=0), raw, position)

    def publish(self):
        described = self.writer.put_json(self.config, self.manifest["config"]["mediaType"])
        self.manifest["config"] = described
        media_type = self.manifest["mediaType"]
        self.writer.publish(self.writer.put_json(self.manifest, media_type), self.ref)


def truncated_gzip(image):
    packed = read(image.layout, image.layer())
    image.replace(packed[: len(packed) // 2])


def truncated_tar(image):
    raw = image.raw()
    image.replace_raw(raw[: len(raw) // 2 // 512 * 512 + 100])


def bad_checksum(image):
    raw = bytearray(image.raw())
    raw[148] ^= 1
    image.replace_raw(bytes(raw))


def wrong_size(image):
    image.layer()["size"] += 1
    image.publish()


def wrong_digest(image):
    with open(blob_path(image.layout, image.layer()["digest"]), "r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))


def wrong_diffid(image):
    image.config["rootfs"]["diff_ids"][1] = "sha256:" + "0" * 64
    image.publish()


def missing_blob(image):
    os.remove(blob_path(image.layout, image.layer()["digest"]))


def no_index(image):
    os.remove(os.path.join(image.layout, "index.json"))


def broken_json(image):
    with open(os.path.join(image.layout, "index.json"), "r+") as file:
        file.truncate(len(file.read()) - 3)


def two_spellings(image):
    text = json.dumps(image.config).replace('"config":', '"Config": {"User": "0"}, "config":', 1)
    image.manifest["config"] = image.writer.put(text.encode(), image.manifest["config"]["mediaType"])
    image.writer.publish(image.writer.put_json(image.manifest, image.manifest["mediaType"]), image.ref)


def leaving_symlink(image):
    path = blob_path(image.layout, image.layer()["digest"])
    outside = os.path.join(os.path.dirname(os.path.abspath(image.layout)), "outside")
    os.rename(path, outside)
    os.symlink(outside, path)


def squashfs_layer(image):
    body = b"hsqs" + bytes(4092)
    image.replace(body, body)


def global_capability(image):
    record = b"SCHILY.xattr.security.capability=" + bytes.fromhex("0100000200200000" + "00" * 12)
    record = b"%d " % (len(record) + 4) + record + b"\n"
    info = tarfile.TarInfo("pax_global_header")
    info.type, info.size = tarfile.XGLTYPE, len(record)
    head = info.tobuf(tarfile.USTAR_FORMAT) + record + bytes(-len(record) % 512)
    image.replace_raw(head + image.raw())


def hidden_entry(image):
    """A pax size that one parser honours and another does not: an entry hides in the body."""
    hidden = tarfile.TarInfo("usr/bin/hidden")
    hidden.mode = 0o4755
    body = hidden.tobuf(tarfile.USTAR_FORMAT) + bytes(512)
    record = b"13 size=1024\n"
    info = tarfile.TarInfo("PaxHeaders/cover")
    info.type, info.size = tarfile.XHDTYPE, len(record)
    cover = tarfile.TarInfo("cover")
    cover.size = 0
    group = info.tobuf(tarfile.USTAR_FORMAT) + record + bytes(512 - len(record))
    # An extension header between the pax header and its entry: whose size does the record set?
    link = tarfile.TarInfo("././@LongLink")
    link.type, link.size = tarfile.GNUTYPE_LONGNAME, 6
    group += link.tobuf(tarfile.USTAR_FORMAT) + b"cover\0" + bytes(506)
    image.replace_raw(group + cover.tobuf(tarfile.USTAR_FORMAT) + body + image.raw())


def bomb(image):
    """Zeros at 1030:1, far over any sensible ratio."""
    stream = io.BytesIO()
    raw = hashlib.sha256()
    info = tarfile.TarInfo("zeros")
    info.size = 2 << 30
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=9, mtime=0) as packed:
        for piece in [info.tobuf(tarfile.USTAR_FORMAT)] + [bytes(1 << 20)] * 2048 + [bytes(1024)]:
            raw.update(piece)
            packed.write(piece)
    image.config["rootfs"]["diff_ids"][1] = "sha256:" + raw.hexdigest()
    image.replace(stream.getvalue())


CASES = {
    "truncated-gzip": (truncated_gzip, "gzip|deflate|truncated"),
    "truncated-tar": (truncated_tar, "truncated|ends"),
    "bad-checksum": (bad_checksum, "checksum"),
    "wrong-size": (wrong_size, "size|bytes"),
    "wrong-digest": (wrong_digest, "digest|gzip|deflate"),
    "wrong-diffid": (wrong_diffid, "diff"),
    "missing-blob": (missing_blob, "blob|missing|no such"),
    "no-index": (no_index, "index.json"),
    "broken-json": (broken_json, "index.json|JSON"),
    "two-spellings": (two_spellings, "config"),
    "leaving-symlink": (leaving_symlink, "link"),
    "squashfs-layer": (squashfs_layer, "squashfs|tar|layer"),
    "global-capability": (global_capability, "global"),
    "hidden-entry": (hidden_entry, "disagree|size|entry|pax"),
    "bomb": (bomb, "ratio|limit|bomb|expands"),
}


def main(arguments):
    if arguments == ["list"]:
        for name, (_, words) in CASES.items():
            print(name, words)
        return
    name, layout, ref = arguments
    CASES[name][0](Image(layout, ref))


if __name__ == "__main__":
    main(sys.argv[1:])
