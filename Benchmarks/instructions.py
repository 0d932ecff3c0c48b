#!/usr/bin/env python3
"""Counts instructions of deroot's own hot code on a fixture made here, and compares them with kept counts.

  instructions.py DEROOT            compare with instructions.json; exit 1 where a part grew too much
  instructions.py DEROOT --keep     write the counts down as the new ones

Instructions repeat where seconds do not. Hashing is left out: valgrind hides the CPU's SHA
instructions, so libcrypto's share says nothing. Needs valgrind."""
import gzip, hashlib, io, json, os, re, subprocess, sys, tarfile, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
KEPT = os.path.join(HERE, 'instructions.json')
TOLERANCE = 1.15
# What a function belongs to, by its (mangled) name; the first that fits counts.
PARTS = [
    ('deflate', re.compile(r'\bdeflate_|DerootBytes')),
    ('tree', re.compile(r'DerootCore.*(FileTree|Whiteout)')),
    ('policy', re.compile(r'DerootCore')),
    ('tar', re.compile(r'DerootTar')),
]


def fixture(path):
    """An OCI layout of one layer: 4,000 entries, every 40th setuid, bodies that compress a little."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode='w', format=tarfile.PAX_FORMAT) as tar:
        for number in range(4000):
            info = tarfile.TarInfo('opt/app/d%02d/file%04d' % (number % 50, number))
            body = hashlib.sha256(b'%d' % number).hexdigest().encode() * (1 + number % 40)
            info.size, info.mode = len(body), 0o4755 if number % 40 == 0 else 0o644
            info.uname = info.gname = 'root'
            tar.addfile(info, io.BytesIO(body))
    raw = raw.getvalue()
    blobs = os.path.join(path, 'blobs', 'sha256')
    os.makedirs(blobs)

    def put(data, media):
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(blobs, digest), 'wb') as file:
            file.write(data)
        return dict(mediaType=media, digest='sha256:' + digest, size=len(data))

    kind = 'application/vnd.oci.image.'
    layer = put(gzip.compress(raw, 6, mtime=0), kind + 'layer.v1.tar+gzip')
    config = dict(architecture='amd64', os='linux', config={'WorkingDir': '/opt/app'}, rootfs=dict(
        type='layers', diff_ids=['sha256:' + hashlib.sha256(raw).hexdigest()]))
    config = put(json.dumps(config).encode(), kind + 'config.v1+json')
    manifest = dict(schemaVersion=2, mediaType=kind + 'manifest.v1+json', config=config, layers=[layer])
    manifest = put(json.dumps(manifest).encode(), kind + 'manifest.v1+json')
    with open(os.path.join(path, 'index.json'), 'w') as file:
        json.dump(dict(schemaVersion=2, manifests=[manifest]), file)
    with open(os.path.join(path, 'oci-layout'), 'w') as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')


def count(deroot, folder):
    out = os.path.join(folder, 'callgrind.out')
    source, target = os.path.join(folder, 'source'), os.path.join(folder, 'target')
    fixture(source)
    # valgrind 3.19 cannot read the DWARF that Swift writes.
    bare = os.path.join(folder, 'deroot')
    subprocess.run(['strip', '--strip-debug', '-o', bare, deroot], check=True)
    subprocess.run(
        ['valgrind', '--tool=callgrind', '--callgrind-out-file=' + out, bare, 'convert', '-q', '--jobs', '1',
         'oci:' + source, 'oci:' + target], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    listing = subprocess.run(
        ['callgrind_annotate', '--threshold=100', '--show-percs=no', out], check=True, text=True,
        stdout=subprocess.PIPE).stdout
    sums = {name: 0 for name, _ in PARTS}
    for line in listing.splitlines():
        match = re.match(r'\s*([\d,]+)\s+(\S.*)$', line)
        if not match or 'libcrypto' in line or 'PROGRAM TOTALS' in line:
            continue
        for name, pattern in PARTS:
            if pattern.search(match.group(2)):
                sums[name] += int(match.group(1).replace(',', ''))
                break
    return sums


def main():
    deroot = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        sums = count(deroot, folder)
    if '--keep' in sys.argv[2:]:
        with open(KEPT, 'w') as file:
            json.dump(sums, file, indent=2)
            file.write('\n')
        print('kept', sums)
        return 0
    with open(KEPT) as file:
        kept = json.load(file)
    failed = 0
    for name, now in sums.items():
        bad = not now or now > kept[name] * TOLERANCE
        failed += bad
        print('%s instructions of %-8s %12d, kept %12d (%.2f)' % (
            'FAIL' if bad else 'ok  ', name, now, kept[name], now / kept[name] if kept[name] else 0))
    print('%d passed, %d failed' % (len(sums) - failed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
