"""The files of deploy/: held against their schemas and against restricted pod security, and their commands
run here as their engines would run them."""

import json
import os
import re
import subprocess
import sys

import yaml
from hera.workflows import models

from checks import check, figure, same, section

DEPLOY = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy"))
BIN = os.path.dirname(sys.executable)


def load(name):
    with open(f"{DEPLOY}/{name}") as file:
        return list(yaml.safe_load_all(file))


def tool(name, *arguments):
    done = subprocess.run([f"{BIN}/{name}", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout[-1500:]


def schemas():
    for name in ("setup", "job", "cronjob"):
        check(f"kubernetes/{name}.yaml: kubernetes-validate --strict",
              *tool("kubernetes-validate", "--strict", f"{DEPLOY}/kubernetes/{name}.yaml"))
    check("github/mirror.yml: GitHub's schema",
          *tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", f"{DEPLOY}/github/mirror.yml"))
    check("gitlab: GitLab's schema",
          *tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", f"{DEPLOY}/gitlab/mirror.gitlab-ci.yml"))
    # The models ignore what they do not know, so what went in must come out.
    workflow = load("argo/workflow.yaml")[0]
    try:
        kept = models.Workflow.model_validate(workflow).model_dump(by_alias=True, exclude_none=True)
        same("argo/workflow.yaml: Argo's models know all of it", [], list(lost(workflow, kept)))
    except ValueError as error:
        check("argo/workflow.yaml: Argo's models know all of it", False, error)


def lost(before, after, path=""):
    """Members of a document that a reader dropped."""
    if isinstance(before, dict):
        for key, value in before.items():
            if not isinstance(after, dict) or key not in after:
                yield f"{path}/{key}"
            else:
                yield from lost(value, after[key], f"{path}/{key}")
    elif isinstance(before, list):
        for number, value in enumerate(before):
            yield from lost(value, after[number], f"{path}/{number}")


def restricted(spec, containers):
    """What the restricted level of the pod security standards demands, as a list of breaches."""
    pod = spec.get("securityContext", {})
    breaches = []
    if pod.get("runAsNonRoot") is not True or not pod.get("runAsUser"):
        breaches.append("runs as root")
    if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        breaches.append("seccomp")
    breaches += [f"host {key}" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    kinds = {"configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected", "downwardAPI", "csi", "ephemeral"}
    for volume in spec.get("volumes", []):
        breaches += [f"volume {kind}" for kind in set(volume) - {"name"} - kinds]
    for container in containers:
        context = container.get("securityContext", {})
        if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
            breaches.append("privilege escalation")
        if context.get("capabilities", {}) != {"drop": ["ALL"]}:
            breaches.append("capabilities")
        if context.get("readOnlyRootFilesystem") is not True:
            breaches.append("a writable root")  # our own rule
    return breaches


def policies():
    job, cron = load("kubernetes/job.yaml")[0]["spec"], load("kubernetes/cronjob.yaml")[0]["spec"]["jobTemplate"]["spec"]
    same("Job and CronJob have one pod", job["template"], cron["template"])
    same("and one failure policy", job["podFailurePolicy"], cron["podFailurePolicy"])
    pod = job["template"]["spec"]
    same("the pods are restricted", [], restricted(pod, pod["containers"]))
    rules = {code: rule["action"] for rule in job["podFailurePolicy"]["rules"]
             for code in rule.get("onExitCodes", {}).get("values", [])}
    same("1, 2 and 64 fail their index; 75 is tried again", {1: "FailIndex", 2: "FailIndex", 64: "FailIndex"}, rules)
    same("a pod is never restarted in place, as the policy demands", "Never", pod["restartPolicy"])
    counts = [e["value"] for e in pod["containers"][0]["env"] if e["name"] == "DEROOT_SHARD_COUNT"]
    same("the number of shards is that of the indexes", [str(job["completions"])], counts)
    check("indexes are finer than pods", job["completions"] >= 4 * job["parallelism"])
    workflow = load("argo/workflow.yaml")[0]["spec"]
    same("Argo's pods are restricted", [], restricted(
        workflow, [t["container"] for t in workflow["templates"] if "container" in t]))
    gitlab = load("gitlab/mirror.gitlab-ci.yml")[0]
    same("GitLab's shards are those of the plan", int(gitlab["variables"]["SHARDS"]), gitlab["mirror"]["parallel"])


class Place:
    """A folder where an engine's commands run, with deroot in PATH and a small mirror to do."""

    def __init__(self, suite, name):
        self.suite, self.name = suite, name
        self.folder = f"{suite.folder}/{name}"
        os.makedirs(f"{self.folder}/bin")
        os.makedirs(f"{self.folder}/tmp")
        # The registry of the test speaks plain HTTP, which the files rightly do not allow.
        with open(f"{self.folder}/bin/deroot", "w") as file:
            file.write(f'#!/bin/sh\nexec {suite.deroot} "$@" --tls-verify=false\n')
        os.chmod(f"{self.folder}/bin/deroot", 0o755)
        with open(f"{self.folder}/mirror.yaml", "w") as file:
            file.write(f"version: 1\ndefaults: {{target: {suite.place}/{name}}}\nsources:\n"
                       f"  - registry: {suite.place}\n    repos: {{allow: ['^team/app0$']}}\n")

    def shell(self, command, shell=("bash", "-euo", "pipefail", "-c"), **variables):
        environment = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": self.folder,
                       "TMPDIR": f"{self.folder}/tmp", **{k: str(v) for k, v in variables.items()}}
        done = subprocess.run([*shell, command], cwd=self.folder, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def judge(self, statuses, outputs):
        """One image of the twenty is poisoned: its shard ends with 1, all others with 0."""
        same(f"{self.name}: one shard has the refused image, the others are done", {0: len(statuses) - 1, 1: 1},
             {status: statuses.count(status) for status in set(statuses)})
        if any(s not in (0, 1) for s in statuses):
            print(outputs[0][-500:])
        wanted = {t: d for t, d in self.suite.tags.items() if t.startswith("team/app0:")}
        found = self.suite.registry.tags(self.name)
        same(f"{self.name}: all tags are there", wanted,
             {t: d for t, d in found.items() if not t.startswith("deroot-ledger:")})


def kubernetes(suite):
    place = Place(suite, "kubernetes")
    container = load("kubernetes/job.yaml")[0]["spec"]["template"]["spec"]["containers"][0]
    script = container["args"][0]
    for mount in ("/shared", "/config"):
        script = script.replace(f"{mount}/", f"{place.folder}/")
    outcomes = [place.shell(script, tuple(container["command"]), JOB_COMPLETION_INDEX=i, DEROOT_SHARD_COUNT=5, JOB_UID="uid")
                for i in range(5)]
    place.judge([o[0] for o in outcomes], [o[1] for o in outcomes])
    same("kubernetes: one plan, and nothing else of it left", ["plan.json"],
         sorted(n for n in os.listdir(f"{place.folder}/uid") if n.startswith("plan")))
    names = os.listdir(f"{place.folder}/uid")
    same("kubernetes: figures and logs of all indexes", [f"shard-{i}.{kind}" for i in range(5) for kind in ("jsonl", "prom")],
         sorted(n for n in names if n.startswith("shard-")))
    status, output = place.shell(f"'{suite.deroot}' report uid/shard-*.jsonl -o dashboard.html")
    same("kubernetes: a dashboard of all logs", 0, status) or print(output)
    # The example of the ConfigMap is read without complaint: all that fails is the network.
    path = f"{place.folder}/example.yaml"
    with open(path, "w") as file:
        file.write(load("kubernetes/setup.yaml")[2]["data"]["mirror.yaml"].replace("registry.example.com", "127.0.0.1:9"))
    status, output = place.shell(f"deroot mirror plan -f {path} --retry-times 0")
    same("kubernetes: the ConfigMap's mirror.yaml is one", 75, status) or print(output)


def github(suite):
    place = Place(suite, "github")
    workflow = load("github/mirror.yml")[0]
    jobs = workflow["jobs"]
    files = {"GITHUB_OUTPUT": f"{place.folder}/output", "GITHUB_STEP_SUMMARY": f"{place.folder}/summary", "PAUSES": "0 0"}

    def steps(job, **variables):
        for step in jobs[job]["steps"]:
            if "run" in step:
                # As GitHub starts `shell: bash`.
                yield place.shell(step["run"], ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"),
                                  **{**files, **variables})

    # Expressions stay outside of shells: what is filled in there would be code.
    same("github: no shell has an expression", [], [s["run"] for job in jobs.values() for s in job["steps"]
                                                    if "${{" in s.get("run", "")])
    status, output = next(steps("plan", SHARDS=5))
    same("github: the plan", 0, status) or print(output)
    with open(files["GITHUB_OUTPUT"]) as file:
        shards = json.loads(file.read().split("shards=")[1])
    same("github: the matrix", [0, 1, 2, 3, 4], shards)
    same("github: the matrix is read from there", "${{ fromJSON(needs.plan.outputs.shards) }}",
         jobs["run"]["strategy"]["matrix"]["shard"])
    outcomes = [next(steps("run", DEROOT_SHARD_INDEX=i, DEROOT_SHARD_COUNT=len(shards))) for i in shards]
    place.judge([o[0] for o in outcomes], [o[1] for o in outcomes])
    status, output = next(steps("status"))
    same("github: the status job tells of the refused image", 1, status)
    with open(files["GITHUB_STEP_SUMMARY"]) as file:
        check("github: the summary has the counts", "19 done, 0 untagged, 1 refused, 0 open" in file.read())
    # Nothing is known of 75 but that it is worth another try: the loop makes one.
    with open(f"{place.folder}/bin/deroot", "w") as file:
        file.write("#!/bin/sh\necho >>tries; [ $(wc -l <tries) -gt 2 ] || exit 75\n")
    same("github: 75 is tried again", 0, next(steps("run", DEROOT_SHARD_INDEX=0, DEROOT_SHARD_COUNT=5, PAUSES="0 0 0 0"))[0])


def gitlab(suite):
    place = Place(suite, "gitlab")
    jobs = load("gitlab/mirror.gitlab-ci.yml")[0]

    def script(job, **variables):
        return place.shell("\n".join(jobs[job]["script"]), ("bash", "-eo", "pipefail", "-c"), GITLAB_CI="true", **variables)

    status, output = script("plan", SHARDS=5)
    same("gitlab: the plan", 0, status) or print(output)
    outcomes = [script("mirror", CI_NODE_INDEX=i, CI_NODE_TOTAL=5) for i in range(1, 6)]
    place.judge([o[0] for o in outcomes], [o[1] for o in outcomes])
    same("gitlab: the status job tells of the refused image", 1, script("status")[0])
    retry = jobs["mirror"]["retry"]
    check("gitlab: 75 is tried again, 1 is not",
          75 in retry["exit_codes"] and 1 not in retry["exit_codes"] and "script_failure" not in retry["when"], retry)


def argo(suite):
    place = Place(suite, "argo")
    spec = load("argo/workflow.yaml")[0]["spec"]
    templates = {t["name"]: t for t in spec["templates"]}
    tasks = {t["name"]: t for t in templates["mirror"]["dag"]["tasks"]}
    same("argo: every task has its template", [], [t["template"] for t in tasks.values() if t["template"] not in templates])

    def run(name, **parameters):
        container = templates[name]["container"]
        script = container["args"][0]
        for key, value in {"workflow.parameters.shards": "5", **parameters}.items():
            script = script.replace("{{%s}}" % key, str(value))
        same(f"argo: {name} asks for nothing else", [], re.findall(r"\{\{.*?\}\}", script))
        script = script.replace("/config/", f"{place.folder}/").replace("/tmp/", f"{place.folder}/")
        return place.shell(script, tuple(container["command"]))

    status, output = run("plan")
    same("argo: the plan", 0, status) or print(output)
    outcomes = [run("run", **{"inputs.parameters.index": i}) for i in range(5)]
    place.judge([o[0] for o in outcomes], [o[1] for o in outcomes])
    same("argo: the status task tells of the refused image", 1, run("status")[0])
    for name in ("plan", "run"):
        check(f"argo: {name} tries 75 again", "[75, 137]" in templates[name]["retryStrategy"]["expression"])


def run(suite):
    section("engines")
    schemas()
    policies()
    for engine in (kubernetes, github, gitlab, argo):
        engine(suite)
    figure("engines", "Kubernetes, GitHub, GitLab and Argo files valid; their commands run locally over 5 shards")
