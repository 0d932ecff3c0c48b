#!/usr/bin/env bash
# `deroot check` on real images: verdicts, exit statuses, and every format read by somebody else's
# reader (Python's json and xml, jsonschema, a SARIF model, Kubernetes' own schemas, Chromium).
source "$(dirname "$0")/lib.sh"

# readers from PyPI, kept beside the images
venv=$work/check-venv
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import jsonschema, kubernetes_validate, sarif_pydantic, yaml' 2>/dev/null; then
    rm -rf "$venv"
    python3 -m venv "$venv" && "$venv/bin/pip" install -q --retries 10 --timeout 60 jsonschema kubernetes-validate sarif-pydantic pyyaml
fi
check "readers are installed" "$venv/bin/python" -c 'import jsonschema, kubernetes_validate, sarif_pydantic, yaml'
readers() { "$venv/bin/python" "$here/check_formats.py" "$@"; }
status() {
    "$deroot" check "$@" >"$scratch/out" 2>"$scratch/err"
    echo $?
}
word() { "$deroot" check "$1" --format json 2>/dev/null | jq -r '.references[0].images[0].verdict.word'; }

# Root images fail, with what is to be found on Debian.
for image in base nginx redis tools; do
    same "$image: errors, exit 1" 1 "$(status "oci:$images/$image" --format json -o "$scratch/$image.json")"
    same "$image: root, setuid and setgid are found" "NR001 NR050 NR051" \
        "$(jq -r '[.references[0].images[0].findings[] | select(.severity == "error") | .rule] | unique | map(select(. == "NR001" or . == "NR050" or . == "NR051")) | join(" ")' "$scratch/$image.json")"
    case $(word "oci:$images/$image") in
    READY | READY-ON | NEEDS-RECIPE) ok "$image: a verdict" ;;
    *) fail "$image: a verdict" "$(word "oci:$images/$image")" ;;
    esac
done
same "tools: ping's capability is found" /usr/bin/ping \
    "$(jq -r '.references[0].images[0].findings[] | select(.rule == "NR052") | .evidence[0].path' "$scratch/tools.json" | head -n 1)"
find_setid() { python3 -c 'import json, sys
for finding in json.load(open(sys.argv[1]))["references"][0]["images"][0]["findings"]:
    if finding["rule"] in ("NR050", "NR051"):
        for place in finding["evidence"]: print(place["path"])' "$1" | sort; }
umoci unpack --image "$images/tools:latest" "$scratch/bundle" >/dev/null 2>&1
same "tools: the setuid and setgid files are those that find sees" \
    "$(cd "$scratch/bundle/rootfs" && find . -xdev -perm /6000 -type f | sed 's/^\.//' | sort | tr '\n' ' ')" \
    "$(find_setid "$scratch/tools.json" | tr '\n' ' ')"
rm -rf "$scratch/bundle"

# Converted images have no errors left; what --converted foretells is what is found then.
for image in base nginx redis tools; do
    converted "$image is converted" "oci:$images/$image" "oci:$scratch/$image:v"
    status "oci:$scratch/$image:v" --format json -o "$scratch/after.json" >/dev/null
    same "$image converted: no finding of severity error" 0 \
        "$(jq '[.references[].images[].findings[] | select(.severity == "error")] | length' "$scratch/after.json")"
    "$deroot" check "oci:$images/$image" --converted --format json -o "$scratch/foretold.json" 2>/dev/null
    severe='[.references[].images[].findings[] | select(.severity == "error" or .severity == "block") | .rule] | unique | join(" ") | "rules: " + .'
    same "$image: --converted foretells the errors" "$(jq -r "$severe" "$scratch/after.json")" "$(jq -r "$severe" "$scratch/foretold.json")"
done

# Exit statuses.
same "--fail-on never: exit 0" 0 "$(status "oci:$images/base" --fail-on never)"
same "a missing image: exit 2" 2 "$(status "oci:$scratch/nowhere")"
same "a missing image beside a good one: exit 2" 2 "$(status "oci:$scratch/nowhere" "oci:$images/base")"
same "the good one is reported all the same" 1 "$(grep -c READY "$scratch/out")"
same "no image: exit 64" 64 "$(status)"
same "an unknown gate: exit 64" 64 "$(status "oci:$images/base" --gate none)"
same "a foreign transport: exit 64" 64 "$(status "docker-daemon:x")"
same "-q: a line for each image" 2 "$(status "oci:$images/base" "oci:$images/nginx" -q >/dev/null; wc -l <"$scratch/out")"

# Gates and accepted findings.
status "oci:$images/nginx" --gate disa --gate cis --format json -o "$scratch/gate.json" >/dev/null
same "--gate names the clauses" "4.1 a user for the container" \
    "$(jq -r '.references[0].images[0].findings[] | select(.rule == "NR001") | .gates[] | select(.gate == "cis") | .clause' "$scratch/gate.json")"
printf 'version: 1\nignore:\n%s' "$(for rule in NR001 NR050 NR051; do printf '  - {rule: %s, reason: known, until: 2030-01-31}\\n' $rule; done)" | sed 's/\\n/\n/g' >"$scratch/ignore.yaml"
SOURCE_DATE_EPOCH=1890000000 "$deroot" check "oci:$images/base" --config "$scratch/ignore.yaml" --format json -o "$scratch/ignored.json" 2>/dev/null
same "accepted findings count no more" 0 "$(jq '[.references[0].images[0].findings[] | select(.severity == "error" and .ignored == null)] | length' "$scratch/ignored.json")"
same "accepted findings expire" 1 "$(SOURCE_DATE_EPOCH=1900000000 status "oci:$images/base" --config "$scratch/ignore.yaml")"
same "an expired one is named" 3 "$(grep -c 'which is over' "$scratch/err")"
printf 'version: 1\nignroe: []\n' >"$scratch/bad.yaml"
same "a slip in the file: exit 2" 2 "$(status "oci:$images/base" --config "$scratch/bad.yaml")"
same "and it says where" 1 "$(grep -c "line 2: unknown key 'ignroe'" "$scratch/err")"

# Every format, by other readers; hostile names too.
python3 "$here/hostile_names.py" "$scratch/hostile" v
for source in "oci:$images/tools" "oci-archive:$demo" "oci:$scratch/hostile:v"; do
    name=$(basename "${source%:v}")
    for format in json sarif junit html text; do
        "$deroot" check "$source" --gate pss --hints --tree --format $format -o "$scratch/$name.$format" 2>/dev/null
        check "$name: $format is what its readers expect" readers $format "$scratch/$name.$format" "$repo/docs/schema/check-1.schema.json"
    done
    "$deroot" report "$scratch/$name.json" -o "$scratch/again.html"
    same "$name: report makes the same page of the JSON" "$(sha256sum <"$scratch/$name.html")" "$(sha256sum <"$scratch/again.html")"
done
"$deroot" convert "oci:$images/nginx" "oci:$scratch/reported:v" --report "$scratch/convert.json" >/dev/null 2>&1
"$deroot" report "$scratch/convert.json" -o "$scratch/convert.html"
check "convert's report becomes a page" readers html "$scratch/convert.html"
for page in tools hostile convert; do
    check "$page.html fits 400 pixels, and is legible" readers layout "$scratch/$page.html" 400 light
    check "$page.html fits 1100 pixels, and is legible in the dark" readers layout "$scratch/$page.html" 1100 dark
done
finish
