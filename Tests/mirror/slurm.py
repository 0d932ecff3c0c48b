"""A Slurm cluster of this machine alone, with everything it keeps in a scratch folder."""

import os
import re
import shutil
import socket
import subprocess
import time

from registry import free_port

# Jobs that have ended are asked about for an hour, and a busy controller has a minute to answer.
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
MinJobAge=3600
MessageTimeout=60
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
        with open(f"{folder}/munge.key", "wb") as file:
            file.write(os.urandom(1024))
        os.chmod(f"{folder}/munge.key", 0o400)
        self.environment = {**os.environ, "SLURM_CONF": self.config}
        self.daemons = []
        self.start(["munged", "--foreground", "--force", f"--socket={folder}/munge.sock",
                    f"--key-file={folder}/munge.key", f"--pid-file={folder}/munged.pid",
                    f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed"])
        self.wait(lambda: os.path.exists(f"{folder}/munge.sock"), "munged")
        # A port that was free may be somebody else's by now; then its daemon ends, and the next are tried.
        for _ in range(5):
            with open(self.config, "w") as file:
                file.write(CONFIG.format(
                    host=self.host, folder=folder, controller=free_port(), node=free_port(), cpus=os.cpu_count()))
            pair = [self.start(["slurmctld", "-D", "-f", self.config]),
                    self.start(["slurmd", "-D", "-f", self.config, "-N", self.host])]
            self.wait(lambda: self.ended(pair) or "idle" in self.ask("sinfo", "-h", "-o", "%t")[1], "the node")
            if not self.ended(pair):
                return
            self.end(pair)
        self.give_up("the daemons")

    def start(self, command):
        log = open(f"{self.folder}/{command[0]}.out", "ab")
        daemon = subprocess.Popen(
            ["/usr/sbin/" + command[0], *command[1:]] if os.path.exists("/usr/sbin/" + command[0]) else command,
            stdout=log, stderr=log, env=self.environment)
        self.daemons.append(daemon)
        return daemon

    def ended(self, daemons):
        return any(daemon.poll() is not None for daemon in daemons)

    def wait(self, holds, what, seconds=120):
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                self.give_up(what)
            time.sleep(0.2)

    def give_up(self, what):
        logs = ""
        for name in ("munged.out", "slurmctld.out", "slurmd.out", "asked.out"):
            if os.path.exists(f"{self.folder}/{name}"):
                with open(f"{self.folder}/{name}", errors="replace") as file:
                    logs += f"{name}: {file.read()[-600:]}\n"
        self.stop()
        raise RuntimeError(f"slurm: {what} did not come up\n{logs}")

    def ask(self, *command, **environment):
        """The exit status of a command and what it said; what it complained of is kept."""
        with open(f"{self.folder}/asked.out", "ab") as complaints:
            found = subprocess.run(command, env={**self.environment, **environment}, text=True,
                                   stdout=subprocess.PIPE, stderr=complaints)
        return found.returncode, found.stdout

    def run(self, job, seconds=900):
        """Waits for an array to end; gives for each task its state, exit code and how often it was
        put back. Slurm lets a task that went back wait for two minutes, so that all of it is gone from
        its node; here ten seconds are enough."""
        end = time.monotonic() + seconds
        back = {}
        while time.monotonic() < end:
            status, waiting = self.ask("squeue", "-h", "-r", "-j", job, "-o", "%i %T %r")
            for line in waiting.splitlines():
                task = line.split()[0]
                if "BeginTime" in line and time.monotonic() > back.setdefault(task, time.monotonic()) + 10:
                    self.ask("scontrol", "update", f"JobId={task}", "StartTime=now")
            # A controller that does not answer has not said that nothing is left.
            if status == 0 and not re.search(r"\b(PENDING|RUNNING|COMPLETING|CONFIGURING|REQUEUED)\b", waiting):
                break
            time.sleep(0.5)
        status, said = self.ask("scontrol", "show", "job", "-o", job)
        while status != 0 and time.monotonic() < end:
            time.sleep(0.5)
            status, said = self.ask("scontrol", "show", "job", "-o", job)
        tasks = {}
        for line in said.splitlines():
            members = dict(re.findall(r"(\S+?)=(\S*)", line))
            if members.get("ArrayTaskId", "").isdigit():
                tasks[int(members["ArrayTaskId"])] = (
                    members["JobState"], int(members["ExitCode"].split(":")[0]), int(members["Restarts"]))
        return tasks

    def stop(self):
        self.end(self.daemons)
        shutil.rmtree(f"{self.folder}/spool", ignore_errors=True)

    def end(self, daemons):
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in daemons:
            try:
                daemon.wait(15)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
