"""The building blocks of ci/, run here: their steps, with the inputs that docs/ci.md gives.

What a CI would do around the steps is done as its documentation says: expressions of GitHub's
composite Actions, GitLab's `extends`, Tekton's variables. `uses:` steps are noted and not run."""

import os
import re
import shutil
import subprocess
import sys

import yaml

SHARED = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


def load(root, *path):
    with open(os.path.join(root, *path), encoding="utf-8") as file:
        return yaml.safe_load(file)


def examples(page, word):
    """The YAML blocks of the page that hold a word, parsed."""
    return [yaml.safe_load(block.text) for block in page.blocks
            if block.language == "yaml" and word in block.text]


class Run:
    """A folder for one run, and the world's environment."""

    def __init__(self, place, name):
        self.place, self.folder = place, place.path("ci-" + name)
        os.makedirs(self.folder)
        self.log = ""

    def shell(self, shell, text, env, arguments=()):
        file = os.path.join(self.folder, "step.sh")
        with open(file, "w") as script:
            script.write(text)
        done = subprocess.run(
            [*shell, file, *arguments], cwd=self.folder, env={**self.place.environment, **env},
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.log += done.stdout
        return done.returncode

    def read(self, name):
        try:
            with open(os.path.join(self.folder, name)) as file:
                return file.read()
        except FileNotFoundError:
            return ""


class Action:
    """GitHub's runner, as far as this Action needs one."""

    def __init__(self, action):
        self.action = action

    def value(self, text, context):
        """An expression: names, 'texts', ==, !=, &&, ||, parentheses, always()."""
        def name(match):
            if match[1] is not None:
                return repr(match[1])
            words = match[2].split(".")
            if words[0] == "inputs":
                return repr(context["inputs"].get(words[1], ""))
            if words[0] == "steps":
                return repr(context["steps"].get(words[1], {}).get(words[3], ""))
            raise ValueError(f"unknown in an expression: {match[2]}")
        text = text.replace("always()", "True")
        text = re.sub(r"'([^']*)'|\b((?:inputs|steps)\.[\w.-]+)", name, text)
        return eval(text.replace("&&", " and ").replace("||", " or "), {"__builtins__": {}})

    def filled(self, text, context):
        return re.sub(r"\$\{\{\s*(.*?)\s*\}\}",
                      lambda m: str(self.value(m[1], context)), str(text))

    def run(self, run, given, **environment):
        """(exit status of the job, outputs, the names of the steps that ran)."""
        inputs = {}
        for name, spec in self.action["inputs"].items():
            if spec.get("required") and name not in given:
                raise ValueError(f"the input {name} is missing")
            inputs[name] = str(given.get(name, spec.get("default", "")))
        unknown = set(given) - set(self.action["inputs"])
        if unknown:
            raise ValueError(f"the Action has no input {unknown}")
        context, failed, ran = {"inputs": inputs, "steps": {}}, 0, []
        for step in self.action["runs"]["steps"]:
            condition = step.get("if", "True")
            if (failed and "always()" not in condition) or not self.value(condition, context):
                continue
            ran.append(step["name"])
            if "uses" in step:
                continue
            files = {n: os.path.join(run.folder, n) for n in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
            if os.path.exists(files["GITHUB_OUTPUT"]):
                os.remove(files["GITHUB_OUTPUT"])
            env = {k: self.filled(v, context) for k, v in step.get("env", {}).items()}
            status = run.shell(SHARED, step["run"], {**env, **files, **environment})
            outputs = dict(line.split("=", 1) for line in run.read("GITHUB_OUTPUT").splitlines())
            context["steps"][step.get("id", step["name"])] = outputs
            failed = failed or status
        outputs = {n: self.filled(o["value"], context) for n, o in self.action["outputs"].items()}
        return failed, outputs, ran


def check_github(root, page, place, tally):
    action = Action(load(root, "ci/github/action.yml"))
    given = []
    for workflow in examples(page, "deroot/ci/github@"):
        for job in workflow["jobs"].values():
            given += [s["with"] for s in job["steps"] if "deroot/ci/github@" in s.get("uses", "")]
    upload = "Upload to code scanning"

    def expect(name, inputs, status, **wanted):
        run = Run(place, f"github-{name}")
        try:
            found, outputs, ran = action.run(run, inputs, **wanted.get("environment", {}))
        except ValueError as error:
            tally.check(f"ci/github {name}", str(error))
            return None
        why = None
        if found != status:
            why = f"exit status {found} instead of {status}"
        for step, runs in wanted.get("steps", {}).items():
            if (step in ran) != runs:
                why = f"the step '{step}' {'ran' if step in ran else 'did not run'}"
        for output, pattern in wanted.get("outputs", {}).items():
            if not re.fullmatch(pattern, outputs[output]):
                why = f"the output {output} is '{outputs[output]}'"
        if wanted.get("log") and wanted["log"] not in run.log:
            why = f"'{wanted['log']}' is not in the log"
        tally.check(f"ci/github {name}", why and why + "\n" + run.log)
        return run

    tally.check("docs/ci.md has two examples of the Action",
                None if len(given) == 2 else f"it has {len(given)}")
    if len(given) != 2:
        return
    run = expect("gate of docs/ci.md", given[0], 1, steps={upload: True, "Convert and push": False},
                 outputs={"status": "1", "sarif": "deroot.sarif"}, log="NR001")
    if run:
        import json
        results = json.loads(run.read("deroot.sarif"))["runs"][0]["results"]
        tally.check("ci/github writes SARIF", None if results else "without results")
    expect("conversion of docs/ci.md", given[1], 0, steps={upload: True},
           outputs={"status": "0", "reference": r"docker://registry\.corp/\S+@sha256:[0-9a-f]{64}"})
    expect("an image that is not there", {"images": "docker.io/library/nowhere:1"}, 2,
           steps={upload: False})
    expect("upload switched off", {"images": "docker.io/library/nginx:1.27", "upload-sarif": "false"}, 1,
           steps={upload: False})
    expect("never failing", {"images": "docker.io/library/nginx:1.27", "fail-on": "never"}, 0,
           outputs={"status": "0"})
    expect("two images and a target", {
        "images": "docker.io/library/nginx:1.27\ndocker.io/library/redis:7",
        "convert-to": "registry.corp/hardened/two:1"}, 64, steps={upload: False})
    # A machine without deroot, whatever is installed on this one.
    tools = place.path("tools")
    os.makedirs(tools)
    for name in ("bash", "mktemp", "cp", "sha256sum", "id", "cat"):
        os.symlink(shutil.which(name), os.path.join(tools, name))
    bare = {"PATH": tools}
    one = {"images": "docker.io/library/redis:7"}
    expect("no deroot and no package", one, 2, environment=bare, log="give its Debian package",
           steps={"Check": False, "Gate": False})
    expect("a package from elsewhere without its digest", {**one, "package": "https://quay.io/deroot.deb"},
           2, environment=bare, log="package-sha256", steps={"Check": False})
    expect("a package of another digest", {**one, "package": place.path("hosts"), "package-sha256": "0" * 64},
           1, environment=bare, log="FAILED", steps={"Check": False})
    run = expect("a name that is shell", {"images": "$(touch owned)`touch owned`;touch owned"}, 64)
    if run:
        tally.check("ci/github takes names for names",
                    "a command in a name ran" if os.path.exists(run.folder + "/owned") else None)


def check_gitlab(root, page, place, tally):
    template = load(root, "ci/gitlab/deroot.gitlab-ci.yml")
    jobs = [(name, job) for example in examples(page, "extends: .deroot") for name, job in example.items()
            if isinstance(job, dict) and "extends" in job]
    tally.check("docs/ci.md has two GitLab jobs", None if len(jobs) == 2 else f"it has {len(jobs)}")
    for name, job in jobs:
        base = template.get(job["extends"])
        if base is None:
            tally.check(f"ci/gitlab {name}", f"the template has no {job['extends']}")
            continue
        variables = {**template["variables"], **job["variables"]}
        known = {line.split()[1].rstrip(",") for line in open(os.path.join(root, "ci/gitlab/deroot.gitlab-ci.yml"))
                 if line.startswith("#   DEROOT_")} | set(template["variables"]) | {"DEROOT_TARGET"}
        unknown = set(job["variables"]) - known
        tally.check(f"the variables of the GitLab job {name}", f"unknown: {unknown}" if unknown else None)
        for shell in (SHARED, ("sh", "-e")):
            run = Run(place, f"gitlab-{name}-{shell[0]}")
            status = run.shell(shell, "\n".join(base["script"]) + "\n",
                               {k: str(v) for k, v in variables.items()})
            wanted = 1 if "check" in job["extends"] else 0
            missing = [path for path in base["artifacts"]["paths"] if not run.read(path)]
            reports = base["artifacts"]["reports"]
            missing += [path for path in reports.values() if not run.read(path)]
            why = None
            if status != wanted:
                why = f"exit status {status} instead of {wanted}"
            elif missing:
                why = f"artifacts are missing: {missing}"
            elif "dotenv" in reports and not re.fullmatch(
                    r"DEROOT_REFERENCE=docker://\S+@sha256:[0-9a-f]{64}\n", run.read("deroot.env")):
                why = "deroot.env has no reference"
            tally.check(f"ci/gitlab {name} by {shell[0]}", why and why + "\n" + run.log)


def check_tekton(root, page, place, tally):
    task = load(root, "ci/tekton/task.yaml")
    runs = examples(page, "kind: TaskRun")
    tally.check("docs/ci.md has a TaskRun", None if len(runs) == 1 else f"it has {len(runs)}")
    if len(runs) != 1:
        return
    given = {p["name"]: p["value"] for p in runs[0]["spec"]["params"]}
    specs = {p["name"]: p for p in task["spec"]["params"]}
    tally.check("the parameters of the TaskRun", None if set(given) <= set(specs) else "unknown ones")
    values = {name: given.get(name, spec.get("default")) for name, spec in specs.items()}
    workspaces = {w["name"] for w in task["spec"]["workspaces"]}
    tally.check("the workspaces of the TaskRun",
                None if {w["name"] for w in runs[0]["spec"]["workspaces"]} <= workspaces else "unknown")
    run = Run(place, "tekton")
    results = os.path.join(run.folder, "results")
    os.makedirs(results)
    credentials = os.path.join(run.folder, "credentials")
    os.makedirs(credentials)
    # The secret, under the name that the workspace gives it; nothing else knows the password.
    os.rename(place.home + "/.config/containers/auth.json", credentials + "/config.json")

    def filled(text):
        text = re.sub(r"\$\(params\.([\w-]+)\)", lambda m: str(values[m[1]]), text)
        text = re.sub(r"\$\(results\.([\w-]+)\.path\)", lambda m: f"{results}/{m[1]}", text)
        return text.replace("$(workspaces.credentials.path)", credentials)

    status = 0
    try:
        for step in task["spec"]["steps"]:
            words = []
            for word in step.get("args", []):
                star = re.fullmatch(r"\$\(params\.([\w-]+)\[\*\]\)", word)
                words += values[star[1]] if star else [filled(word)]
            env = {e["name"]: filled(e["value"]) for e in step["env"]}
            status = status or run.shell(("sh",), step["script"], env, words)
            leftover = re.findall(r"\$\((?:params|results|workspaces)[^)]*\)", step["script"])
            tally.check(f"ci/tekton {step['name']} has no variables in its script",
                        f"{leftover}: they would be pasted into shell" if leftover else None)
    finally:
        os.rename(credentials + "/config.json", place.home + "/.config/containers/auth.json")
    tally.check("ci/tekton converts, proves and checks", f"exit status {status}\n{run.log}" if status else None)
    digest = run.read("results/digest")
    tally.check("ci/tekton's results", None if re.fullmatch(r"sha256:[0-9a-f]{64}", digest) and
                run.read("results/reference").endswith("@" + digest) else f"digest is '{digest}'")


def check_schemas(root, work, page, tally):
    """The vendors' own schemas, as check-jsonschema brings them along."""
    venv = os.path.join(os.environ.get("DEROOT_WORK") or work, "venv-docs")
    tool = os.path.join(venv, "bin/check-jsonschema")
    # The mark comes last: one that was cut off in the making is made anew.
    ready = os.path.join(venv, "ready")
    if not os.path.exists(ready):
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv + "/bin/pip", "install", "-q", "--retries", "10", "--timeout", "60",
                        "check-jsonschema==0.39.0"], check=True)
        with open(ready, "w"):
            pass
    files = [("vendor.github-actions", os.path.join(root, "ci/github/action.yml")),
             ("vendor.gitlab-ci", os.path.join(root, "ci/gitlab/deroot.gitlab-ci.yml"))]
    for kind, word in (("vendor.github-workflows", "deroot/ci/github@"),
                       ("vendor.gitlab-ci", "extends: .deroot")):
        for number, block in enumerate(b for b in page.blocks if b.language == "yaml" and word in b.text):
            path = os.path.join(work, f"{kind}.{number}.yml")
            with open(path, "w") as file:
                file.write(block.text)
            files.append((kind, path))
    for kind, path in files:
        done = subprocess.run([tool, "--builtin-schema", kind, path], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        tally.check(f"{os.path.basename(path)} fits {kind}", done.stdout if done.returncode else None)
