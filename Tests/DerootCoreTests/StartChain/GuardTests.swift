import DerootCore
import DerootTestSupport
import Testing

/// Step-downs of start scripts in the patterns of public images: guarded ones are recognised, the
/// others are flagged.
struct GuardTests {
    struct Pattern: Sendable, CustomTestStringConvertible {
        let name: String
        let script: String
        let cmd: String
        let steps: [String]
        var testDescription: String { name }

        init(_ name: String, cmd: String = "app", _ script: String, _ steps: String...) {
            self.name = name
            self.script = script
            self.cmd = cmd
            self.steps = steps
        }
    }

    static let guarded: [Pattern] = [
        Pattern(
            "redis: one test for word and uid", cmd: "redis-server",
            """
            #!/bin/sh
            set -e
            if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
            \tset -- redis-server "$@"
            fi
            # allow the container to be started with `--user`
            if [ "$1" = 'redis-server' -a "$(id -u)" = '0' ]; then
            \tfind . \\! -user redis -exec chown redis '{}' +
            \texec gosu redis "$0" "$@"
            fi
            um="$(umask)"
            if [ "$um" = '0022' ]; then umask 0077; fi
            exec "$@"
            """, "gosu redis 9"),
        Pattern(
            "redis 8: setpriv with a switch", cmd: "redis-server",
            """
            #!/bin/sh
            set -e
            CMD=$(realpath $(command -v "$1") 2>/dev/null || :)
            if [ "$1" = redis-server ] && [ "$(id -u)" = "0" ] && [ -z "$SKIP_DROP_PRIVS" ]; then
                if has_cap $CAP_SETUID; then
                    find . \\! -user redis -exec chown redis '{}' +
                fi
                exec setpriv --reuid=redis --regid=redis --clear-groups -- "$0" "$@"
            fi
            exec "$@"
            """, "setpriv redis:redis 8?"),
        Pattern(
            "postgres: functions and a main", cmd: "postgres",
            """
            #!/usr/bin/env bash
            set -Eeo pipefail
            _is_sourced() {
                [ "${#FUNCNAME[@]}" -ge 2 ] \\
                    && [ "${FUNCNAME[0]}" = '_is_sourced' ]
            }
            docker_create_db_directories() {
                local user; user="$(id -u)"
                mkdir -p "$PGDATA"
                chmod 00700 "$PGDATA" || :
                if [ "$user" = '0' ]; then
                    find "$PGDATA" \\! -user postgres -exec chown postgres '{}' +
                fi
            }
            _main() {
                if [ "${1:0:1}" = '-' ]; then
                    set -- postgres "$@"
                fi
                if [ "$1" = 'postgres' ] && ! _pg_want_help "$@"; then
                    docker_create_db_directories
                    if [ "$(id -u)" = '0' ]; then
                        # then restart script as postgres user
                        exec gosu postgres "$BASH_SOURCE" "$@"
                    fi
                fi
                exec "$@"
            }
            if ! _is_sourced; then
                _main "$@"
            fi
            """, "gosu postgres 23?"),
        Pattern(
            "mysql: double quotes", cmd: "mysqld",
            """
            #!/bin/bash
            set -eo pipefail
            shopt -s nullglob
            _main() {
                if [ "$1" = 'mysqld' ]; then
                    if [ "$(id -u)" = "0" ]; then
                        mysql_note "Switching to dedicated user 'mysql'"
                        exec gosu mysql "$BASH_SOURCE" "$@"
                    fi
                fi
                exec "$@"
            }
            _main "$@"
            """, "gosu mysql 8"),
        Pattern(
            "mongo: double brackets and patterns", cmd: "mongod",
            """
            #!/bin/bash
            set -Eeuo pipefail
            originalArgOne="$1"
            if [[ "$originalArgOne" == mongo* ]] && [ "$(id -u)" = '0' ]; then
                if [ "$originalArgOne" = 'mongod' ]; then
                    find /data/configdb /data/db \\! -user mongodb -exec chown mongodb '{}' +
                fi
                chown --dereference mongodb "/proc/$$/fd/1" "/proc/$$/fd/2" || :
                exec gosu mongodb "$BASH_SOURCE" "$@"
            fi
            exec "$@"
            """, "gosu mongodb 9"),
        Pattern(
            "rabbitmq: su-exec", cmd: "rabbitmq-server",
            """
            #!/bin/bash
            set -euo pipefail
            if [[ "$1" == rabbitmq* ]] && [ "$(id -u)" = '0' ]; then
                if [ "$1" = 'rabbitmq-server' ]; then
                    find /var/lib/rabbitmq \\! -user rabbitmq -exec chown rabbitmq '{}' +
                fi
                exec su-exec rabbitmq "$BASH_SOURCE" "$@"
            fi
            exec "$@"
            """, "su-exec rabbitmq 7"),
        Pattern(
            "influxdb: in a function, last", cmd: "influxd",
            """
            #!/bin/bash
            function run_influxd () {
                if [ "$(id -u)" = 0 ]; then
                    exec gosu influxdb influxd "${@}"
                else
                    exec influxd "${@}"
                fi
            }
            function main () {
                case "$1" in
                    influxd) run_influxd "${@:2}" ;;
                    *) exec "$@" ;;
                esac
            }
            main "$@"
            """, "gosu influxdb 4"),
        Pattern(
            "nextcloud: a variable that holds the uid",
            """
            #!/bin/sh
            set -eu
            run_as() {
                if [ "$(id -u)" = 0 ]; then
                    su -p "$user" -s /bin/sh -c "$1"
                else
                    sh -c "$1"
                fi
            }
            uid="$(id -u)"
            gid="$(id -g)"
            if [ "$uid" = '0' ]; then
                user='www-data'
            else
                user="$uid"
            fi
            run_as 'php occ upgrade'
            exec "$@"
            """, "su www-data 5"),
        Pattern(
            "an early exec for everybody else",
            """
            #!/bin/sh
            if [ "$(id -u)" -ne 0 ]; then
                exec "$@"
            fi
            chown -R app /data
            exec su-exec app:app "$@"
            """, "su-exec app:app 6"),
        Pattern(
            "one line with ||",
            """
            #!/bin/bash
            [[ $EUID -eq 0 ]] || exec "$@"
            exec runuser -u app -- "$@"
            """, "runuser app 3"),
        Pattern(
            "case, backticks and a negation",
            """
            #!/bin/sh
            case `id -u` in
                0) exec chroot --userspec=app:app / "$@" ;;
                *) exec "$@" ;;
            esac
            """, "chroot app:app 3"),
        Pattern(
            "am_i_root",
            """
            #!/bin/bash
            am_i_root() {
                if [[ "$(id -u)" = "0" ]]; then true; else false; fi
            }
            if am_i_root; then
                exec gosu daemon "$@"
            fi
            exec "$@"
            """, "gosu daemon 6"),
        Pattern(
            "whoami and &&",
            """
            #!/bin/sh
            [ "$(whoami)" = root ] && exec s6-setuidgid app "$@"
            exec "$@"
            """, "s6-setuidgid app 2"),
        Pattern(
            "arithmetic",
            """
            #!/bin/bash
            if (( EUID != 0 )); then exec "$@"; fi
            exec chpst -u app:app "$@"
            """, "chpst app:app 3"),
        Pattern(
            "everything behind an exit",
            """
            #!/bin/sh
            if ! [ "$(id -u)" = "0" ]; then "$@"; exit $?; fi
            exec setpriv --reuid 1000 --regid 1000 --init-groups "$@"
            """, "setpriv 1000:1000 3"),
    ]

    @Test(arguments: guarded)
    func guardedStepsAreRecognised(_ pattern: Pattern) throws {
        let chain = try startChain(script: pattern.script, cmd: pattern.cmd)
        #expect(chain.steps == pattern.steps)
        #expect(chain.stepDowns.allSatisfy { $0.isGuarded })
    }

    static let unguarded: [Pattern] = [
        Pattern(
            "gitea: a service with a computed account",
            """
            #!/bin/sh
            USER=${USER:-git}
            exec su-exec $USER /usr/local/bin/gitea web
            """, "su-exec git 3!"),
        Pattern(
            "plain",
            """
            #!/bin/sh
            chown -R app /data
            exec gosu app "$@"
            """, "gosu app 3!"),
        Pattern(
            "a test of something else",
            """
            #!/bin/sh
            if [ -n "$PUID" ]; then
                exec su-exec "$PUID" "$@"
            fi
            exec su-exec app "$@"
            """, "su-exec - 3!?", "su-exec app 5!"),
        Pattern(
            "the uid is asked and nothing comes of it",
            """
            #!/bin/sh
            if [ "$(id -u)" = 0 ]; then chown app /data; fi
            exec su app -c "run it"
            """, "su app 3!"),
        Pattern(
            "the wrong way round",
            """
            #!/bin/sh
            if [ "$(id -u)" = 0 ]; then exec "$@"; fi
            exec gosu app "$@"
            """, "gosu app 3!"),
        Pattern(
            "the group is no user",
            """
            #!/bin/sh
            if [ "$(id -g)" = 0 ]; then exec gosu app "$@"; fi
            """, "gosu app 2!?"),
    ]

    @Test(arguments: unguarded)
    func unguardedStepsAreFlagged(_ pattern: Pattern) throws {
        let chain = try startChain(script: pattern.script, cmd: pattern.cmd)
        #expect(chain.steps == pattern.steps)
        #expect(!chain.stepDowns.contains { $0.isGuarded })
        #expect(chain.adoptable == nil)
    }

    @Test(arguments: [
        (#"["gosu","app","/usr/bin/app"]"#, "gosu app 0!"),
        (#"["/sbin/tini","--","su-exec","1000:1000","app"]"#, "su-exec 1000:1000 0!"),
        (#"["/bin/sh","-c","exec gosu app /usr/bin/app"]"#, "gosu app 0!"),
        (#"["sh","-c","[ $(id -u) != 0 ] || exec gosu app x"]"#, "gosu app 0"),
    ])
    func theConfigItselfIsReadToo(_ entrypoint: String, _ step: String) throws {
        let chain = try startChain(settings: "\"Entrypoint\":\(entrypoint)") { tar in
            tar.file("sbin/tini", "\u{7F}ELF", mode: 0o755)
        }
        #expect(chain.steps == [step])
        #expect(chain.stepDowns.first?.at.place == .config("config.Entrypoint"))
    }

    @Test func oneGuardedAccountCanBeAdopted() throws {
        let chain = try startChain(script: Self.guarded[0].script, cmd: "redis-server")
        #expect(chain.adoptable == "redis")
        let two = try startChain(
            script: """
                #!/bin/sh
                [ "$(id -u)" = 0 ] || exec "$@"
                gosu one true
                exec gosu two "$@"
                """)
        #expect(two.adoptable == nil)
    }
}
