import DerootCore
import DerootTar
import DerootTestSupport

/// For every rule an image where it speaks and one where it is silent.
extension RuleCase {
    static let identity: [RuleCase] = [
        .yes("NR001"), .no("NR001", owned),
        .yes("NR002", #""User":"app""#), .no("NR002", owned),
        .yes("NR003", #""User":"nobody-here""#), .yes("NR003", #""User":"app:nogroup""#),
        .no("NR003", #""User":"app""#), .no("NR003", #""User":"4294967296""#),
        .yes("NR004", #""User":"12345""#), .no("NR004", #""User":"20000""#),
        .no("NR004", #""User":"12345:12345""#),
        .yes("NR005", #""User":"20000:0""#), .yes("NR005", #""User":"12345""#),
        .yes("NR005", #""User":"app""#) {
            $0.file("etc/group", "root:x:0:app\napp:x:20000:\n")
        },
        .no("NR005", owned),
        .yes("NR006", #""User":"app""#), .no("NR006"),
        .yes("NR007", #""User":"999:999""#), .yes("NR007", #""User":"70000:70000""#),
        .yes("NR007", #""User":"4294967296""#, is: .block), .no("NR007", owned), .no("NR007"),
        .yes("NR008", "", is: .info) {
            $0.file("etc/passwd", "root:x:0:0::/:\nnonroot:x:65532:65532::/:\n")
        },
        .no("NR008"), .no("NR008", owned),
        .yes("NR009") { $0.file("etc/passwd", "root:x:0:0::/:/bin/sh\n\nx:x:1:1::/:/bin/sh\n") },
        .yes("NR009") { $0.file("etc/passwd", "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n") },
        .yes("NR009") { $0.file("etc/passwd", "root:x:0:0::/:/bin/sh\nx::1:1::/:/bin/sh\n") },
        .yes("NR009") { $0.file("etc/passwd", "root:x:0:0::/:/bin/sh\nshort:x:1\n") },
        .no("NR009"),
    ]

    static let ports: [RuleCase] = [
        .yes("NR010", #""ExposedPorts":{"80/tcp":{}}"#),
        .yes("NR010", #""ExposedPorts":{"443":{}}"#),
        .no("NR010", #""ExposedPorts":{"8080/tcp":{},"x":{},"0/tcp":{}}"#),
        .yes("NR011") { $0.file("etc/nginx/nginx.conf", "http { server {\n listen 80;\n}}\n") },
        .yes("NR011") { $0.file("etc/nginx/conf.d/a.conf", "listen [::]:443 ssl;\n") },
        .yes("NR011") { $0.file("usr/local/apache2/conf/httpd.conf", "# Listen 8\nListen 80\n") },
        .yes("NR011", #""Env":["HTTP_PORT=80"]"#), .yes("NR011", #""Cmd":["app","--port=:80"]"#),
        .no("NR011", #""Env":["HTTP_PORT=8080"],"Cmd":["app","--retries=3"]"#) {
            $0.file("etc/nginx/nginx.conf", "#listen 80;\nlisten 8080;\nlisten unix:/run/x;\n")
        },
        .yes("NR012", #""ExposedPorts":{"80/tcp":{},"8080/tcp":{}}"#, is: .info),
        .no("NR012", #""ExposedPorts":{"80/tcp":{},"8443/tcp":{}}"#),
        .yes("NR013", #""ExposedPorts":{"22/tcp":{}}"#),
        .yes("NR013", #""Cmd":["/usr/sbin/sshd","-D"]"#, is: .block),
        .no("NR013", #""ExposedPorts":{"2222/tcp":{}}"#),
    ]

    static let start: [RuleCase] = [
        .yes("NR020", started, script("[ \"$(id -u)\" = 0 ] && exec gosu app \"$@\"\nexec \"$@\"")),
        .no("NR020", started, script("exec \"$@\"")),
        .yes("NR021", started, script("exec gosu app \"$@\"")),
        .yes(
            "NR021", started, is: .warn,
            script("if [ \"$X\" ]; then exec gosu app \"$@\"; fi\nexec \"$@\"")),
        .no("NR021", started, script("[ \"$(id -u)\" = 0 ] && exec gosu app \"$@\"\nexec \"$@\"")),
        .yes("NR022", #""Entrypoint":["supervisord"]"#),
        .yes("NR022", #""Entrypoint":["/lib/systemd/systemd"]"#, is: .block), .no("NR022", started),
        .yes("NR023", #""Cmd":["crond","-f"]"#), .yes("NR023", started, script("cron &\nexec app")),
        .no("NR023", started, script("[ $(id -u) = 0 ] && cron\nexec app")),
        .yes("NR024", started, script("set -e\nchown app /x\n")),
        .yes("NR024", started, is: .block, script("set -e\nuseradd x\n", tool: "useradd")),
        .yes("NR024", started, is: .block, script("set -e\nchown app: /x\n", tool: "chown")),
        .yes("NR024", started, is: .block, script("set -e\nchown -R 0:0 /x\n", tool: "chown")),
        .yes("NR024", started, is: .block, script("set -e\nsudo app\n", tool: "sudo")),
        .yes("NR024", started, is: .warn, script("useradd x\n", tool: "useradd")),
        .yes("NR024", started, is: .warn, script("set -e\nuseradd x || :\n", tool: "useradd")),
        .yes(
            "NR024", started, is: .warn,
            script("set -e\nif [ -e /x ]; then useradd x; fi\n", tool: "useradd")),
        .yes("NR024", started, is: .warn, script("set -e\nuseradd x &\nwait\n", tool: "useradd")),
        // A script without set -e outlives another one that has it, unless that takes its place.
        .yes("NR024", started, is: .block, scripts("set -e\n/opt/init\n", "set -e\nuseradd x\n")),
        .yes("NR024", started, is: .block, scripts("exec /opt/init\n", "set -e\nuseradd x\n")),
        .yes("NR024", started, is: .warn, scripts("/opt/init\n", "set -e\nuseradd x\n")),
        // What belongs to the user already may be given to the user.
        .yes("NR024", started, is: .warn, script("set -e\nchown 65532 /x\n", tool: "chown")),
        .yes("NR024", started, is: .warn, script("set -e\nchown $WHO /x\n", tool: "chown")),
        .yes(
            "NR024", started, is: .warn,
            script("set -e\nchown --from=app 0 /x\n", tool: "chown")),
        .yes(
            "NR024", started, is: .warn,
            script("set -e\nfind /x -exec chown app {} +\n", tool: "chown")),
        .no("NR024", started, script("if [ $EUID = 0 ]; then chown app /x; fi\n")),
        .yes("NR025", #""Cmd":["/usr/local/bin/x"]"#) { $0.file("usr/local/bin/x", mode: 0o700) },
        .yes("NR025", #""Cmd":["/root/x"]"#) { $0.file("root/x", mode: 0o755) },
        .yes("NR025", started) {
            $0.file("start.sh", "#!/opt/sh\n", mode: 0o755)
            $0.file("opt/sh", mode: 0o744)
        },
        .no("NR025", #""Cmd":["app"]"#),
        .no("NR025", #""Cmd":["/usr/local/bin/x"]"#, options: options(own: ["/usr/local/bin/y"])) {
            $0.file("usr/local/bin/x", mode: 0o711)
        },
        .yes("NR026", #""Entrypoint":["nothing"]"#), .no("NR026", #""Entrypoint":["app"]"#),
        .yes("NR027", #""Cmd":["app","--user=root"]"#),
        .yes("NR027", #""Cmd":["app","--allow-root"]"#),
        .yes("NR027") { $0.file("etc/nginx/nginx.conf", "user root;\n") },
        .no("NR027", #""Cmd":["app","--user=app"]"#) {
            $0.file("etc/nginx/nginx.conf", "user nginx;\n")
        },
        .yes("NR028", #""Cmd":["/opt/x"]"#) {
            $0.file("opt/x", "\u{7F}ELF\0open\0setuid\0close\0", mode: 0o755)
        },
        .no("NR028", #""Cmd":["/opt/x"]"#) {
            $0.file("opt/x", "\u{7F}ELF\0setuids\0", mode: 0o755)
        },
    ]

    static let writes: [RuleCase] = [
        .yes("NR030", #""Volumes":{"/data":{}}"#) { $0.directory("data") },
        .yes("NR030", #""Volumes":{"/var/log":{}}"#, is: .warn) { $0.directory("var/log") },
        .no("NR030", #""Volumes":{"/data":{}}"#) { $0.directory("data", mode: 0o777) },
        .yes("NR031", #""Volumes":{"/data":{}}"#),
        .no("NR031", #""Volumes":{"/data":{}}"#) { $0.directory("data") },
        .yes("NR032", #""WorkingDir":"/srv/app""#), .no("NR032", #""WorkingDir":"/etc""#),
        .yes("NR033", #""WorkingDir":"/root""#, is: .warn), .no("NR033", #""WorkingDir":"/etc""#),
        .yes("NR034", started, script("mkdir -p /var/lib/app/data\n")),
        .yes(
            "NR034", started, is: .block,
            script("set -e\nmkdir -p /var/lib/app/data\n")),
        // What convert hands over ends nothing.
        .yes(
            "NR034", started, is: .warn, options: options(own: ["/var/lib/app"]),
            script("set -e\nmkdir -p /var/lib/app/data\n")),
        .yes("NR034", started, is: .warn, script("set -e\nmkdir -p /var/lib\n")),
        .yes("NR034", started, is: .warn, script("set -e\nmkdir -p /var/lib/app || true\n")),
        .yes("NR034", #""Env":["APP_DATA=/var/lib/x"]"#) { $0.directory("var/lib/x") },
        .yes("NR034", #""Cmd":["app"]"#) { $0.directory("var/lib/app") },
        .no("NR034", started, script("mkdir -p /tmp/data\n[ -w /var ] && touch /var/x")),
        .yes("NR035") { $0.file("etc/nginx/nginx.conf", "pid /run/nginx.pid;\n") },
        .no("NR035") { $0.file("etc/nginx/nginx.conf", "pid /tmp/nginx.pid;\n") },
        .yes("NR036") { $0.link("var/log/app.log", to: "/dev/stdout") },
        .yes("NR036", "", is: .warn) { $0.link("var/log/app.log", to: "/proc/1/fd/1") },
        .no("NR036") { $0.link("var/log/app.log", to: "/dev/null") },
        .no("NR036") { $0.link("dev/stdout", to: "/proc/self/fd/1") },
        .yes("NR037", "") { $0.file(".wh.tmp") }, .yes("NR037") { $0.directory("tmp") },
        .yes("NR037", "", is: .info) { $0.directory("tmp", mode: 0o777) }, .no("NR037"),
        .yes("NR038", #""Volumes":{"/data":{}}"#) { $0.file("data/PG_VERSION", "16", mode: 0o600) },
        .yes("NR038", "", is: .warn) { $0.file("app/.erlang.cookie", mode: 0o400) },
        .no("NR038") {
            $0.file("root/.ssh/id_rsa", mode: 0o600)
            $0.file("app/acme.json", mode: 0o600, uid: 65532)
        },
        .yes("NR039", started, script("sed -i s/a/b/ /etc/app.conf\n")),
        .yes("NR039", started, is: .block, script("set -e\necho x > /etc/app.conf\n")),
        .yes("NR039", started, is: .warn, script("set -e\n[ $A ] && echo x > /etc/app.conf\n")),
        .no("NR039", started, script("echo x > /tmp/app.conf\n")),
    ]

    static let reads: [RuleCase] = [
        .yes("NR040", #""Cmd":["app","--config=/etc/app.conf"]"#) {
            $0.file("etc/app.conf", mode: 0o600)
        },
        .yes("NR040", #""WorkingDir":"/srv/app""#) { $0.file("srv/app/secret", mode: 0o600) },
        .no("NR040", #""WorkingDir":"/srv/app""#) {
            $0.file("srv/app/open", mode: 0o644)
            $0.file("etc/shadow", "root:*:::::::\n", mode: 0o600)
        },
        .yes("NR041", #""Volumes":{"/closed/data":{}}"#) {
            $0.directory("closed", mode: 0o700)
            $0.directory("closed/data")
        },
        .yes("NR041", #""Env":["PATH=/bin"]"#) { $0.directory("./", mode: 0o700) },
        .no("NR041", #""Volumes":{"/open/data":{}}"#) { $0.directory("open/data") },
        .yes("NR042", #""Env":["PATH=/bin:/root/.cargo/bin"]"#),
        .yes("NR042", #""Entrypoint":["/root/run"]"#),
        .no("NR042", #""Env":["PATH=/bin:/rootless","HOME=/root"]"#),
        .yes("NR043", #""Env":["HOME=/root"]"#), .no("NR043", #""Env":["HOME=/tmp"]"#),
        .yes("NR044", #""User":"12345:12345""#), .no("NR044", owned), .no("NR044"),
    ]

    static let privileges: [RuleCase] = [
        .yes("NR050") { $0.file("bin/su", mode: 0o4755) },
        .yes("NR050") { $0.link("bin/su", to: "bin/app", type: "1", mode: 0o4755) },
        .no("NR050") { $0.directory("x", mode: 0o4755) },
        .no("NR050", options: options(keep: ["/bin/su"])) { $0.file("bin/su", mode: 0o4755) },
        .yes("NR051") { $0.file("bin/wall", mode: 0o2755) },
        .no("NR051") { $0.directory("var/mail", mode: 0o2775) },
        .yes("NR052") { $0.capable("bin/ping") }, .no("NR052") { $0.file("bin/ping", mode: 0o755) },
        .yes("NR053", #""Cmd":["/bin/ping"]"#) { $0.capable("bin/ping") },
        .yes("NR053", #""Cmd":["/bin/ping"]"#, is: .warn, options: options(capabilities: .keep)) {
            $0.capable("bin/ping")
        },
        .no("NR053", #""Cmd":["app"]"#) { $0.capable("bin/ping") },
        .yes("NR054") { $0.directory("var/mail", mode: 0o2775) }, .no("NR054"),
        .yes("NR055") { $0.directory("x", mode: 0o4755) },
        .yes("NR055") { $0.file("y", mode: 0o1644) }, .no("NR055"),
        .yes("NR056", options: options(keep: ["/bin/su"])) { $0.file("bin/su", mode: 0o4755) },
        .no("NR056") { $0.file("bin/su", mode: 0o4755) },
        .yes(
            "NR057", started,
            { tar in
                script("ping -c1 x\n")(&tar)
                tar.capable("bin/ping")
            }),
        .no(
            "NR057", started,
            { tar in
                script("echo ping\n")(&tar)
                tar.capable("bin/ping")
            }),
        .yes("NR058", "", is: .warn, options: options(own: ["/srv"], keep: ["/srv/su"])) {
            $0.file("srv/su", mode: 0o4755)
        },
        .no("NR058", options: options(own: ["/srv"], keep: ["/bin/su"])) {
            $0.file("srv/x")
            $0.file("bin/su", mode: 0o4755)
        },
        .yes("NR059") {
            $0.file("bin/one", mode: 0o4755)
            $0.link("bin/two", to: "bin/one", type: "1", mode: 0o755)
        },
        .yes("NR059", "", is: .warn) {
            $0.file("bin/one", mode: 0o755)
            $0.link("bin/two", to: "bin/one", type: "1", mode: 0o755, uid: 5)
        },
        .no("NR059") {
            $0.file("bin/one", mode: 0o4755)
            $0.link("bin/two", to: "bin/one", type: "1", mode: 0o4755)
        },
    ]

    static let format: [RuleCase] = [
        .yes("NR060") { $0.file("x", uid: 100_000) }, .no("NR060") { $0.file("x", uid: 65535) },
        .yes("NR061") { $0.header(RawHeader("dev/null", type: "3", mode: 0o666)) }, .no("NR061"),
        .yes("NR062", started, script("[ $(id -u) = 0 ] || exec app\ngosu one x\nexec gosu two y")),
        .no("NR062", started, script("[ $(id -u) = 0 ] || exec app\nexec gosu one x")),
        .yes("NR063", #""OnBuild":["RUN make"]"#), .no("NR063"),
        .yes("NR067", options: options(layers: .append)) { $0.file("bin/su", "x", mode: 0o4755) },
        .no("NR067") { $0.file("bin/su", "x", mode: 0o4755) },
        .no("NR068") { $0.file("bin/su", "x", mode: 0o4755) },
    ]

    static let runtime: [RuleCase] = [
        .yes("NR070", started, script("iptables -L\n")),
        .no("NR070", started, script("[ $(id -u) = 0 ] && iptables -L\n")),
        .yes("NR071", #""Env":["DOCKER_HOST=unix:///var/run/docker.sock"]"#),
        .no("NR071", #""Env":["DOCKER_HOST=tcp://docker:2376"]"#),
        .yes("NR072", #""Volumes":{"/data":{}}"#),
        .no("NR072", #""User":"20000:20000","Volumes":{"/data":{}}"#),
        .yes("NR073"), .yes("NR074", #""ExposedPorts":{"80/tcp":{}}"#),
        .no("NR074", #""ExposedPorts":{"8080/tcp":{}}"#),
    ]

    static let all = identity + ports + start + writes + reads + privileges + format + runtime
}

extension TarBuilder {
    /// Writes a program with cap_net_raw, effective.
    mutating func capable(_ name: String) {
        pax([PrivilegeRulesTests.rawNet])
        file(name, "\u{7F}ELF", mode: 0o755)
    }
}
