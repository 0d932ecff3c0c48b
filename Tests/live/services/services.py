"""The table of the matrix: what is run, how it is asked, and what is known beforehand.

A step is (kind, argument, expected pattern):
  http   GET of :PORT/PATH from the container's network, curl's options allowed in front
  exec   a command in the container, as its own user
  tcp    bytes sent to a port; \\r\\n is written out
  fastcgi PORT SCRIPT [QUERY]
  push   an upload to the registry at this port
`serve` must hold on a fresh start; of `write` and `read` the first stores something, the second
finds it again after the container was replaced, the volumes kept.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Service:
    """One image below images/, and what the matrix knows of it."""

    name: str
    pattern: str  # what of the official images it copies
    serve: tuple = ()
    write: tuple = ()
    read: tuple = ()
    volumes: tuple = ()
    env: tuple = ()
    run: tuple = ()  # further options for podman
    convert: tuple = ()  # further options for deroot convert
    remap: str = ""  # what --ports remap makes of a low port: "80:8080"
    patience: int = 30  # seconds until it must serve
    # Expectations. `plain`: "" where the root image serves as 65532 too, else the pattern of what
    # is seen of its failure. The others: "" for "works", else the pattern of the refusal.
    plain: str = ""
    stranger: tuple = ()  # flags without which even that would work
    complaint: str = ""  # as 65532 it serves, but logs this; converted it must not
    user: str = "65532:65532"  # what User must be: numbers, or the account whose numbers are meant
    refused: str = ""  # convert stops, with this
    openshift: str = ""  # the profile is refused, with this


SERVICES = (
    Service(
        "nginx", "start scripts, envsubst, pid in /run, port 80",
        serve=(("http", "80/", "Welcome to nginx"),),
        remap="80:8080",
        plain="Permission denied",
    ),
    Service(
        "httpd", "pid among the logs, port 80",
        serve=(("http", "80/", "It works"),),
        remap="80:8080",
        user="www-data",
        plain="AH00099|Permission denied",
    ),
    Service(
        "redis", "guarded gosu, chown at start",
        serve=(("exec", "redis-cli ping", "PONG"),),
        write=(("exec", "redis-cli set name ada", "OK"), ("exec", "redis-cli save", "OK")),
        read=(("exec", "redis-cli get name", "ada"),),
        volumes=("/data",),
        user="redis",
        plain="Permission denied",
    ),
    Service(
        "redis-alpine", "busybox and su-exec, uid and gid differ, /var/run a link, a setuid helper",
        serve=(("exec", "redis-cli ping", "PONG"),),
        write=(("exec", "redis-cli set name ada", "OK"), ("exec", "redis-cli save", "OK")),
        read=(("exec", "redis-cli get name", "ada"),),
        volumes=("/data",),
        user="redis",
        plain="Permission denied",
    ),
    Service(
        "postgres", "guarded gosu, initdb, data owned by the server",
        serve=(("exec", "psql -h 127.0.0.1 -U postgres -Atc 'select 6*7'", "42"),),
        write=(("exec", "psql -h 127.0.0.1 -U postgres -Atc \"create table t as select 'ada' as name\"", "SELECT 1"),),
        read=(("exec", "psql -h 127.0.0.1 -U postgres -Atc 'select name from t'", "ada"),),
        volumes=("/var/lib/postgresql/data",),
        env=("POSTGRES_HOST_AUTH_METHOD=trust",),
        user="postgres",
        plain="could not look up effective user ID|Operation not permitted|Permission denied",
        openshift="group0-only|owned by",
    ),
    Service(
        "mariadb", "guarded gosu, an account without a fixed number",
        serve=(("exec", "mariadb -uroot -Nse 'select 6*7'", "42"),),
        write=(("exec", "mariadb -uroot -Nse \"create database d; create table d.t as select 'ada' as name\"", ""),),
        read=(("exec", "mariadb -uroot -Nse 'select name from d.t'", "ada"),),
        volumes=("/var/lib/mysql",),
        env=("MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1",),
        user="mysql",
        plain="Permission denied|denied",
    ),
    Service(
        "memcached", "a named user",
        serve=(("tcp", "11211 version\\r\\nquit\\r\\n", "VERSION"),),
        user="memcache",
    ),
    Service(
        "rabbitmq", "Erlang; guarded gosu, sticky folders, a cookie for its owner only",
        # The server makes the cookie; a tool that came first would make it root's.
        serve=(("exec", "test -s /var/lib/rabbitmq/.erlang.cookie", ""),
               ("exec", "rabbitmqctl -q await_startup", ""), ("exec", "rabbitmqctl -q list_vhosts", "/")),
        write=(("exec", "rabbitmqctl -q add_vhost ada", ""),),
        read=(("exec", "rabbitmqctl -q await_startup", ""), ("exec", "rabbitmqctl -q list_vhosts", "ada")),
        volumes=("/var/lib/rabbitmq",),
        run=("--hostname", "rabbit"),
        user="rabbitmq",
        patience=90,
    ),
    Service(
        "haproxy", "a named user, a derived configuration",
        serve=(("http", "80/", "haproxy lives"),),
        remap="80:8080",
        user="haproxy",
    ),
    Service(
        "haproxy-root", "root; chroot, user, group and a socket in /run in the configuration",
        serve=(("http", "80/", "haproxy lives"),),
        remap="80:8080",
        user="haproxy",
        plain="chroot|setuid|uid|UNIX socket|Permission denied",
    ),
    Service(
        "php", "Apache and mod_php; the document root a volume, filled at the first start; port 80",
        serve=(("http", "80/", "php: "),),
        write=(("http", "80/?name=ada", "ada"),),
        read=(("http", "80/", "ada"),),
        volumes=("/var/www/html",),
        remap="80:8080",
        user="www-data",
    ),
    Service(
        "php-fpm", "FastCGI; pools that name an account, logs to /proc/self/fd/2",
        serve=(("fastcgi", "9000 /var/www/html/index.php", "php: "),),
        write=(("fastcgi", "9000 /var/www/html/index.php name=ada", "ada"),),
        read=(("fastcgi", "9000 /var/www/html/index.php", "ada"),),
        volumes=("/var/www/html",),
        user="www-data",
    ),
    Service(
        "mosquitto", "root; the server becomes its account by itself",
        serve=(("exec", "mosquitto_pub -t a -m b", ""),),
        write=(("exec", "mosquitto_pub -r -q 1 -t name -m ada", ""),),
        read=(("exec", "mosquitto_sub -C 1 -W 5 -t name", "ada"),),
        volumes=("/mosquitto/data",),
        user="mosquitto",
        complaint="unable to open",
    ),
    Service(
        "tomcat", "Java; folders and a web archive unfold below its home at start",
        serve=(("http", "8080/index.jsp", "tomcat: 42"),),
        patience=60,
        complaint="Unable to create directory",
    ),
    Service(
        "registry", "the folder of its volume is not in the image",
        serve=(("http", "5000/v2/", "{}"),),
        write=(("push", "5000", "201"),),
        read=(("http", "5000/v2/a/blobs/sha256:2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df", "ok"),),
        volumes=("/var/lib/registry",),
        plain="500|permission denied",
    ),
    Service(
        "python", "an application without any user",
        serve=(("http", "8000/", "python: "),),
        write=(("http", "8000/sign?name=ada", "ada"),),
        read=(("http", "8000/", "ada"),),
        volumes=("/app/data",),
        plain="Permission denied",
    ),
    Service(
        "unguarded", "the same, with chown and gosu that ask nobody",
        serve=(("http", "8000/", "python: "),),
        write=(("http", "8000/sign?name=ada", "ada"),),
        read=(("http", "8000/", "ada"),),
        volumes=("/app/data",),
        plain="Operation not permitted",
        user="app",
        refused="gosu",
        convert=("--recipe", "unguarded"),
    ),
    Service(
        "node", "an account that the image ships but does not use",
        serve=(("http", "3000/", "node: "),),
        write=(("http", "3000/sign?name=ada", "ada"),),
        read=(("http", "3000/", "ada"),),
        volumes=("/usr/src/app/uploads",),
        plain="permission denied",
        user="node",
    ),
    Service(
        "caddy", "one binary with an effective file capability; port 80",
        serve=(("http", "80/", "Caddy works"),),
        volumes=("/data", "/config"),
        remap="80:8080",
        stranger=("--cap-drop=ALL",),
        plain="operation not permitted",
    ),
    Service(
        "exporter", "one binary, the named user nobody",
        serve=(("http", "9100/metrics", "node_exporter_build_info"),),
        user="nobody",
    ),
    Service(
        "supervisor", "supervisord with a user for a program",
        serve=(("http", "8000/", "python: "),),
        write=(("http", "8000/sign?name=ada", "ada"),),
        read=(("http", "8000/", "ada"),),
        volumes=("/app/data",),
        plain="Can't drop privilege as nonroot user",
        user="www-data",
        refused="supervisord",
        convert=("--recipe", "supervisor"),
    ),
    Service(
        "gitea", "s6 and sshd; each service becomes another user by itself",
        serve=(("http", "8000/", "python: "), ("tcp", "22 x\\r\\n", "SSH-2.0")),
        volumes=("/data",),
        plain="Permission denied|Operation not permitted|not permitted",
        refused="s6",
    ),
    Service(
        "sshd", "a server that becomes whoever logs in",
        serve=(("tcp", "22 x\\r\\n", "SSH-2.0"),),
        plain="no hostkeys available|Permission denied",
        refused="sshd",
    ),
    Service(
        "systemd", "a whole system",
        serve=(("exec", "systemctl is-active systemd-journald", "active"),),
        run=("--systemd=always",),
        plain="not running",
        refused="systemd",
    ),
    Service(
        "cron", "a daemon that becomes other users",
        serve=(("exec", "cat /run/crond.pid", "1"),),
        plain="can't open or create|Permission denied",
        refused="cron",
    ),
)
