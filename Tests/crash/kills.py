"""SIGKILL at random moments: kills.py WORK KILLS [SEED].

Each kind of destination gets its share. The moment is drawn evenly from the life of a conversion,
with a tenth more, so that some come too late; with several threads, as in real use. After each the
destination is old or new; every tenth time the same conversion is done again on what is there and
has to give the undisturbed result, and skopeo and umoci read each state that came up."""

import os
import random
import shutil
import subprocess
import sys
import time

from scene import Scene

TRANSPORTS = [(t, n) for t in ("oci", "oci-archive", "docker-archive") for n in (False, True)]


def kill_once(scene, folder, delay):
    """Whether the process was killed, and not too late."""
    command = scene.command(folder)
    command[command.index("--jobs") + 1] = "2"
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        child.wait(timeout=delay)
    except subprocess.TimeoutExpired:
        child.kill()
    return child.wait() == -9


def life(scene):
    """How long an undisturbed conversion takes, in seconds: the median of five."""
    times = []
    for _ in range(5):
        folder = scene.fresh()
        began = time.monotonic()
        kill_once(scene, folder, 60)
        times.append(time.monotonic() - began)
    return sorted(times)[2]


def main(work, kills, seed=None):
    seed = int(seed) if seed else random.randrange(1 << 32)
    draw = random.Random(seed)
    print(f"seed {seed}", flush=True)
    tally = {"killed": 0, "old": 0, "new": 0, "reruns": 0}
    failures = 0
    for position, (transport, is_new) in enumerate(TRANSPORTS):
        folder = os.path.join(work, "scenes")
        shutil.rmtree(folder, ignore_errors=True)
        scene = Scene(folder, transport, is_new)
        share = len(range(position, int(kills), len(TRANSPORTS)))
        lasts, done, before = life(scene), 0, failures
        # Only those that were in time count.
        while done < share:
            folder = scene.fresh()
            delay = draw.uniform(0, lasts * 1.1)
            if not kill_once(scene, folder, delay):
                continue
            done += 1
            tally["killed"] += 1
            state, why = scene.state(folder)
            if state:
                tally[state] += 1
                why = scene.readers(folder, state)
            if not why and done % 10 == 1:
                tally["reruns"] += 1
                why = scene.rerun(folder) or scene.readers(folder, "new")
            if why:
                failures += 1
                print(f"FAIL {scene.name}, killed after {delay * 1000:.2f} ms: {why}", flush=True)
        verdict = "FAIL" if failures > before else "ok"
        print(f"{verdict} {scene.name}: killed {done} times within {lasts * 1000:.0f} ms", flush=True)
    print(f"figure kills: {tally['killed']} kills, {tally['old']} left the old state, "
          f"{tally['new']} the new one, {failures} anything else; {tally['reruns']} reruns")
    print(f"{tally['killed'] - failures} passed, {failures} failed")
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
