"""User, passwd and group of every image of an OCI layout, as its runtime would see them: layers
merged, whiteouts applied, links followed inside the image. Python's standard library only."""

import io
import json
import os
import sys
import tarfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))

import layout as layouts  # noqa: E402


def clean(name):
    parts = []
    for part in name.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def below(tree, path):
    start = path + "/" if path else ""
    return [name for name in tree if name.startswith(start) and name != path]


class View:
    """The merged file system of an image: paths to (kind, link or bytes)."""

    def __init__(self, layers):
        self.tree = {}
        for raw in layers:
            self.apply(raw)

    def apply(self, raw):
        here = {}
        with tarfile.open(fileobj=io.BytesIO(raw), encoding="utf-8", errors="surrogateescape") as archive:
            for entry in archive:
                path = clean(entry.name)
                folder, _, name = path.rpartition("/")
                if name == ".wh..wh..opq":
                    for gone in below(self.tree, folder):
                        del self.tree[gone]
                elif name.startswith(".wh.."):
                    continue
                elif name.startswith(".wh."):
                    gone = f"{folder}/{name[4:]}" if folder else name[4:]
                    for path in [*below(self.tree, gone), gone]:
                        self.tree.pop(path, None)
                else:
                    here.pop(path, None)
                    here[path] = self.node(entry, archive, here)
        parents = {path.rpartition("/")[0] for path in self.tree}
        for path, node in here.items():
            if node[0] != "directory" and path in parents:
                for gone in below(self.tree, path):
                    if gone not in here:
                        del self.tree[gone]
            self.tree[path] = node

    def node(self, entry, archive, here):
        if entry.isdir():
            return "directory", None
        if entry.issym():
            return "link", entry.linkname
        if entry.islnk():
            target = clean(entry.linkname)
            return here.get(target) or self.tree.get(target) or ("other", None)
        if entry.isreg():
            return "file", archive.extractfile(entry).read() if entry.size < 1 << 22 else b""
        return "other", None

    def file(self, path, hops=40):
        """The bytes of a file behind any links; None where there is none."""
        done, todo = [], clean(path).split("/")
        while todo:
            part = todo.pop(0)
            if part == "..":
                done[-1:] = []
                continue
            kind, value = self.tree.get("/".join([*done, part]), ("directory", None))
            if kind == "link" and hops:
                hops -= 1
                done = [] if value.startswith("/") else done
                todo = [p for p in value.split("/") if p not in ("", ".")] + todo
            else:
                done.append(part)
        kind, value = self.tree.get("/".join(done), (None, None))
        return value if kind == "file" else None


def identities(layout):
    """(platform, user, passwd, group) of every image that is for an operating system with uids."""
    for _, manifest, config in layouts.images(layout):
        if config.get("os") == "windows" or not manifest["layers"]:
            continue
        if not all("tar" in layer["mediaType"] for layer in manifest["layers"]):
            continue
        view = View([layouts.inflate(layouts.read(layout, d)) for d in manifest["layers"]])
        user = ((config.get("config") or {}).get("User") or "").encode("utf-8", "surrogateescape")
        platform = f"{config.get('os')}/{config.get('architecture')}"
        yield platform, user, view.file("etc/passwd"), view.file("etc/group")


if __name__ == "__main__":
    for identity in identities(sys.argv[1]):
        print(json.dumps([str(part) for part in identity]))
