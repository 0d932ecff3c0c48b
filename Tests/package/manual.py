#!/usr/bin/env python3
"""Holds the man pages against the binary that they are installed with: manual.py DEROOT MAN1 REPO

What --help says is in the page and the other way round, every visible command has a page, variables
that the sources ask for are told of, and the examples run: against the bundled image under the names
that they use, with a registry on this machine in the place of theirs.
Prints `ok NAME` and `FAIL NAME: why`; the exit status says whether there was a FAIL."""
import glob
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

failures = 0


def check(name, wrong):
    global failures
    failures += bool(wrong)
    print(f'FAIL {name}: {wrong}' if wrong else f'ok   {name}', flush=True)


def help_of(deroot, words):
    """The options that --help shows, its commands, and its text."""
    said = subprocess.run([deroot, *words, '--help'], capture_output=True, text=True, check=True,
                          env={**os.environ, 'COLUMNS': '1000'})
    options, commands, inside = set(), [], False
    for line in said.stdout.splitlines():
        if re.match(r'  -', line):
            head = re.split(r'\s{2,}', line.strip())[0]
            options |= {o for o in re.findall(r'(?<![\w<-])--?[a-z][a-z-]*', re.sub(r'<[^>]*>', '', head))}
        if re.match(r'[A-Z].*:', line):
            inside = line.startswith('SUBCOMMANDS:')
        elif inside and (row := re.match(r'  (\w+)(?: \(default\))?(?:\s{2,}|$)', line)):
            commands.append(row[1])
    assert '--help' in options, said.stdout
    return options, commands, said.stdout


def rendered(page):
    roff = gzip.open(page).read()
    text = subprocess.run(['groff', '-man', '-Tascii', '-P-cbou', '-rLL=1000n'], input=roff, capture_output=True,
                          check=True).stdout.decode()
    return text


def section(text, name):
    found = re.search(rf'^{re.escape(name)}\n(.*?)(?=^\S|\Z)', text, re.M | re.S)
    return found[1] if found else ''


def options_of(text):
    """The options that rows of a section begin with."""
    return {option for line in text.splitlines() if re.match(r' {1,8}-', line)
            for option in re.findall(r'(?<![\w-])--?[a-z][a-z-]*', re.split(r'\s{2,}[A-Z]', line.strip())[0])}


def pages(deroot, folder):
    seen = set()

    def walk(words):
        options, commands, text = help_of(deroot, words)
        name = '-'.join(['deroot'] + words[:1])
        path = os.path.join(folder, name + '.1.gz')
        title = ' '.join(['deroot'] + words)
        if not os.path.exists(path):
            check(f'{title} has a man page', 'there is none')
            return
        seen.add(os.path.basename(path))
        shown = rendered(path)
        told = options_of(section(shown, 'OPTIONS') if len(words) < 2 else section(shown, title.upper()))
        check(f'{title}: the page has the options of --help',
              ', '.join(sorted(options ^ told)) and f'{sorted(options - told)} missing, {sorted(told - options)} too many')
        abstract = re.search(r'OVERVIEW: (.*)', text)[1].rstrip('.')
        check(f'{title}: the page says what it is for', '' if abstract[:60] in re.sub(r'\s+', ' ', shown) else abstract)
        for child in commands:
            walk(words + [child])

    walk([])
    check('no page is of a command that is gone',
          ' '.join(sorted({os.path.basename(p) for p in glob.glob(folder + '/deroot*.gz')} - seen)))
    for path in sorted(glob.glob(folder + '/deroot*.gz')):
        text = rendered(path)
        missing = [name for name in ('EXIT STATUS', 'ENVIRONMENT', 'EXAMPLES', 'SEE ALSO') if not section(text, name)]
        check(f'{os.path.basename(path)} has all sections', ', '.join(missing))


def variables(folder, repo):
    asked = set()
    for path in glob.glob(repo + '/Sources/**/*.swift', recursive=True):
        text = open(path, encoding='utf-8').read()
        asked |= set(re.findall(r'(?:environment\[|self\[|getenv\(|[Ee]nvironment(?:\.text)?\(|\btext\()"([A-Z][A-Z_]+)"', text))
    asked -= {'HOME', 'PATH'}
    told = ' '.join(rendered(path) for path in glob.glob(folder + '/deroot*.gz'))
    check(f'every variable that is asked for is told of ({len(asked)})',
          ' '.join(sorted(name for name in asked if not re.search(rf'\b{name}\b', told))) if asked else 'none found')


def statuses(deroot):
    """What EXIT STATUS says of failures that anybody can bring about."""
    for words, wanted in ((['check', 'oci:/nonexistent'], 2), (['check', '--bogus'], 64), (['check'], 64),
                          (['convert', 'oci:/nonexistent', 'oci:x'], 2), (['convert'], 64), (['verify', 'x'], 64),
                          (['recipe', 'show', 'no-such-recipe'], 64), (['report', '/nonexistent'], 2),
                          (['mirror', 'run'], 64)):
        got = subprocess.run([deroot, *words], capture_output=True).returncode
        check(f'deroot {" ".join(words)} exits {wanted}', '' if got == wanted else f'with {got}')


def registry(folder):
    """A registry on a free port of this machine."""
    program = shutil.which('docker-registry') or shutil.which('registry')
    config = os.path.join(folder, 'registry.yml')
    for port in range(20000 + os.getpid() % 20000, 45000, 7):
        with open(config, 'w', encoding='ascii') as file:
            file.write(f'version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/registry}}, '
                       f'delete: {{enabled: true}}}}\nhttp: {{addr: "127.0.0.1:{port}"}}\n')
        server = subprocess.Popen([program, 'serve', config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if server.poll() is not None:
                break
            try:
                urllib.request.urlopen(f'http://127.0.0.1:{port}/v2/', timeout=5)
                return server, f'127.0.0.1:{port}'
            except OSError:
                time.sleep(0.1)
        server.kill()
    sys.exit('manual: no registry starts')


def blocks(path):
    """The indented blocks of a page's source."""
    found = re.findall(r'(?:^    .*\n|^\n(?=    ))+', open(path, encoding='utf-8').read() + '\n', re.M)
    return [re.sub(r'^    ', '', text, flags=re.M).strip('\n') for text in found]


DOCKER = '''#!/bin/sh
case $1 in
save) cat "$DEMO_DOCKER" ;;
load) cat >loaded.tar && skopeo inspect docker-archive:loaded.tar >/dev/null ;;
*) exit 64 ;;
esac
'''


def examples(deroot, repo):
    folder = tempfile.mkdtemp(prefix='deroot-manual-')
    server, host = registry(folder)
    try:
        demo = f'oci-archive:{repo}/testdata/demo.oci.tar'
        for name in ('nginx', 'redis', 'app'):
            subprocess.run(['skopeo', 'copy', '-q', demo, f'oci:{folder}/demo-{name}:v'], check=True)
        subprocess.run(['skopeo', 'copy', '-q', demo, f'docker-archive:{folder}/demo.tar:app:1'], check=True)
        for name in ('library/nginx:1.25', 'library/nginx:1.19', 'team/app:v1'):
            subprocess.run(['skopeo', 'copy', '-q', '--dest-tls-verify=false', f'oci:{folder}/demo-app:v',
                            f'docker://{host}/{name}'], check=True)
        os.mkdir(folder + '/bin')
        for name, text in (('docker', DOCKER), ('deroot', f'#!/bin/sh\nexec {deroot} "$@"\n')):
            with open(f'{folder}/bin/{name}', 'w', encoding='ascii') as file:
                file.write(text)
            os.chmod(f'{folder}/bin/{name}', 0o755)
        with open(folder + '/registries.conf', 'w', encoding='ascii') as file:
            file.write(f'[[registry]]\nlocation = "{host}"\ninsecure = true\n')
        env = {'PATH': f'{folder}/bin:' + os.environ['PATH'], 'HOME': folder, 'DEMO_DOCKER': folder + '/demo.tar',
               'CONTAINERS_REGISTRIES_CONF': folder + '/registries.conf', 'LC_ALL': 'C.UTF-8'}
        for path in sorted(glob.glob(repo + '/docs/man/deroot*.md')):
            run_page(path, folder, host, env)
    finally:
        server.kill()
        shutil.rmtree(folder)


def run_page(path, folder, host, env):
    work = tempfile.mkdtemp(dir=folder)
    for name in ('nginx', 'redis', 'app'):
        shutil.copytree(f'{folder}/demo-{name}', f'{work}/{name}')
    page = os.path.basename(path)[:-3]
    if page == 'deroot-verify':
        # What is verified there was made by the commands of another page.
        subprocess.run('deroot convert -q oci:nginx oci:nginx-nonroot && '
                       'deroot convert -q oci:app oci:app-nonroot --own /srv/app', shell=True, cwd=work, env=env, check=True, stdout=subprocess.DEVNULL)
    for block in blocks(path):
        text = re.sub(r'\b(registry\.corp|docker\.io|quay\.io)\b', host, block)
        if text.startswith('version: 1'):
            name = '.deroot.yaml' if 'ignore:' in text else 'mirror.yaml'
            with open(f'{work}/{name}', 'w', encoding='utf-8') as file:
                file.write(text + '\n')
            text = 'deroot check oci:nginx' if name == '.deroot.yaml' else ''
        for line in text.splitlines():
            run = subprocess.run(['bash', '-o', 'pipefail', '-c', line], cwd=work, env=env, capture_output=True, text=True)
            # A gate that closes is no broken example; the page says that 1 means findings.
            fine = (0, 1) if re.match(r'deroot (check|recipe test)\b', line) else (0,)
            check(f'{page}: {line}', '' if run.returncode in fine
                  else f'exit {run.returncode}: {run.stderr.strip()[-300:]}')
            # One's own recipe has to fit one's own image, which here is the bundled one.
            if 'mine.yaml' in line and 'show' in line:
                with open(f'{work}/mine.yaml', 'w', encoding='ascii') as file:
                    file.write('recipe: 1\nid: guestbook\ntitle: The guest book\n'
                               'match:\n  all:\n    - file: /srv/guestbook/start.sh\n')


def main():
    deroot, folder, repo = sys.argv[1], sys.argv[2], os.path.realpath(sys.argv[3])
    pages(deroot, folder)
    variables(folder, repo)
    statuses(deroot)
    examples(deroot, repo)
    sys.exit(failures > 0)


main()
