#!/usr/bin/env bash
# Converted images under podman and runc: they start as their user, and the services still serve.
source "$(dirname "$0")/lib.sh"

# Limits as low as some hosts hand them out; podman's own defaults may be above the hard limit.
cat >"$scratch/containers.conf" <<'CONF'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
export CONTAINERS_CONF=$scratch/containers.conf
engine=(podman --log-level error --root "$scratch/pm/root" --runroot "$scratch/pm/run"
    --tmpdir "$scratch/pm/tmp" --storage-driver overlay --runtime "$(command -v runc || echo /usr/sbin/runc)")
storage="[overlay@$scratch/pm/root+$scratch/pm/run]"
run=(run --network none --sysctl net.ipv4.ip_unprivileged_port_start=0)

load() { skopeo copy -q "$2" "containers-storage:${storage}localhost/$1:nonroot"; }
# inside NAME COMMAND...: in the running container.
inside() { "${engine[@]}" exec "$@" 2>&1; }
# until_same NAME EXPECTED COMMAND...: asked again for ten seconds, as services take a while.
until_same() {
    local name=$1 expected=$2 answer=
    shift 2
    for _ in {1..50}; do
        answer=$("$@" 2>&1 | tr -d '\r')
        [ "$answer" = "$expected" ] && break
        sleep 0.2
    done
    same "$name" "$expected" "$answer"
}
# started NAME UID:GID ACCOUNT: runs the image's own command in the background.
started() {
    local uid=${2%:*} gid=${2#*:} account=$3
    check "$1: podman runs it" "${engine[@]}" "${run[@]}" -d --name "$1" "localhost/$1:nonroot"
    same "$1: id -u" "$uid" "$(inside "$1" id -u)"
    same "$1: id -g" "$gid" "$(inside "$1" id -g)"
    same "$1: id -un" "$account" "$(inside "$1" id -un)"
    empty "$1: no set-id file inside" "$(inside "$1" find / -xdev -perm /6000 -type f | grep -v 'Permission denied')"
    same "$1: the main process is $uid's" "$uid" "$(inside "$1" stat -c %u /proc/1)"
}
# stopped NAME: it must still be running when its test ends; its log says why not.
stopped() {
    local state
    state=$("${engine[@]}" inspect --format '{{.State.Running}}' "$1" 2>&1)
    if [ "$state" = true ]; then ok "$1: still running"; else fail "$1: still running" "$("${engine[@]}" logs "$1" 2>&1 | tail -n 3)"; fi
    "${engine[@]}" rm -f -t 0 -v "$1" >/dev/null 2>&1
}
http_status() { inside "$1" bash -c 'exec 3<>/dev/tcp/127.0.0.1/80; printf "GET / HTTP/1.0\r\n\r\n" >&3; head -n 1 <&3'; }

converted "redis: convert" "oci:$images/redis:latest" "oci:$scratch/redis:nonroot"
check "redis: skopeo loads it" load redis "oci:$scratch/redis:nonroot"
# The account that its start script steps down to; with numbers of one's own it serves as well.
started redis 100:101 redis
until_same "redis: PING" PONG inside redis redis-cli ping
same "redis: SAVE into the volume that the image did not have" OK "$(inside redis redis-cli save | tr -d '\r')"
same "redis: the volume belongs to its user" 100:101 "$(inside redis stat -c %u:%g /data)"
stopped redis
converted "redis-own: convert" "oci:$images/redis:latest" "oci:$scratch/redis-own:nonroot" --user 65532:65532
check "redis-own: skopeo loads it" load redis-own "oci:$scratch/redis-own:nonroot"
started redis-own 65532:65532 nonroot
until_same "redis-own: PING" PONG inside redis-own redis-cli ping
stopped redis-own

converted "tools: convert" "oci:$images/tools:latest" "oci:$scratch/tools:nonroot" \
    --own /var/log/nginx --own /run
check "tools: skopeo loads it" load tools "oci:$scratch/tools:nonroot"
started tools 65532:65532 nonroot
until_same "tools: nginx serves" "HTTP/1.1 200 OK" http_status tools
empty "tools: ping has no capability" "$(inside tools getcap /usr/bin/ping)"
same "tools: sudo refuses" 1 "$(inside tools sudo -n id >/dev/null; echo $?)"
stopped tools

# The same through podman load of a docker-archive, without skopeo.
converted "demo: convert to a docker-archive" "oci-archive:$demo" "docker-archive:$scratch/demo.tar:localhost/demo:nonroot"
check "demo: podman loads it" "${engine[@]}" load -q -i "$scratch/demo.tar"
started demo 65532:65532 nonroot
until_same "demo: serves" "<h1>Guest book</h1>" inside demo wget -qO- http://127.0.0.1:8080/
same "demo: writes its state" "name=deroot" \
    "$(inside demo wget -qO- 'http://127.0.0.1:8080/cgi-bin/sign?name=deroot' | tail -n 1)"
same "demo: HOME is the account's" /home/nonroot "$(inside demo sh -c 'echo $HOME')"
stopped demo

"${engine[@]}" rm -fa -t 0 >/dev/null 2>&1
umount "$scratch/pm/root/overlay" 2>/dev/null
finish
