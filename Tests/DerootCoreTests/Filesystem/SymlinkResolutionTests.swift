import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// Symbolic links, followed inside the image as a chrooted process would follow them.
struct SymlinkResolutionTests {
    private func image() throws -> FileTree {
        try merged { tar in
            tar.directory("run")
            tar.file("run/pid")
            tar.directory("usr/bin")
            tar.file("usr/bin/sh")
            tar.directory("var")
            tar.link("var/run", to: "/run")
            tar.link("bin", to: "usr/bin")
            tar.link("var/back", to: "../usr/./bin/../bin")
            tar.link("up", to: "../../..//usr")
            tar.link("chain", to: "var/back/sh")
            tar.link("dangling", to: "/nowhere/x")
            tar.link("self", to: "self")
            tar.link("ping", to: "pong")
            tar.link("pong", to: "/ping")
            tar.link("slash", to: "/")
        }
    }

    @Test(arguments: [
        ("var/run", "run"), ("var/run/pid", "run/pid"), ("var/run/new/deep", "run/new/deep"),
        ("bin/sh", "usr/bin/sh"), ("var/back", "usr/bin"), ("chain", "usr/bin/sh"),
        ("up/bin/sh", "usr/bin/sh"), ("dangling", "nowhere/x"), ("dangling/y", "nowhere/x/y"),
        ("slash/run", "run"), ("slash", ""), ("usr/bin/../bin/sh", "usr/bin/sh"),
        ("var/run/../run", "run"), ("bin/..", "usr"), ("", ""), ("new/path", "new/path"),
    ])
    func C15_resolves(_ path: String, _ target: String) throws {
        let resolved = try image().resolve(TarPath(path))
        #expect(resolved.path == TarPath(target))
        #expect(!resolved.loops)
    }

    @Test(arguments: ["self", "ping", "pong/x", "self/../run"])
    func C15_noticesLoops(_ path: String) throws {
        let resolved = try image().resolve(TarPath(path))
        #expect(resolved.loops)
        #expect(resolved.node == nil)
    }

    @Test(arguments: [
        ("up", true), ("..", true), ("var/../..", true), ("var/run", false),
        ("var/back", false),
    ])
    func C15_noticesWhatWouldLeaveTheRoot(_ path: String, _ escapes: Bool) throws {
        let resolved = try image().resolve(TarPath(path))
        #expect(resolved.escapes == escapes)
    }

    @Test func leavesTheLastLinkWhereThatIsWanted() throws {
        let tree = try image()
        #expect(tree.resolve("var/run", followingLast: false).path == "var/run")
        #expect(tree.resolve("bin/sh", followingLast: false).path == "usr/bin/sh")
        #expect(tree.resolve("var/run/pid", followingLast: false).path == "run/pid")
    }

    @Test(arguments: [(40, false), (41, true)])
    func C15_followsAsManyLinksAsTheKernel(_ count: Int, _ loops: Bool) throws {
        let tree = try merged { tar in
            for index in 1...count { tar.link("l\(index)", to: "l\(index - 1)") }
            tar.file("l0")
        }
        #expect(tree.resolve(TarPath("l\(count)")).loops == loops)
    }

    @Test func C15_usesLowerLayersLinks() throws {
        let tree = try merged(
            { $0.link("lib", to: "usr/lib") }, { $0.file("usr/lib/x") },
            { $0.link("usr/lib/y", to: "/lib/x") })
        #expect(tree.resolve("lib/y").path == "usr/lib/x")
        #expect(tree.resolve("lib/y").node.flatMap { tree.entry(of: $0) }?.layer == 1)
    }

    /// Longer than any path that the kernel takes: nobody can be meant.
    @Test func C13_refusesPathsWithoutEnd() throws {
        let long = String(repeating: "a/", count: 100_000)
        let tree = try merged { tar in
            tar.longLink(Array(long.utf8))
            tar.link("l", to: "x")
        }
        #expect(tree.resolve("l").loops)
        #expect(tree.resolve(TarPath(long)).loops)
    }
}
