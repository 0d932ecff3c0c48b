#!/usr/bin/env bash
# Certificates, passwords, tokens, helpers and proxies, against Debian's docker-registry.
source "$(dirname "$0")/lib.sh"
source "$here/registry-lib.sh"

pki=$scratch/pki
mkdir "$pki"
# authority NAME
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -keyout "$pki/$1.key" -out "$pki/$1.crt" 2>/dev/null
}
# certificate NAME AUTHORITY NAMES DAYS
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
        -keyout "$pki/$1.key" -out "$pki/$1.csr" 2>/dev/null
    openssl x509 -req -in "$pki/$1.csr" -CA "$pki/$2.crt" -CAkey "$pki/$2.key" -CAcreateserial \
        -days "$4" -extfile <(echo "subjectAltName=$3") -out "$pki/$1.crt" 2>/dev/null
}
authority ours
authority theirs
certificate good ours "IP:127.0.0.1,DNS:registry.test" 2
certificate expired ours "IP:127.0.0.1" -1
certificate elsewhere ours "DNS:elsewhere.test" 2
certificate client ours "DNS:client.test" 2

# serve NAME CERTIFICATE [HTTP [AUTH]]: a registry with TLS that holds team/app:v1.
serve() {
    registry "$1" "  tls: {certificate: $pki/$2.crt, key: $pki/$2.key${3:-}}" "${4:-}"
    skopeo copy -q --dest-tls-verify=false ${5:+--dest-creds "$5"} ${6:+--dest-cert-dir "$6"} \
        "oci:$scratch/demo:v" "docker://$host/team/app:v1" || fail "$1: upload"
}
# trust HOST AUTHORITY: in the user's certs.d.
certs=$HOME/.config/containers/certs.d
trust() {
    mkdir -p "$certs/$1"
    cp "$pki/$2.crt" "$certs/$1/ca.crt"
}
skopeo copy -q "oci-archive:$demo" "oci:$scratch/demo:v"
converted "the reference result" "oci:$scratch/demo:v" "oci:$scratch/reference:nonroot"
wanted=$(manifest_digest "oci:$scratch/reference:nonroot")
out=oci:$scratch/no:v
passes() {
    local name=$1 target=$2
    shift 2
    converted "$name" "$@"
    same "$name: the right image" "$wanted" "$(manifest_digest "$target")"
    rm -rf "${scratch:?}/yes"
}
yes=oci:$scratch/yes:v

# F06: whom to trust.
serve tls good
tls=$host tls_port=$port
refused "F06_unknownAuthority" 2 'certificate' convert "docker://$tls/team/app:v1" "$out"
trust "$tls" theirs
refused "F06_wrongAuthority" 2 'certificate' convert "docker://$tls/team/app:v1" "$out"
trust "$tls" ours
passes "F06_authorityInCertsD" "$yes" "docker://$tls/team/app:v1" "$yes"
converted "F06 push through TLS" "docker://$tls/team/app:v1" "docker://$tls/team/app:nonroot"
same "F06 push through TLS: the right image" "$wanted" "$(tag_digest "$tls/team/app:nonroot")"
check "F06 deroot verify through TLS" "$deroot" verify "docker://$tls/team/app:v1" "docker://$tls/team/app:nonroot"
mv "$certs" "$scratch/other-certs"
mkdir "$scratch/cert-dir"
cp "$pki/ours.crt" "$scratch/cert-dir/ca.crt"
passes "F06_certDirFlag" "$yes" "docker://$tls/team/app:v1" "$yes" --cert-dir "$scratch/cert-dir"
passes "F06_explicitFlag" "$yes" "docker://$tls/team/app:v1" "$yes" --tls-verify=false
passes "F06_explicitFlagOfOneSide" "$yes" "docker://$tls/team/app:v1" "$yes" --src-tls-verify=false
refused "F06_flagOfTheOtherSide" 2 'certificate' convert "docker://$tls/team/app:v1" "$out" --dest-tls-verify=false
mv "$scratch/other-certs" "$certs"
serve old expired
trust "$host" ours
refused "F06_expired" 2 'expired' convert "docker://$host/team/app:v1" "$out"
serve misnamed elsewhere
trust "$host" ours
refused "F06_wrongName" 2 'name|certificate' convert "docker://$host/team/app:v1" "$out"
registry plain
upload "oci:$scratch/demo:v" "$host/team/app:v1"
refused "F06_plainHTTP" 2 'http|tls' convert "docker://$host/team/app:v1" "$out"
empty "F06 plain HTTP: no request went out in the clear" "$(grep '"GET' "$scratch/plain.log" | grep -v skopeo)"

# Our own certificate.
mkdir "$scratch/client-dir"
cp "$pki/client.crt" "$scratch/client-dir/client.cert"
cp "$pki/client.key" "$scratch/client-dir/client.key"
serve mutual good ", clientcas: [$pki/ours.crt]" "" "" "$scratch/client-dir"
trust "$host" ours
refused "a client certificate is asked for" 2 'certificate|tls' convert "docker://$host/team/app:v1" "$out"
cp "$scratch/client-dir/"* "$certs/$host/"
passes "a client certificate from certs.d" "$yes" "docker://$host/team/app:v1" "$yes"

# F21: a proxy, and hosts that it is not for.
tool connect "$scratch/proxy.log" "registry.test=$tls_port"
proxy=http://127.0.0.1:$port
trust "registry.test:5443" ours
https_proxy=$proxy passes "F21_proxyFromTheEnvironment" "$yes" "docker://registry.test:5443/team/app:v1" "$yes"
HTTPS_PROXY=$proxy passes "F21_upperCaseToo" "$yes" "docker://registry.test:5443/team/app:v1" "$yes"
same "F21 the proxy was used" yes "$(grep -q 'CONNECT registry.test:5443' "$scratch/proxy.log" && echo yes)"
: >"$scratch/proxy.log"
https_proxy=$proxy no_proxy=127.0.0.1 passes "F21_noProxy" "$yes" "docker://$tls/team/app:v1" "$yes"
empty "F21 no_proxy: the proxy was not used" "$(cat "$scratch/proxy.log")"
https_proxy=http://127.0.0.1:1 refused "F21_deadProxy" 75 'proxy' convert "docker://registry.test:5443/team/app:v1" "$out"

# Passwords: htpasswd on the other side, auth.json on ours.
password=hush-$RANDOM$RANDOM
# shellcheck disable=SC2016
crypted=$(perl -e 'print crypt($ARGV[0], q($2y$05$abcdefghijklmnopqrstuu))' "$password")
echo "robot:$crypted" >"$scratch/htpasswd"
serve locked good "" "auth: {htpasswd: {realm: tests, path: $scratch/htpasswd}}" "robot:$password"
locked=$host
trust "$locked" ours
auths() { printf '{"auths":{"%s":{"auth":"%s"}}}' "$1" "$(printf '%s' "$2" | base64 -w0)"; }
refused "no password" 2 'login|credential|password|auth' convert "docker://$locked/team/app:v1" "$out"
auths "$locked" "robot:wrong" >"$scratch/auth.json"
refused "a wrong password" 2 'login|credential|password|auth' convert "docker://$locked/team/app:v1" "$out" --authfile "$scratch/auth.json"
auths "$locked" "robot:$password" >"$scratch/auth.json"
passes "--authfile" "$yes" "docker://$locked/team/app:v1" "$yes" --authfile "$scratch/auth.json"
REGISTRY_AUTH_FILE=$scratch/auth.json passes "REGISTRY_AUTH_FILE" "$yes" "docker://$locked/team/app:v1" "$yes"
mkdir -p "$XDG_RUNTIME_DIR/containers" "$HOME/.docker"
cp "$scratch/auth.json" "$XDG_RUNTIME_DIR/containers/auth.json"
passes "auth.json in its own place" "$yes" "docker://$locked/team/app:v1" "$yes"
rm "$XDG_RUNTIME_DIR/containers/auth.json"
cp "$scratch/auth.json" "$HOME/.docker/config.json"
passes "docker's config.json" "$yes" "docker://$locked/team/app:v1" "$yes"
auths "registry.elsewhere" "robot:$password" >"$HOME/.docker/config.json"
refused "F07_exactHost" 2 'login|credential|password|auth' convert "docker://$locked/team/app:v1" "$out"

# F07: credential helpers.
mkdir "$scratch/bin"
helper() { install -m 755 /dev/stdin "$scratch/bin/docker-credential-$1"; }
use() { printf '{"credHelpers":{"%s":"%s"}}' "$locked" "$1" >"$HOME/.docker/config.json"; }
export PATH=$scratch/bin:$PATH PASSWORD=$password
helper good <<'SCRIPT'
#!/bin/sh
read -r server
printf '{"ServerURL":"%s","Username":"robot","Secret":"%s"}\n' "$server" "$PASSWORD"
SCRIPT
helper absent <<'SCRIPT'
#!/bin/sh
echo "credentials not found in native keychain"
exit 1
SCRIPT
helper broken <<'SCRIPT'
#!/bin/sh
echo "the secret is $PASSWORD" >&2
echo "{not json $PASSWORD"
SCRIPT
helper hanging <<'SCRIPT'
#!/bin/sh
exec sleep 300
SCRIPT
use good
passes "F07_helper" "$yes" "docker://$locked/team/app:v1" "$yes"
use absent
refused "F07_helperKnowsNothing" 2 'login|credential|password|auth' convert "docker://$locked/team/app:v1" "$out"
use broken
refused "F07_helperTalksNonsense" 2 "helper 'broken'" convert "docker://$locked/team/app:v1" "$out"
same "F07 no secret in the message" no "$(grep -q "$password" "$scratch/stderr" && echo yes || echo no)"
use missing
refused "F07_helperIsMissing" 2 'docker-credential-missing' convert "docker://$locked/team/app:v1" "$out"
use hanging
began=$SECONDS
"$deroot" convert "docker://$locked/team/app:v1" "$out" >/dev/null 2>"$scratch/stderr"
status=$?
same "F07_helperHangs: it is left" yes "$([ $status -ne 0 ] && [ $((SECONDS - began)) -le 120 ] && echo yes || echo "exit $status after $((SECONDS - began)) s")"
rm "$HOME/.docker/config.json"

# Tokens, from a service on another port, that end before the upload does.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tokens -keyout "$pki/token.key" -out "$pki/token.crt" 2>/dev/null
tool token "$pki/token.key" "$pki/token.crt" "$scratch/token.log" "robot:$password" 5
realm=http://127.0.0.1:$port/token
registry tokens "" "auth: {token: {realm: $realm, service: registry-tests, issuer: deroot-tests, rootcertbundle: $pki/token.crt}}"
tokens=$host tokens_port=$port
auths "$tokens" "robot:$password" >"$scratch/auth.json"
plain=(--tls-verify=false)
converted "tokens: push" "oci:$scratch/demo:v" "docker://$tokens/team/app:v1" "${plain[@]}" --authfile "$scratch/auth.json"
passes "tokens: anonymous pull" "$yes" "docker://$tokens/team/app:v1" "$yes" "${plain[@]}"
refused "tokens: anonymous push" 2 'login|credential|auth|denied|push' convert "oci:$scratch/demo:v" "docker://$tokens/team/no:v" "${plain[@]}"
check "tokens: only the scopes of the job were asked for" python3 - "$scratch/token.log" <<'PYTHON'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
scopes = {scope for line in lines for scope in line["scope"]}
assert lines and scopes, "nobody asked"
for scope in scopes:
    kind, name, actions = scope.split(":")
    assert kind == "repository" and name in ("team/app", "team/no"), scope
    assert set(actions.split(",")) <= {"pull", "push"}, scope
PYTHON
: >"$scratch/token.log"
# Sixteen seconds of upload on tokens of five.
size=$(du -sb "$images/base/blobs" | cut -f1)
tool pipe "$tokens_port" "$scratch/counts" $((size / 16))
slow=127.0.0.1:$port
auths "$slow" "robot:$password" >"$scratch/auth.json"
converted "tokens that end in the middle of an upload" "oci:$images/base:latest" "docker://$slow/team/base:v" "${plain[@]}" --authfile "$scratch/auth.json"
same "tokens: several were asked for" yes "$([ "$(wc -l <"$scratch/token.log")" -ge 2 ] && echo yes || wc -l <"$scratch/token.log")"
converted "the same by hand" "oci:$images/base:latest" "oci:$scratch/base:v"
check "tokens: the upload is whole" "$deroot" verify "oci:$images/base:latest" "docker://$tokens/team/base:v" "${plain[@]}"
same "none of the refused left a destination" no "$([ -e "$scratch/no" ] && echo yes || echo no)"
rm -rf "${XDG_RUNTIME_DIR:?}/containers"
empty "no temporary file is left" "$(leftovers)"
finish
