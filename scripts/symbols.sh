#!/usr/bin/env bash
# Describes the library's public surface from its compiled modules: symbols.sh BUILD OUT
#   BUILD  where swift build put them, such as .build/release
# OUT gets symbol graphs (for docc) and api.txt, a line for every public declaration.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1 out=$2
rm -rf "$out"
mkdir -p "$out"
maps=()
for map in Sources/C/*/module.modulemap "$build"/*.build/module.modulemap; do maps+=(-Xcc "-fmodule-map-file=$map"); done
target=$(swift -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["target"]["unversionedTriple"])')
for module in Deroot DerootBytes; do
    swift symbolgraph-extract -module-name "$module" -target "$target" -I "$build/Modules" "${maps[@]}" \
        -minimum-access-level public -skip-synthesized-members -output-dir "$out"
done
python3 - "$out" >"$out/api.txt" <<'END_OF_PYTHON'
import glob, json, sys
lines = set()
for path in glob.glob(sys.argv[1] + '/*.symbols.json'):
    graph = json.load(open(path, encoding='utf-8'))
    module = graph['module']['name']
    names = {}
    for symbol in graph['symbols']:
        name = '.'.join([module] + symbol['pathComponents'])
        names[symbol['identifier']['precise']] = name
        lines.add(name + '  ' + ''.join(part['spelling'] for part in symbol['declarationFragments']))
    for relation in graph['relationships']:
        protocol = relation.get('targetFallback', relation['target'])
        # What every Sendable type is anyway tells nothing.
        if relation['kind'] == 'conformsTo' and relation['source'] in names and protocol != 'Swift.SendableMetatype':
            lines.add(names[relation['source']] + '  : ' + protocol)
print('\n'.join(sorted(lines)))
END_OF_PYTHON
