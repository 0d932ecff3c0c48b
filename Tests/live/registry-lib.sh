# What the registry tests share; sourced after lib.sh. Everything listens on loopback, on ports that
# the system chooses, and ends with the script.
started=()
stop_servers() {
    local server
    for server in ${started[@]+"${started[@]}"}; do
        kill "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    done
    started=()
}
trap 'stop_servers; rm -rf "$scratch"' EXIT

# The user's own settings and temporary files have no part in this.
export HOME=$scratch/home TMPDIR=$scratch/tmp XDG_RUNTIME_DIR=$scratch/run
unset REGISTRY_AUTH_FILE DOCKER_CONFIG XDG_CONFIG_HOME SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
mkdir -p "$HOME" "$TMPDIR" "$XDG_RUNTIME_DIR"

free_port() {
    python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
# holds PID PORT: whether that process listens there, and no other.
holds() {
    local inode
    inode=$(awk -v port=":$(printf %04X "$2")" 'index($2, port) && $4 == "0A" {print $10}' /proc/net/tcp)
    [ -n "$inode" ] && ls -l "/proc/$1/fd" 2>/dev/null | grep -qF "socket:[$inode]"
}
# announced NAME COMMAND...: starts a server that prints its port, which comes into $port.
announced() {
    local name=$1 file
    shift
    file=$scratch/$name.$RANDOM.port
    "$@" >"$file" 2>"$file.log" &
    started+=($!)
    wait_for "$name" test -s "$file"
    port=$(cat "$file")
}
# tool NAME ARGUMENTS...: a server of registry_tools.py.
tool() { announced "$1" python3 "$here/registry_tools.py" "$@"; }
# wait_for NAME COMMAND...: up to a minute, and more where the machine is busy.
wait_for() {
    local name=$1 _
    shift
    for _ in {1..1200}; do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.05
    done
    fail "$name" "did not come up"
    return 1
}
# registry NAME [HTTP [AUTH]]: starts docker-registry; its host comes into $host, its port into
# $port, its log is $scratch/NAME.log. HTTP and AUTH are further lines of its configuration.
registry() {
    local name=$1 server _
    mkdir -p "$scratch/$name.data"
    # A port that was free may be somebody else's by now; then this one ends, and the next is tried.
    for _ in {1..5}; do
        port=$(free_port)
        host=127.0.0.1:$port
        cat >"$scratch/$name.yml" <<YAML
version: 0.1
log: {level: warn, accesslog: {disabled: false}}
storage: {filesystem: {rootdirectory: $scratch/$name.data}, delete: {enabled: true}}
http:
  addr: $host
${2:-}
${3:-}
YAML
        docker-registry serve "$scratch/$name.yml" >"$scratch/$name.log" 2>&1 &
        server=$!
        wait_for "registry $name" settled $server "$port"
        if holds $server "$port"; then
            started+=($server)
            return 0
        fi
        kill $server 2>/dev/null
        wait $server 2>/dev/null
    done
    fail "registry $name" "did not start: $(tail -n 2 "$scratch/$name.log" | tr '\n' ' ')"
    return 1
}
# settled PID PORT: it listens there, or has ended.
settled() { holds "$1" "$2" || ! kill -0 "$1" 2>/dev/null; }
# upload LAYOUT_REFERENCE REGISTRY_REFERENCE: by skopeo, as it is.
upload() { skopeo copy -q --all --preserve-digests --dest-tls-verify=false "$1" "docker://$2"; }
# tag_digest REFERENCE: what a tag names, as skopeo sees it; "none" where there is no such tag.
tag_digest() {
    if skopeo inspect --raw --tls-verify=false "docker://$1" >"$scratch/raw" 2>/dev/null; then
        echo "sha256:$(sha256sum <"$scratch/raw" | cut -d' ' -f1)"
    else
        echo none
    fi
}
# bytes FILE: what went through a pipe, both ways together.
bytes() { awk '{print $1 + $2}' "$1"; }
# leftovers: files that outlived their process in the places for temporary ones.
leftovers() { find "$TMPDIR" "$XDG_RUNTIME_DIR" -mindepth 1 2>/dev/null; }
# refused NAME CODE PATTERN ARGUMENTS...: deroot must fail with the exit code, say the pattern, and
# say what to do after a semicolon.
refused() {
    local name=$1 code=$2 pattern=$3 status
    shift 3
    "$deroot" "$@" >"$scratch/stdout" 2>"$scratch/stderr"
    status=$?
    if [ $status -ne "$code" ]; then
        fail "$name" "exit $status instead of $code: $(tail -n 2 "$scratch/stderr" | tr '\n' ' ')"
    elif ! grep -qiE "$pattern" "$scratch/stderr"; then
        fail "$name" "no '$pattern' in: $(tail -n 2 "$scratch/stderr" | tr '\n' ' ')"
    elif ! grep -q '; ' "$scratch/stderr"; then
        fail "$name" "no advice in: $(tail -n 2 "$scratch/stderr" | tr '\n' ' ')"
    else
        ok "$name"
    fi
}
