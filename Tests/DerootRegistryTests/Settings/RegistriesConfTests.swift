import DerootBytes
import DerootOCI
import DerootRegistry
import DerootTestSupport
import Testing

@Suite("registries.conf")
struct RegistriesConfTests {
    private func places(
        _ home: Home, _ name: String, _ access: RegistryAccess = .read,
        _ overrides: RegistryOverrides = RegistryOverrides(), _ changes: [String: String?] = [:]
    ) throws -> [String] {
        try home.settings(overrides, changes).endpoints(for: ImageName(parsing: name), access).map {
            "\($0.host)/\($0.repository)" + ($0.isMirror ? " mirror" : "")
                + ($0.trust.verifies ? "" : " insecure")
        }
    }

    private static let hex = String(repeating: "ab", count: 32)

    private static let conf = """
        unqualified-search-registries = ["evil.example"]
        short-name-mode = "enforcing"
        [aliases]
        "nginx" = "evil.example/nginx"

        [[registry]]
        prefix = "docker.io"
        location = "docker.io"
        [[registry.mirror]]
        location = "mirror.corp:5000/hub"
        [[registry.mirror]]
        location = "localhost:5001"
        insecure = true
        pull-from-mirror = "tag-only"

        [[registry]]
        prefix = "example.com/foo"
        location = "internal.corp/bar/"
        insecure = true

        [[registry]]
        prefix = "*.wild.io"
        [[registry.mirror]]
        location = "w.corp/wild"
        pull-from-mirror = "digest-only"

        [[registry]]
        location = "bad.io"
        blocked = true

        [[registry]]
        location = "bad.io/but/this"

        [[registry]]
        prefix = "tag.io/a:1"
        insecure = true

        [[registry]]
        prefix = "old.io"
        mirror-by-digest-only = true
        [[registry.mirror]]
        location = "m.old.io"
        """

    @Test(
        "the longest prefix decides",
        arguments: [
            (
                "nginx",
                [
                    "mirror.corp:5000/hub/library/nginx mirror",
                    "localhost:5001/library/nginx mirror insecure",
                    "registry-1.docker.io/library/nginx",
                ]
            ),
            (
                "nginx@sha256:\(hex)",
                ["mirror.corp:5000/hub/library/nginx mirror", "registry-1.docker.io/library/nginx"]
            ),
            ("example.com/foo", ["internal.corp/bar insecure"]),
            ("example.com/foo/x:y", ["internal.corp/bar/x insecure"]),
            ("example.com/foobar", ["example.com/foobar"]),
            ("sub.example.com/foo", ["sub.example.com/foo"]),
            ("a.wild.io/x@sha256:\(hex)", ["w.corp/wild/x mirror", "a.wild.io/x"]),
            ("a.b.wild.io:99/x@sha256:\(hex)", nil),
            ("a.wild.io/x", ["a.wild.io/x"]),
            ("wild.io/x@sha256:\(hex)", ["wild.io/x"]),
            ("evil.com/a.wild.io/x@sha256:\(hex)", ["evil.com/a.wild.io/x"]),
            ("a.wild.io.evil/x@sha256:\(hex)", ["a.wild.io.evil/x"]),
            ("bad.io/but/this:1", ["bad.io/but/this"]), ("bad.io.uk/x", ["bad.io.uk/x"]),
            ("tag.io/a:1", ["tag.io/a insecure"]), ("tag.io/a:12", ["tag.io/a"]),
            ("old.io/x", ["old.io/x"]),
            ("old.io/x:t@sha256:\(hex)", ["m.old.io/x mirror", "old.io/x"]),
            ("unknown.io/x", ["unknown.io/x"]),
        ] as [(String, [String]?)])
    func prefixes(_ name: String, _ expected: [String]?) throws {
        let home = try Home()
        try home.write("etc/containers/registries.conf", Self.conf)
        guard let expected else {
            // With a port in the way the mirror's name would have two.
            let error = failure { () throws(DerootError) in
                _ = try home.settings().endpoints(for: ImageName(parsing: name), .read)
            }
            #expect(error?.code == .malformed)
            return
        }
        #expect(try places(home, name) == expected)
    }

    @Test("writing knows neither mirrors nor locations")
    func writing() throws {
        let home = try Home()
        try home.write("etc/containers/registries.conf", Self.conf)
        #expect(try places(home, "nginx", .write) == ["registry-1.docker.io/library/nginx"])
        #expect(try places(home, "example.com/foo/x", .write) == ["example.com/foo/x insecure"])
    }

    @Test(
        "a blocked registry is neither read nor written", arguments: [RegistryAccess.read, .write])
    func blocked(_ access: RegistryAccess) throws {
        let home = try Home()
        try home.write("etc/containers/registries.conf", Self.conf)
        let error = failure { () throws(DerootError) in
            _ = try home.settings().endpoints(for: ImageName(parsing: "bad.io/x"), access)
        }
        #expect(error?.code == .denied)
        #expect(error?.location.file == home.files("etc/containers/registries.conf"))
    }

    @Test("credentials of a mirror are the mirror's own")
    func credentialNames() throws {
        let home = try Home()
        try home.write("etc/containers/registries.conf", Self.conf)
        let endpoints = try home.settings().endpoints(for: ImageName(parsing: "nginx"), .read)
        #expect(
            endpoints.map(\.credentialName) == [
                "mirror.corp:5000/hub/library/nginx", "localhost:5001/library/nginx",
                "docker.io/library/nginx",
            ])
    }

    @Test("--tls-verify goes before the file")
    func verify() throws {
        let home = try Home()
        try home.write("etc/containers/registries.conf", Self.conf)
        var overrides = RegistryOverrides()
        overrides.verifiesTLS = true
        #expect(try places(home, "example.com/foo", .read, overrides) == ["internal.corp/bar"])
        overrides.verifiesTLS = false
        #expect(try places(home, "x.io/y", .read, overrides) == ["x.io/y insecure"])
    }

    @Test("the user's file hides the system's, a variable both; folders add to them")
    func files() throws {
        let home = try Home()
        func rule(_ location: String) -> String {
            "[[registry]]\nprefix = \"p.io\"\nlocation = \"\(location)\"\n"
        }
        let system = "etc/containers/registries.conf"
        let user = "home/.config/containers/registries.conf"
        try home.write(system, rule("system.io") + "[[registry]]\nlocation='q.io'\nblocked=true")
        #expect(try places(home, "p.io/x") == ["system.io/x"])
        try home.write(user, rule("user.io"))
        #expect(try places(home, "p.io/x") == ["user.io/x"])
        #expect(try places(home, "q.io/x") == ["q.io/x"])
        try home.write("named.conf", rule("named.io"))
        let named = ["CONTAINERS_REGISTRIES_CONF": home.files("named.conf") as String?]
        #expect(try places(home, "p.io/x", .read, .init(), named) == ["named.io/x"])
        try home.write("\(system).d/10-a.conf", rule("a.io"))
        try home.write("\(system).d/20-b.conf", rule("b.io"))
        try home.write("\(system).d/30-c.txt", rule("c.io"))
        #expect(try places(home, "p.io/x") == ["b.io/x"])
        try home.write("\(user).d/00.conf", rule("d.io"))
        #expect(try places(home, "p.io/x", .read, .init(), named) == ["d.io/x"])
        let missing = failure { () throws(DerootError) in
            _ = try home.settings(.init(), ["CONTAINERS_REGISTRIES_CONF": "/nowhere"])
        }
        #expect(missing?.code == .notFound)
    }

    @Test(
        "a broken file is named with its line",
        arguments: [
            ("a = 1\n[[registry]\nprefix = 1", 2, "]"),
            ("[[registry]]\nprefix = \"a.io\"\nprefix = \"b.io\"", 3, "prefix"),
            ("x = 1\n\n[[registry]]\nlocation = 1", 3, "'location' is not a string"),
            (
                "[[registry]]\nlocation = \"a.io\"\n [[ registry ]]\nlocation = \"b.io\"\nblocked = \"yes\"",
                3,
                "'blocked'"
            ),
            ("[[registry]]\nlocation = \"a.io\"\n[[registry]]\ninsecure = true", 3, "neither"),
            ("[[registry]]\nlocation = \"https://a.io\"", 1, "URL"),
            ("[[registry]]\nlocation = \"library\"", 1, "begin with a host"),
            ("[[registry]]\nlocation = \"a.io/UP\"", 1, "HOST[:PORT][/PATH]"),
            ("[[registry]]\nprefix = \"*.a.io/x\"", 1, "'*'"),
            ("[[registry]]\nprefix = \"a.*.io\"", 1, "'*'"),
            ("[[registry]]\nprefix = \"a.io/b:1\"\nlocation = \"c.io\"", 1, "tag or digest"),
            ("[registry]\nlocation = \"a.io\"", 1, "array of tables"),
            ("[[registry]]\nlocation = \"a.io\"\nmirror = 1", 1, "'mirror'"),
            (
                "[[registry]]\nlocation = \"a.io\"\n[[registry.mirror]]\ninsecure=true", 1,
                "location"
            ),
            (
                "[[registry]]\nlocation = \"a.io\"\n[[registry.mirror]]\nlocation=\"b.io\"\n"
                    + "pull-from-mirror=\"never\"", 1, "digest-only"
            ),
            (
                "[[registry]]\nlocation = \"a.io\"\nmirror-by-digest-only = true\n"
                    + "[[registry.mirror]]\nlocation=\"b.io\"\npull-from-mirror=\"all\"", 1,
                "contradict"
            ),
        ])
    func broken(_ text: String, _ line: Int, _ expected: String) throws {
        let home = try Home()
        try home.write("etc/containers/registries.conf", text)
        let error = try #require(failure { () throws(DerootError) in _ = try home.settings() })
        #expect(error.code == .malformed)
        #expect(error.location.file == home.files("etc/containers/registries.conf"))
        #expect(error.description.contains("line \(line): "), "\(error)")
        #expect(error.description.contains(expected), "\(error)")
    }

    @Test("version 1 is refused, since it may block what we would let through")
    func version1() throws {
        let home = try Home()
        try home.write(
            "etc/containers/registries.conf", "[registries.block]\nregistries = [\"a.io\"]")
        let error = failure { () throws(DerootError) in _ = try home.settings() }
        #expect(error?.code == .unsupported)
    }

    @Test("the variables of this process are read")
    func current() throws {
        let environment = try SettingsEnvironment.current()
        #expect(environment["PATH"] != nil)
        #expect(environment["DEROOT_NO_SUCH_VARIABLE"] == nil)
        let relative = SettingsEnvironment(variables: ["HOME": "/h", "XDG_CONFIG_HOME": "rel"])
        #expect(relative.configHome == "/h/.config")
    }
}
