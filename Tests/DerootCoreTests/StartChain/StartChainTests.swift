import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// What scripts of the start do, and how they are found.
struct StartChainTests {
    private func commands(_ chain: StartChain) -> [String] {
        chain.rootCommands.map { command in
            "\(command.name) \(command.at.line ?? 0)"
                + (command.circumstances.isGuarded ? " guarded" : "")
                + (command.circumstances.isFatal ? " fatal" : "")
        }
    }

    @Test func rootCommandsKnowWhetherTheyStopTheScript() throws {
        let chain = try startChain(
            script: """
                #!/bin/sh
                chown app /data
                set -e
                chown app /data
                chown app /data || true
                if chown app /data; then :; fi
                useradd x 2>/dev/null || echo no
                apt-get update && echo ok
                [ "$(id -u)" = 0 ] && chown app /data
                set +e
                mount /x
                """)
        #expect(
            commands(chain) == [
                "chown 2", "chown 4 fatal", "chown 5", "chown 6", "useradd 7", "apt-get 8",
                "chown 9 guarded fatal", "mount 11",
            ])
    }

    /// Each of these went deeper than the stack, or took minutes.
    @Test(arguments: [
        String(repeating: "a && ", count: 12_000) + "chown x y",
        String(repeating: "a || ", count: 12_000) + "chown x y",
        "if [ " + String(repeating: "! ", count: 60_000) + "0 ]; then a; fi; chown x y",
        "echo " + String(repeating: "${a:-", count: 8000) + String(repeating: "}", count: 8000)
            + "; chown x y",
        String(repeating: "{ a && ", count: 5000) + String(repeating: "; }", count: 5000),
        "h() { true; }; g() { h" + String(repeating: " && h", count: 2000) + "; }; f() { g"
            + String(repeating: " && g", count: 2000) + "; }; f"
            + String(repeating: " && f", count: 2000)
            + "; chown x y",
        "if a; then b; " + String(repeating: "elif a; then b; ", count: 10_000) + "fi; chown x y",
    ])
    func scriptsWithoutMeasure(_ script: String) throws {
        let chain = try startChain(script: "#!/bin/sh\n\(script)\n")
        #expect(chain.rootCommands.count <= 1)
    }

    @Test func longChainsAreReadToTheirEnd() throws {
        let chain = try startChain(
            script: """
                #!/bin/sh
                set -e
                a && b || c && d && [ "$(id -u)" = 0 ] && chown app /data
                [ "$(id -u)" = 0 ] || exit 0
                [ ! ! "$(id -u)" = 0 ] && chown app /more
                [ ! "$(id -u)" = 0 ] && chown app /never
                """)
        #expect(
            commands(chain) == ["chown 3 guarded fatal", "chown 5 guarded fatal"])
    }

    @Test(arguments: [
        ("#!/bin/sh -e\nchown a b", true), ("#!/bin/sh\nset -eu\nchown a b", true),
        ("#!/bin/bash\nset -o errexit\nchown a b", true),
        ("#!/bin/bash\nset -Eeo pipefail\nchown a b", true),
        ("#!/bin/bash\nset -o pipefail\nchown a b", false), ("#!/bin/sh\nchown a b", false),
    ])
    func errexitInItsSpellings(_ script: String, _ isFatal: Bool) throws {
        let chain = try startChain(script: script)
        #expect(chain.rootCommands.map(\.circumstances.isFatal) == [isFatal])
    }

    @Test func writesWithTheirLines() throws {
        let chain = try startChain(
            script: """
                #!/bin/bash
                DIR=/var/lib/app
                mkdir -p "$DIR/data" -m 0700
                echo x > /etc/app.conf
                echo y >> "${LOG:-/var/log/app.log}" 2>&1
                sed -i 's/a/b/' /etc/nginx/nginx.conf
                cat <<EOF | tee /run/app.pid >/dev/null
                mkdir /not/this
                EOF
                install -d -o app /srv/one /srv/two
                cp /a /b/c
                touch relative "$UNKNOWN/x"
                [ -w /etc/x ] && echo z > /etc/x
                """, env: #""PATH=/bin""#)
        let shown = chain.writes.map { write in
            "\(write.tool) \(write.path) \(write.at.line ?? 0)"
                + (write.isDirectory ? " dir" : "")
                + (write.circumstances.isGuarded ? " guarded" : "")
        }
        #expect(
            shown == [
                "mkdir /var/lib/app/data 3 dir", "> /etc/app.conf 4", ">> /var/log/app.log 5",
                "sed /etc/nginx/nginx.conf 6", "tee /run/app.pid 7", "install /srv/one 10 dir",
                "install /srv/two 10 dir", "cp /b/c 11", "> /etc/x 13 guarded",
            ])
    }

    @Test func scriptsAreFollowed() throws {
        let chain = try startChain(
            settings:
                #""Entrypoint":["tini","--","start"],"Cmd":["worker","-v"],"Env":["PATH=/opt/app:/bin"]"#
        ) { tar in
            tar.file("bin/tini", "\u{7F}ELF", mode: 0o755)
            tar.file("bin/bash", "\u{7F}ELF", mode: 0o755)
            tar.link("opt/app/start", to: "../lib/start.sh")
            tar.file(
                "opt/lib/start.sh",
                "#!/usr/bin/env bash\n. /opt/lib/common.inc\nsource \"$(dirname \"$0\")/more\"\nexec \"$@\"\n",
                mode: 0o755)
            tar.file("opt/lib/common.inc", "chown a /common\n")
            tar.file("opt/app/more", "chown a /more\n")
            tar.file("opt/app/worker", "#!/bin/sh\nchown a \"/worker/$1\"\n", mode: 0o755)
        }
        #expect(
            chain.rootCommands.map { "\($0.at.place)" }.count == 3)
        #expect(
            chain.scripts.map(\.description) == [
                "/opt/app/start", "/opt/lib/common.inc", "/opt/app/more", "/opt/app/worker",
            ])
        #expect(chain.rootCommands.last?.text == "chown a /worker/-v")
    }

    @Test func directoriesOfScriptsAreFollowed() throws {
        let chain = try startChain(
            settings: #""Entrypoint":["/docker-entrypoint.sh"],"Cmd":["nginx","-g","daemon off;"]"#
        ) { tar in
            tar.file("bin/sh", "\u{7F}ELF", mode: 0o755)
            tar.file(
                "docker-entrypoint.sh",
                """
                #!/bin/sh
                set -e
                if [ "$1" = "nginx" ] || [ "$1" = "nginx-debug" ]; then
                    if /usr/bin/find "/docker-entrypoint.d/" -mindepth 1 -maxdepth 1 -type f -print -quit 2>/dev/null | read v; then
                        find "/docker-entrypoint.d/" -follow -type f -print | sort -V | while read -r f; do
                            case "$f" in
                                *.envsh) . "$f" ;;
                                *.sh) if [ -x "$f" ]; then "$f"; fi ;;
                            esac
                        done
                    fi
                fi
                exec "$@"
                """, mode: 0o755)
            tar.file(
                "docker-entrypoint.d/20-envsubst-on-templates.sh",
                """
                #!/bin/sh
                auto_envsubst() {
                    local output_dir="${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}"
                    if [ ! -w "$output_dir" ]; then
                        echo "not writable"
                        return 0
                    fi
                    envsubst < /etc/nginx/templates/a > "$output_dir/a.conf"
                }
                auto_envsubst
                """, mode: 0o755)
            tar.file("docker-entrypoint.d/README", "chown a /no\n")
        }
        #expect(chain.scripts.count == 2)
        #expect(chain.rootCommands.isEmpty && chain.stepDowns.isEmpty)
        #expect(chain.writes.map(\.path) == ["etc/nginx/conf.d/a.conf"])
        #expect(chain.writes.first?.circumstances.isGuarded == true)
    }

    @Test func scriptsThatWereNotKeptAreReadLater() throws {
        let padding = String(repeating: "# long enough not to be kept by its size\n", count: 2000)
        let chain = try startChain(settings: #""Entrypoint":["/bin/start"]"#) { tar in
            tar.file("bin/start", "#!/bin/sh\nexec /srv/run/second\n", mode: 0o755)
            tar.file("srv/run/second", "#!/bin/sh\n\(padding)exec gosu app x\n", mode: 0o755)
        }
        #expect(chain.steps == ["gosu app 2002!"])
    }

    @Test(arguments: [
        (#""Cmd":["crond","-f"]"#, StartChain.Service.Kind.cron),
        (#""Entrypoint":["/usr/sbin/sshd","-D"]"#, .sshd),
        (#""Entrypoint":["/init"]"#, .s6Overlay),
        (#""Entrypoint":["/sbin/init"]"#, .systemd),
        (#""Cmd":["s6-svscan","/etc/s6"]"#, .s6),
        (#""Cmd":["/sbin/my_init"]"#, .runit),
        (#""Cmd":["supervisord","-c","/etc/s.conf"]"#, .supervisord),
    ])
    func servicesAreNamed(_ settings: String, _ kind: StartChain.Service.Kind) throws {
        let chain = try startChain(settings: settings) { tar in
            tar.directory("etc/s6-overlay")
            tar.file("init", "#!/bin/sh\n", mode: 0o755)
            tar.link("sbin/init", to: "/lib/systemd/systemd")
            tar.file("lib/systemd/systemd", "\u{7F}ELF", mode: 0o755)
            tar.file(
                "etc/s.conf", "[supervisord]\nuser=root\n[program:a]\nuser=app\ncommand=cron -f\n")
            tar.file("etc/s6/web/run", "#!/bin/sh\nexec su-exec git web\n", mode: 0o755)
        }
        #expect(chain.services.first?.kind == kind)
        if kind == .supervisord {
            #expect(chain.services.map(\.kind) == [.supervisord, .cron])
            #expect(chain.rootFlags.map(\.at.line) == [2])
            #expect(chain.steps == ["supervisord app 4!"])
        }
        if kind == .s6 { #expect(chain.steps == ["su-exec git 2!"]) }
    }

    @Test func programsAreFoundAlongThePath() throws {
        let chain = try startChain(
            settings:
                #""Entrypoint":["app"],"Env":["PATH=/usr/bin:/opt"],"Healthcheck":{"Test":["CMD","probe","-x"]}"#
        ) { tar in
            tar.file("opt/app", "\u{7F}ELF\u{2}", mode: 0o755)
        }
        #expect(chain.programs.map(\.role) == [.entrypoint, .healthcheck])
        #expect(chain.programs.map(\.path) == ["opt/app", nil])
        #expect(chain.programs.map(\.kind) == [.binary, .missing])
    }

    /// Whatever a script looks like, reading it ends.
    @Test(arguments: [
        "if if if", "((((((", "$(((", "case x in", "\"", "'", "`", "${", "<<EOF", "fi done esac }",
        "f() { f; }; f", "while :; do", "a() { b; }; b() { a; a; a; }; a", ". /entrypoint.sh",
        "exec /entrypoint.sh \"$@\"", "shift -5; shift 99; exec \"$1\"", "set -- ; exec \"$@\"",
        "x=(1 2", "[[ a =~ (b|c) && ! -n d ]] || {", "su -c", "gosu", "mkdir -m", "find -exec",
        "\\", "a=${b:-${c:-${d}}}; $a", ">", "> >( cat", "cat <<-'E'\n\tx\n\tE\nchown a b",
        "${1:0:99999999999999999999}", "${1:-1:1}",
    ])
    func oddScriptsDoNoHarm(_ body: String) throws {
        let chain = try startChain(script: "#!/bin/sh\n" + body)
        #expect(chain.scripts == ["entrypoint.sh"])
    }

    @Test func deepAndLongScriptsEnd() throws {
        let deep = String(repeating: "if true; then ", count: 20_000)
        let long = String(repeating: "chown a b; ", count: 20_000)
        let calls = (0..<30).map { "f\($0)() { f\($0 + 1); f\($0 + 1); }" }.joined(separator: "\n")
        for body in [deep, long, String(repeating: "(", count: 50_000), calls + "\nf0"] {
            let chain = try startChain(script: "#!/bin/sh\n" + body)
            #expect(chain.rootCommands.count <= 20_000)
        }
    }

    /// A generator of scripts out of the pieces that matter: none may stop the reader.
    @Test func randomScriptsEnd() throws {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "if", "then", "else", "fi", "case", "esac", "in", "do", "done", "for", "while", "{",
            "}",
            "(", ")", "[", "]", "[[", "]]", "\"", "'", "`", "$(", "${", "$1", "$@", "id -u", "0",
            "=",
            "!=", "&&", "||", ";", ";;", "\n", "exec", "gosu", "app", "set", "--", "-e", "!", "|",
            ">", "<<", "E", "\\", "f()", "f", ".", "/entrypoint.sh", "((", "))", "#", " ", "x=",
        ]
        for _ in 0..<200 {
            let body = (0..<60).map { _ in pieces.randomElement(using: &random) ?? "" }
            let chain = try startChain(
                script: "#!/bin/sh\n" + body.joined(separator: random.next() % 2 == 0 ? " " : ""))
            #expect(chain.scripts.first == "entrypoint.sh")
        }
    }
}
