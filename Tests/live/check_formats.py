#!/usr/bin/env python3
"""Reads what `deroot check` wrote with readers that are not ours; prints faults, exits 1 for any.

check_formats.py FORMAT FILE [SCHEMA]
check_formats.py layout FILE WIDTH light|dark
"""
import html
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import xml.etree.ElementTree

faults = []


def expect(holds, what):
    if not holds:
        faults.append(what)


def harmless(text):
    """No character that moves the cursor, hides or turns text; lines may end."""
    for character in text:
        if character != "\n" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
            faults.append(f"U+{ord(character):04X} in the output")
            return


def read_json(path, schema):
    import jsonschema

    document = json.load(open(path, encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(json.load(open(schema, encoding="utf-8")))
    validator.check_schema(validator.schema)
    for error in validator.iter_errors(document):
        faults.append(f"{error.json_path}: {error.message[:200]}")
    for reference in document["references"]:
        for image in reference["images"]:
            if image["hints"]:
                read_pod(image["hints"]["kubernetes"])
    return document


def read_pod(text):
    import kubernetes_validate
    import yaml

    pod = yaml.safe_load(text)
    try:
        kubernetes_validate.validate(pod, "1.35", strict=True)
    except Exception as error:
        faults.append(f"the pod: {str(error)[:300]}")
    # The controls of the Pod Security Standards' profile restricted, one by one.
    spec = pod["spec"]
    security = spec["securityContext"]
    expect(security["runAsNonRoot"] is True and security["runAsUser"] > 0, "the pod may run as root")
    expect(security["seccompProfile"]["type"] == "RuntimeDefault", "no seccomp profile")
    expect(not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), "the pod is in the host's namespaces")
    # Of the sysctls that restricted allows, the one that ports below 1024 need.
    names = {sysctl["name"] for sysctl in security.get("sysctls", [])}
    expect(names <= {"net.ipv4.ip_unprivileged_port_start"}, f"sysctls {names}")
    for container in spec["containers"]:
        context = container["securityContext"]
        expect(context["capabilities"] == {"drop": ["ALL"]}, "the pod keeps capabilities")
        expect(context["allowPrivilegeEscalation"] is False, "the pod may gain privileges")
        expect(not context.get("privileged") and "procMount" not in context, "the pod is privileged")
        expect(not any("hostPort" in port for port in container.get("ports", [])), "a port of the host")
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        expect(mounted == {volume["name"] for volume in spec["volumes"]}, "mounts and volumes differ")
    for volume in spec["volumes"]:
        kinds = set(volume) - {"name"}
        allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
                   "projected", "secret"}
        expect(len(kinds) == 1 and kinds <= allowed, f"a volume of {kinds}")


def read_sarif(path):
    import sarif_pydantic

    text = open(path, encoding="utf-8").read()
    sarif_pydantic.Sarif.model_validate_json(text)
    log = json.loads(text)
    expect(len(log["runs"]) == 1 and log["version"] == "2.1.0", "not one run of 2.1.0")
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    expect(len(run["results"]) <= 25000, "more results than GitHub takes")
    expect(os.path.getsize(path) < 10 << 20, "larger than GitHub takes")
    for rule in rules:
        expect(len(rule["properties"]["tags"]) <= 20, f"{rule['id']}: too many tags")
        expect(rule["help"]["text"] and rule["fullDescription"]["text"], f"{rule['id']}: no help")
    for result in run["results"]:
        expect(rules[result["ruleIndex"]]["id"] == result["ruleId"], "a rule index that is wrong")
        expect(0 < len(result["message"]["text"]) <= 1000, "a message that is too long")
        expect(result["partialFingerprints"]["primaryLocationLineHash"], "no fingerprint")
        expect(result["locations"], "a result that is nowhere")
        for location in result["locations"]:
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            expect(re.fullmatch(r"[A-Za-z0-9/._~%-]+", uri) and not uri.startswith("/"), f"uri {uri[:80]}")
            expect(location["physicalLocation"]["region"]["startLine"] >= 1, "no line")


def read_junit(path):
    root = xml.etree.ElementTree.parse(path).getroot()
    expect(root.tag == "testsuites", f"the root is {root.tag}")
    for count, tag in (("failures", "failure"), ("errors", "error")):
        expect(int(root.get(count)) == len(list(root.iter(tag))), f"{count} do not add up")
    expect(int(root.get("tests")) == len(list(root.iter("testcase"))) > 0, "tests do not add up")


class Page(html.parser.HTMLParser):
    void = {"meta", "br", "line", "rect", "path"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.headings, self.text, self.policy = [], [], [], None

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        expect(tag in ALLOWED, f"<{tag}>")
        expect(not any(name.startswith("on") or name in ("src", "srcset") for name in values), f"<{tag}> with {list(values)}")
        expect(values.get("href", "#").startswith("#"), "a link that leads out")
        if tag == "svg":
            named = values.get("role") == "img" and values.get("aria-label")
            expect(named or values.get("aria-hidden") == "true", "a picture without a label")
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.void:
            expect(self.open and self.open.pop() == tag, f"</{tag}> out of order")

    def handle_data(self, data):
        self.text.append(data)


ALLOWED = set(
    "html head meta title style body header main footer article nav figure figcaption p h1 h2 h3 h4 "
    "ul ol li dl dt dd a b strong span code pre br details summary div svg defs pattern line path rect "
    "title".split()
)


def read_html(path):
    text = open(path, encoding="utf-8").read()
    page = Page()
    page.feed(text)
    page.close()
    expect(page.open == [], f"not closed: {page.open}")
    expect(page.policy == "default-src 'none'; style-src 'unsafe-inline'", f"policy {page.policy}")
    steps = zip(page.headings, page.headings[1:])
    expect(page.headings[:1] == [1] and all(b <= a + 1 for a, b in steps), f"headings {page.headings}")
    expect(text.startswith("<!DOCTYPE html>\n<html lang=\"en\">"), "no doctype or language")
    harmless("".join(page.text))


WRAPPER = """<!DOCTYPE html><iframe id=page style="width:%dpx;height:900px;border:0" srcdoc="%s"></iframe>
<pre id=out></pre><script>
const frame = document.getElementById("page");
// Colours as [red, green, blue, alpha]; WCAG's luminance and contrast.
const colour = text => { const found = text.match(/[\\d.]+/g).map(Number); return found.length > 3 ? found : [...found, 1]; };
const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
const linear = part => part <= 10.31475 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4;
const luminance = c => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
frame.onload = () => {
  const inner = frame.contentDocument, width = inner.documentElement.clientWidth, wide = [], pale = [];
  const style = element => frame.contentWindow.getComputedStyle(element);
  const dark = frame.contentWindow.matchMedia("(prefers-color-scheme: dark)").matches;
  inner.querySelectorAll("details").forEach(element => element.open = true);
  inner.querySelectorAll("body *").forEach(element => {
    const box = element.getBoundingClientRect();
    if (box.width > 0 && box.right > width + 1) wide.push(element.tagName + "." + element.getAttribute("class"));
  });
  let texts = 0;
  inner.querySelectorAll("body *:not(svg *)").forEach(element => {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) return;
    const chain = [];
    for (let at = element; at; at = at.parentElement) chain.unshift(colour(style(at).backgroundColor));
    const ground = chain.reduce((below, top) => over(top, below), dark ? [0, 0, 0] : [255, 255, 255]);
    const [a, b] = [luminance(over(colour(style(element).color), ground)), luminance(ground)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style(element).fontSize), isBold = style(element).fontWeight >= 700;
    texts += 1;
    if (contrast < (size >= 24 || (isBold && size >= 18.66) ? 3 : 4.5))
      pale.push(element.tagName + "." + element.getAttribute("class") + " " + contrast.toFixed(2));
  });
  document.getElementById("out").textContent = JSON.stringify({width, dark, texts,
    scroll: inner.documentElement.scrollWidth, wide: wide.slice(0, 5), pale: pale.slice(0, 5)});
};
</script>"""


def read_layout(path, width, scheme):
    """With everything unfolded, nothing is wider than the window, and all text has WCAG's contrast."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser:
        faults.append("there is no chromium")
        return
    page = open(path, encoding="utf-8").read()
    # The wrapper measures with a script, which the page's own policy would not let it do.
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as wrapper:
        wrapper.write(WRAPPER % (width, html.escape(page)))
        wrapper.flush()
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--virtual-time-budget=5000",
                   f"--blink-settings=preferredColorScheme={int(scheme == 'light')}", "--dump-dom", f"file://{wrapper.name}"]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    found = re.search(r'<pre id="out">(\{.*?\})</pre>', shown, re.S)
    expect(found, "chromium measured nothing")
    if found:
        sizes = json.loads(html.unescape(found.group(1)))
        expect(sizes["scroll"] <= sizes["width"] and not sizes["wide"], f"too wide: {sizes}")
        expect(sizes["dark"] == (scheme == "dark"), f"not shown {scheme}")
        expect(sizes["texts"] > 20 and not sizes["pale"], f"too pale: {sizes}")


def main():
    kind, path, *rest = sys.argv[1:]
    if kind == "layout":
        read_layout(path, int(rest[0]), rest[1])
    else:
        if kind == "json":
            read_json(path, rest[0])
        elif kind == "sarif":
            read_sarif(path)
        elif kind == "junit":
            read_junit(path)
        elif kind == "html":
            read_html(path)
        harmless(open(path, encoding="utf-8").read())
    for fault in faults[:10]:
        print(fault)
    sys.exit(1 if faults else 0)


main()
