"""Real disks that are too small: small-disk.py WORK STEPS. Needs root, for mounting a tmpfs.

A conversion into a tmpfs of ever more pages, from none to enough: an error and nothing left, or
success and a result that is the undisturbed one. Then one that is mounted read-only."""

import os
import shutil
import subprocess
import sys

from scene import Scene, run, snapshot


def main(work, steps):
    folder = os.path.join(work, "scenes")
    shutil.rmtree(folder, ignore_errors=True)
    failures = cases = full = 0
    for transport in ("oci", "oci-archive", "docker-archive"):
        for is_new in (True, False):
            scene = Scene(os.path.join(folder, f"{transport}-{is_new}"), transport, is_new)
            page = 4096
            pages = lambda path: sum(
                -(-os.path.getsize(os.path.join(p, f)) // page) + 1
                for p, d, fs in os.walk(path) for f in fs + d)
            # A staged archive and its blobs are there together.
            least, most = pages(scene.old_folder) + 1, 3 * pages(scene.new_folder) + 64
            step = max(1, (most - least) // int(steps))
            for size in list(range(least, most, step)) + [most, 0]:
                cases += 1
                why, was_full = attempt(scene, size * page, work)
                full += was_full
                if why:
                    failures += 1
                    print(f"FAIL {scene.name}: {size} pages: {why}", flush=True)
            print(f"ok {scene.name}: disks of {least} to {most} pages", flush=True)
    print(f"figure small disks: {cases} disks, {full} of them too small or read-only, "
          f"{failures} left something")
    print(f"{cases - failures} passed, {failures} failed")
    return 0 if failures == 0 else 1


def attempt(scene, size, work):
    """What went wrong, and whether the disk was too small. Size 0: large enough, and read-only."""
    disk = os.path.join(work, "disk")
    os.makedirs(disk, exist_ok=True)
    options = f"size={size or 64 << 20}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "deroot-test", disk], check=True)
    try:
        shutil.copytree(scene.old_folder, disk, dirs_exist_ok=True)
        if size == 0:
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = run(scene.command(disk))
        text = done.stderr.decode("utf-8", "replace").strip()
        now = snapshot(disk)
        if done.returncode == 0 and size:
            return (None, 0) if now == scene.new else ("not the undisturbed result", 0)
        wanted = "No space left" if size else "Read-only"
        if done.returncode != 2 or wanted not in text:
            return f"exit {done.returncode}: {text[-200:]}", 1
        if now != scene.old:
            return f"left: {sorted(set(now) ^ set(scene.old))[:4]}", 1
        return None, 1
    finally:
        subprocess.run(["umount", disk], check=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
