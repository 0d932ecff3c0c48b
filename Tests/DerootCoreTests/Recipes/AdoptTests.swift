import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// The account that a start script steps down to anyway.
struct AdoptTests {
    private static func image(_ script: String) -> Build {
        { tar in
            tar.file(
                "etc/passwd",
                "root:x:0:0::/root:/bin/sh\nredis:x:999:1000::/data:/bin/sh\nother:x:12:13::/:/x\n")
            tar.file("etc/group", "root:x:0:\nredis:x:1000:\ntape:x:26:redis\n")
            tar.directory("tmp", mode: 0o1777)
            tar.file("bin/sh", "\u{7F}ELF", mode: 0o755)
            tar.file("usr/local/bin/docker-entrypoint.sh", "#!/bin/sh\n" + script, mode: 0o755)
        }
    }

    private static let settings =
        #""Entrypoint":["docker-entrypoint.sh"],"Env":["PATH=/usr/local/bin:/bin"],"Cmd":["redis-server"]"#

    private static let guarded = """
        set -e
        if [ "$(id -u)" = '0' ]; then
            chown redis .
            exec gosu redis "$0" "$@"
        fi
        exec "$@"

        """
    private static let unguarded = "chown -R redis /data\nexec su-exec redis:redis \"$@\"\n"

    @Test(
        arguments: [
            ("auto", guarded, "", "999:1000"), ("adopt", guarded, "", "999:1000"),
            ("auto", unguarded, "", "65532:65532"), ("adopt", unguarded, "", "999:1000"),
            ("auto", "exec \"$@\"\n", "", "65532:65532"), ("7:8", guarded, "", "7:8"),
            ("auto", guarded, #","User":"other""#, "12:13"),
            ("adopt", guarded, #","User":"12""#, "12:13"),
            ("auto", guarded.replacing("gosu redis", with: "gosu nobody"), "", "65532:65532"),
            ("auto", guarded.replacing("gosu redis", with: "gosu root"), "", "65532:65532"),
            (
                "auto",
                guarded.replacing(
                    "gosu redis", with: "setpriv --reuid=redis --regid=redis --init-groups"),
                "", "999:1000"
            ),
        ] as [(String, String, String, String)])
    func adopts(_ choice: String, _ script: String, _ more: String, _ user: String) throws {
        var options = ConversionOptions()
        options.user = try Identity.Choice(parsing: choice)
        let planned = try plan(options, settings: Self.settings + more, [Self.image(script)])
        #expect(planned.userAfter == user)
        if user == "999:1000" {
            #expect(
                planned.notes.contains { $0.contains("docker-entrypoint.sh:") }, "\(planned.notes)")
            #expect(planned.notes.contains { $0.hasPrefix("NR007 the uid 999") })
            // The account has its rows already.
            #expect(planned.content("etc/passwd") == nil && planned.content("etc/group") == nil)
        }
    }

    /// Every tool that start scripts step down with, guarded; and none of them unguarded.
    @Test(arguments: [
        "gosu redis", "su-exec redis", "setpriv --reuid redis --regid redis --clear-groups --",
        "setpriv --reuid=redis --regid=redis --init-groups", "runuser -u redis --",
        "runuser redis -s /bin/sh -c", "su redis -s /bin/sh -c", "su - redis -c",
        "chpst -u redis:redis", "s6-setuidgid redis", "setuidgid redis",
        "chroot --userspec=redis:redis /", "chroot --userspec redis:redis /",
        "start-stop-daemon --start --chuid redis --exec",
    ])
    func adoptsByEveryTool(_ tool: String) throws {
        let script = "set -e\nif [ \"$(id -u)\" = 0 ]; then exec \(tool) \"$0\"; fi\nexec \"$@\"\n"
        let planned = try plan(settings: Self.settings, [Self.image(script)])
        #expect(planned.userAfter == "999:1000")
        let plain = "exec \(tool) \"$0\"\n"
        #expect(try plan(settings: Self.settings, [Self.image(plain)]).userAfter == "65532:65532")
        var options = ConversionOptions()
        options.user = .adopt
        let asked = try plan(options, settings: Self.settings, [Self.image(plain)])
        #expect(asked.userAfter == "999:1000")
    }

    @Test func saysWhichGroupsAreLost() throws {
        let planned = try plan(settings: Self.settings, [Self.image(Self.guarded)])
        #expect(planned.notes.contains { $0.contains("NR006 redis was a member of tape too") })
        // A user with a group had no others to lose.
        let other = try plan(
            settings: Self.settings + #","User":"redis:redis""#, [Self.image(Self.guarded)])
        #expect(!other.notes.contains { $0.contains("NR006") })
    }

    @Test func adoptingNeverAssigns() throws {
        var options = ConversionOptions()
        options.user = .adopt
        let error = try #require(throws: DerootError.self) {
            try plan(options, settings: Self.settings, [Self.image("exec \"$@\"\n")])
        }
        #expect(error.code == .blocked)
    }

    @Test func aRecipesAccountComesFirst() throws {
        let text = "user: { strategy: adopt, name: [ nobody-here, other ] }"
        let recipe = try recipe(text, match: "- start: redis-server")
        let planned = try plan(recipe, settings: Self.settings, [Self.image(Self.guarded)])
        #expect(planned.userAfter == "12:13")
        #expect(planned.notes.contains("runs as 12:13 (other): recipe mine"))
    }

    /// Where a recipe's accounts are not in the image, the script's is taken.
    @Test func fallsBackToTheScript() throws {
        let recipe = try recipe(
            "user: { strategy: adopt, name: nobody-here }", match: "- start: redis-server")
        let planned = try plan(recipe, settings: Self.settings, [Self.image(Self.guarded)])
        #expect(planned.userAfter == "999:1000")
    }

    @Test(arguments: [
        ("guarded", guarded, true), ("guarded", unguarded, false), ("none", unguarded, false),
        ("rewrite", unguarded, true), ("none", "exec \"$@\"\n", true),
        ("guarded", "exec \"$@\"\n", true),
    ])
    func aRecipeSaysWhatItExpects(_ stepDown: String, _ script: String, _ isRight: Bool) throws {
        let recipe = try recipe(
            "user: { strategy: adopt, name: redis }\nstepdown: \(stepDown)",
            match: "- start: redis-server")
        guard isRight else {
            let error = try #require(throws: DerootError.self) {
                try plan(recipe, settings: Self.settings, [Self.image(script)])
            }
            #expect(error.code == .blocked && error.message.contains("NR021"))
            #expect(error.message.contains("docker-entrypoint.sh:3"))
            return
        }
        let planned = try plan(recipe, settings: Self.settings, [Self.image(script)])
        #expect(planned.userAfter == "999:1000")
    }

    @Test func assignsARowOfItsOwn() throws {
        let recipe = try recipe(
            "user: { strategy: assign, uid: 70000, gid: 7, name: redis, home: /data }",
            match: "- start: redis-server")
        let planned = try plan(recipe, settings: Self.settings, [Self.image(Self.guarded)])
        #expect(planned.userAfter == "70000:7")
        // Never a second row for one name.
        #expect(
            planned.content("etc/passwd")?.hasSuffix(
                "\nredis1:x:70000:7:redis1:/data:/sbin/nologin\n") == true)
        #expect(planned.notes.contains { $0.contains("rootless engines") })
    }

    @Test(
        arguments: [
            (65532, 0), (10000, 1), (10001, 0), (1000, 1), (999, 2), (65534, 0), (65535, 1),
            (65536, 2),
        ] as [(UInt32, Int)])
    func knowsTheGates(_ uid: UInt32, _ count: Int) {
        #expect(Identity.gates(refusing: uid).count == count)
    }
}
