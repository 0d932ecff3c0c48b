"""A Slurm cluster of this machine alone, with everything it keeps in a scratch folder."""

import os
import re
import shutil
import socket
import subprocess
import time

from registry import free_port

CONFIG = """ClusterName=deroot
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPort={controller}
SlurmdPort={node}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
JobRequeue=1
KillWait=2
SchedulerParameters=sched_interval=2,sched_min_interval=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
"""


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        self.host = socket.gethostname().split(".")[0]
        for name in ("", "/state", "/spool"):
            os.makedirs(folder + name, exist_ok=True)
        self.config = f"{folder}/slurm.conf"
        with open(self.config, "w") as file:
            file.write(CONFIG.format(
                host=self.host, folder=folder, controller=free_port(), node=free_port(), cpus=os.cpu_count()))
        with open(f"{folder}/munge.key", "wb") as file:
            file.write(os.urandom(1024))
        os.chmod(f"{folder}/munge.key", 0o400)
        self.environment = {**os.environ, "SLURM_CONF": self.config}
        self.daemons = []
        self.start(["munged", "--foreground", "--force", f"--socket={folder}/munge.sock",
                    f"--key-file={folder}/munge.key", f"--pid-file={folder}/munged.pid",
                    f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed"])
        self.wait(lambda: os.path.exists(f"{folder}/munge.sock"), "munged")
        self.start(["slurmctld", "-D", "-f", self.config])
        self.start(["slurmd", "-D", "-f", self.config, "-N", self.host])
        self.wait(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%t"), "the node")

    def start(self, command):
        log = open(f"{self.folder}/{command[0]}.out", "wb")
        self.daemons.append(subprocess.Popen(
            ["/usr/sbin/" + command[0], *command[1:]] if os.path.exists("/usr/sbin/" + command[0]) else command,
            stdout=log, stderr=log, env=self.environment))

    def wait(self, holds, what, seconds=60):
        for _ in range(seconds * 5):
            if holds():
                return
            time.sleep(0.2)
        logs = ""
        for name in ("munged.out", "slurmctld.out", "slurmd.out"):
            if os.path.exists(f"{self.folder}/{name}"):
                with open(f"{self.folder}/{name}", errors="replace") as file:
                    logs += f"{name}: {file.read()[-600:]}\n"
        self.stop()
        raise RuntimeError(f"slurm: {what} did not come up\n{logs}")

    def ask(self, *command, **environment):
        found = subprocess.run(command, env={**self.environment, **environment}, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return found.stdout

    def run(self, job, seconds=900):
        """Waits for an array to end; gives for each task its state, exit code and how often it was
        put back. Slurm lets a task that went back wait for two minutes, so that all of it is gone from
        its node; here ten seconds are enough."""
        end = time.monotonic() + seconds
        back = {}
        while time.monotonic() < end:
            waiting = self.ask("squeue", "-h", "-r", "-j", job, "-o", "%i %T %r")
            for line in waiting.splitlines():
                task = line.split()[0]
                if "BeginTime" in line and time.monotonic() > back.setdefault(task, time.monotonic()) + 10:
                    self.ask("scontrol", "update", f"JobId={task}", "StartTime=now")
            if not re.search(r"\b(PENDING|RUNNING|COMPLETING|CONFIGURING|REQUEUED)\b", waiting):
                break
            time.sleep(0.5)
        tasks = {}
        for line in self.ask("scontrol", "show", "job", "-o", job).splitlines():
            members = dict(re.findall(r"(\S+?)=(\S*)", line))
            if members.get("ArrayTaskId", "").isdigit():
                tasks[int(members["ArrayTaskId"])] = (
                    members["JobState"], int(members["ExitCode"].split(":")[0]), int(members["Restarts"]))
        return tasks

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            try:
                daemon.wait(15)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(f"{self.folder}/spool", ignore_errors=True)
