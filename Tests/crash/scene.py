"""One conversion into a destination that is new or holds something, and the judgement of what is
there after a fault: the old state, the new state, or neither."""

import hashlib
import json
import os
import shutil
import subprocess

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEROOT = os.environ.get("DEROOT") or os.path.join(REPO, ".build", "release", "deroot")
DEMO = "oci-archive:" + os.path.join(REPO, "testdata", "demo.oci.tar")
# Long, since many writers on a busy machine wait for each other.
SECONDS = 600


def run(arguments, **more):
    more.setdefault("stdout", subprocess.DEVNULL)
    return subprocess.run(
        arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=SECONDS, **more
    )


def snapshot(folder):
    """Every path below a folder with a digest of its bytes; folders with none."""
    found = {}
    for path, folders, files in os.walk(folder):
        for name in folders:
            found[os.path.relpath(os.path.join(path, name), folder) + "/"] = ""
        for name in files:
            full = os.path.join(path, name)
            with open(full, "rb") as file:
                value = hashlib.sha256(file.read()).hexdigest()
            found[os.path.relpath(full, folder)] = value
    return found


class Scene:
    """A destination in a folder of its own, before and after a conversion that nothing disturbs."""

    def __init__(self, work, transport, is_new, source=DEMO):
        self.transport, self.is_new, self.source = transport, is_new, source
        self.name = f"{'new' if is_new else 'existing'} {transport}"
        self.folder = os.path.join(work, self.name.replace(" ", "-"))
        self.old_folder, self.new_folder = self.folder + ".old", self.folder + ".new"
        os.makedirs(self.old_folder)
        if not is_new:
            self.must(self.old_folder, "old", "--user", "1001:1002")
        shutil.copytree(self.old_folder, self.new_folder)
        self.must(self.new_folder, "new")
        self.old, self.new = snapshot(self.old_folder), snapshot(self.new_folder)
        self.read_states = {}

    def reference(self, folder, tag):
        name = f"docker.io/library/t:{tag}" if self.transport == "docker-archive" else tag
        return f"{self.transport}:{os.path.join(folder, 'out')}:{name}"

    def command(self, folder, tag="new", *options):
        target = self.reference(folder, tag)
        return [DEROOT, "convert", "-q", "--jobs", "1", self.source, target, *options]

    def must(self, folder, tag, *options):
        done = run(self.command(folder, tag, *options))
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")

    def fresh(self, number=0):
        folder = f"{self.folder}.{number}"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.old_folder, folder)
        return folder

    def state(self, folder):
        """("old" or "new", None), or (None, why it is neither)."""
        now = snapshot(folder)
        index = "out/index.json" if self.transport == "oci" else "out"
        kind = "old" if now.get(index) == self.old.get(index) else "new"
        if now.get(index) != getattr(self, kind).get(index):
            return None, f"{index} is neither the old nor the new one"
        for path, value in getattr(self, kind).items():
            if now.get(path) != value:
                return None, f"{path} of the {kind} state is missing or spoilt"
        for path, value in now.items():
            # A blob that nothing leads to does no harm, if it is what its name says.
            if path.startswith("out/blobs/sha256/") and os.path.basename(path) != value:
                return None, f"{path} is not what its name says"
        return kind, None

    def litter(self, folder):
        """What belongs neither to the old state nor to the new one."""
        return sorted(set(snapshot(folder)) - set(self.old) - set(self.new))

    def rerun(self, folder):
        """None where the same conversion now gives the undisturbed result and nothing besides."""
        done = run(self.command(folder))
        if done.returncode != 0:
            return f"the rerun failed: {done.stderr.decode('utf-8', 'replace').strip()[-300:]}"
        now = snapshot(folder)
        if now != self.new:
            different = [p for p in sorted({*now, *self.new}) if now.get(p) != self.new.get(p)]
            return f"after the rerun these differ from an undisturbed result: {different[:5]}"
        return None

    def readers(self, folder, kind):
        """None where skopeo and umoci read every tag that is to be there; each state once."""
        tags = ([] if self.is_new else ["old"]) + (["new"] if kind == "new" else [])
        if self.transport != "oci":
            tags = tags[-1:]
        key = json.dumps(sorted(snapshot(folder).items()))
        if key in self.read_states:
            return self.read_states[key]
        self.read_states[key] = self.read(folder, tags)
        return self.read_states[key]

    def read(self, folder, tags):
        for tag in tags:
            commands = [["skopeo", "inspect", "--no-tags", self.reference(folder, tag)]]
            if self.transport == "oci":
                image = f"{os.path.join(folder, 'out')}:{tag}"
                commands.append(["umoci", "stat", "--json", "--image", image])
            for command in commands:
                done = run(command)
                if done.returncode != 0:
                    return f"{command[0]} cannot read {tag}: {done.stderr.decode()[-300:]}"
        return None
