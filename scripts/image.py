#!/usr/bin/env python3
"""Makes deroot's own container image of its Debian package: image.py DEB OUT.oci.tar

No engine, no network, no root: the package's binary and the libraries that it needs, as Debian's
packages put them onto this machine, become two layers of an OCI archive. Nothing else is in it but
the CA certificates, an account for 65532 and what tells scanners which packages these are. The same
packages and SOURCE_DATE_EPOCH give the same bytes."""
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time

UID = 65532
ACCOUNTS = {
    'etc/passwd': 'root:x:0:0:root:/root:/sbin/nologin\n'
                  f'nonroot:x:{UID}:{UID}:nonroot:/home/nonroot:/sbin/nologin\n',
    'etc/group': f'root:x:0:\nnonroot:x:{UID}:\n',
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
}


def said(*command):
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def needed(binary):
    """The loader and the libraries of a binary: where they go in the image, and where they are."""
    found = {}
    for line in said('ldd', binary).splitlines():
        row = re.match(r'\s*(?:(\S+) => )?(/\S+) \(0x', line)
        if row is None:
            if 'linux-vdso' not in line:
                sys.exit(f'image: {line.strip()}: a library is missing')
            continue
        # /lib and /lib64 are links into /usr on every Debian of today, and in the image.
        place = row[2] if row[2].startswith('/usr/') else '/usr' + row[2]
        found[place.lstrip('/')] = os.path.realpath(row[2])
    return found


def package_of(path):
    names = [path, path[len('/usr'):] if path.startswith('/usr/lib') else path]
    for name in names:
        answer = subprocess.run(['dpkg', '-S', name], capture_output=True, text=True)
        if answer.returncode == 0:
            return answer.stdout.split('\n')[0].rsplit(': ', 1)[0]
    sys.exit(f'image: {path} is of no Debian package')


def certificates():
    """Mozilla's CAs as Debian has them; not this machine's bundle, which may hold its owner's own."""
    folder = '/usr/share/ca-certificates/mozilla'
    texts = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding='ascii') as file:
            texts.append(file.read().strip() + '\n')
    return ''.join(texts)


class Layer:
    """A layer's entries by path; directories above them come by themselves."""

    def __init__(self, when):
        self.when = when
        self.entries = {}

    def add(self, path, kind, mode, content=b'', uid=0, link=''):
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.add(parent, tarfile.DIRTYPE, 0o755)
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode, entry.uid, entry.gid = kind, mode, uid, uid
        entry.mtime, entry.size, entry.linkname = self.when, len(content), link
        self.entries[path] = (entry, content)

    def file(self, path, content, mode=0o644):
        self.add(path, tarfile.REGTYPE, mode, content if isinstance(content, bytes) else content.encode())

    def copy(self, path, source, mode=0o644):
        with open(source, 'rb') as file:
            self.file(path, file.read(), mode)

    def tar(self):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode='w', format=tarfile.USTAR_FORMAT) as archive:
            for path in sorted(self.entries):
                entry, content = self.entries[path]
                archive.addfile(entry, io.BytesIO(content))
        return out.getvalue()


def libraries(binary, when):
    layer = Layer(when)
    layer.add('lib', tarfile.SYMTYPE, 0o777, link='usr/lib')
    packages = {'ca-certificates', 'base-files'}
    for place, source in needed(binary).items():
        if place.startswith('usr/lib64/'):
            layer.add('lib64', tarfile.SYMTYPE, 0o777, link='usr/lib64')
        layer.copy(place, source, 0o755)
        packages.add(package_of(source))
    layer.file('etc/ssl/certs/ca-certificates.crt', certificates())
    layer.copy('usr/lib/os-release', os.path.realpath('/etc/os-release'))
    layer.add('etc/os-release', tarfile.SYMTYPE, 0o777, link='../usr/lib/os-release')
    for path, text in ACCOUNTS.items():
        layer.file(path, text)
    layer.add('tmp', tarfile.DIRTYPE, 0o1777)
    for path in ('home/nonroot', 'images'):
        layer.add(path, tarfile.DIRTYPE, 0o755, uid=UID)
    for package in sorted(packages):
        name = package.split(':')[0]
        layer.copy(f'usr/share/doc/{name}/copyright', os.path.realpath(f'/usr/share/doc/{name}/copyright'))
        layer.file(f'var/lib/dpkg/status.d/{name}', said('dpkg-query', '-s', package))
    return layer


def blob(blobs, content):
    digest = hashlib.sha256(content).hexdigest()
    blobs[f'blobs/sha256/{digest}'] = content
    return {'digest': 'sha256:' + digest, 'size': len(content)}


def main():
    deb, target = sys.argv[1:]
    version = said('dpkg-deb', '-f', deb, 'Version').strip()
    when = int(os.environ['SOURCE_DATE_EPOCH'])
    created = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(when))
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(['dpkg-deb', '-x', deb, root], check=True)
        binary = os.path.join(root, 'usr/bin/deroot')
        system = libraries(binary, when)
        own = Layer(when)
        own.copy('usr/bin/deroot', binary, 0o755)
        own.copy('usr/share/doc/deroot/copyright', os.path.join(root, 'usr/share/doc/deroot/copyright'))
        own.file('var/lib/dpkg/status.d/deroot', said('dpkg-deb', '-f', deb))
    blobs, layers, ids, history = {}, [], [], []
    for layer, text in ((system, 'the libraries that deroot needs'), (own, f'deroot {version}')):
        tar = layer.tar()
        ids.append('sha256:' + hashlib.sha256(tar).hexdigest())
        layers.append({'mediaType': 'application/vnd.oci.image.layer.v1.tar+gzip',
                       **blob(blobs, gzip.compress(tar, 9, mtime=0))})
        history.append({'created': created, 'created_by': 'scripts/image.py', 'comment': text})
    labels = {
        'org.opencontainers.image.title': 'deroot',
        'org.opencontainers.image.description': 'turns root container images into non-root ones',
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': 'Apache-2.0',
    }
    config = {
        'created': created, 'architecture': said('dpkg-deb', '-f', deb, 'Architecture').strip(), 'os': 'linux',
        'config': {
            'User': f'{UID}:{UID}', 'WorkingDir': '/images', 'Entrypoint': ['/usr/bin/deroot'], 'Cmd': ['--help'],
            'Env': ['PATH=/usr/bin', 'HOME=/home/nonroot', 'LC_ALL=C.UTF-8'], 'Labels': labels,
        },
        'rootfs': {'type': 'layers', 'diff_ids': ids}, 'history': history,
    }
    manifest = {
        'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json',
        'config': {'mediaType': 'application/vnd.oci.image.config.v1+json',
                   **blob(blobs, json.dumps(config, indent=1).encode())},
        'layers': layers, 'annotations': labels,
    }
    root = {'mediaType': manifest['mediaType'], **blob(blobs, json.dumps(manifest, indent=1).encode()),
            'annotations': {'org.opencontainers.image.ref.name': f'deroot:{version}'}}
    files = {'oci-layout': b'{"imageLayoutVersion": "1.0.0"}',
             'index.json': json.dumps({'schemaVersion': 2, 'manifests': [root]}, indent=1).encode(), **blobs}
    archive = Layer(when)
    for path, content in files.items():
        archive.file(path, content)
    with open(target + '.part', 'wb') as file:
        file.write(archive.tar())
    os.replace(target + '.part', target)
    print(f'image   {os.path.getsize(target)} bytes  {target}  {root["digest"]}')


main()
