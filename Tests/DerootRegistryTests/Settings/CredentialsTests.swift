import DerootBytes
import DerootOCI
import DerootRegistry
import DerootTestSupport
import Testing

@Suite("credentials")
struct CredentialsTests {
    private static let basic = RegistryCredentials.basic(user: "me", secret: "p:w")
    private static let hub = "https://index.docker.io/v1/"

    private func ask(
        _ home: Home, _ name: String, _ overrides: RegistryOverrides = RegistryOverrides(),
        _ changes: [String: String?] = [:]
    ) throws -> RegistryCredentials {
        let settings = try home.settings(overrides, changes)
        let endpoint = try #require(
            try settings.endpoints(for: ImageName(parsing: name), .read).last)
        return try settings.credentials(for: endpoint)
    }

    @Test("nobody knows us where there are no files")
    func nothing() throws {
        #expect(try ask(Home(), "h.io/a") == .anonymous)
        #expect(
            try ask(Home(), "h.io/a", .init(), ["HOME": nil, "XDG_RUNTIME_DIR": nil]) == .anonymous)
    }

    /// Files in their order: each hides those after it.
    @Test("the files in the containers order")
    func order() throws {
        let home = try Home()
        var expected = RegistryCredentials.anonymous
        for (number, path) in [
            "home/.dockercfg", "home/.docker/config.json", "home/.config/containers/auth.json",
            "run/containers/auth.json",
        ].enumerated() {
            let entry = #"{"h.io":\#(auth("u\(number):p"))}"#
            try home.write(path, path.hasSuffix("cfg") ? entry : #"{"auths":\#(entry)}"#)
            expected = .basic(user: "u\(number)", secret: "p")
            #expect(try ask(home, "h.io/a/b:c") == expected)
        }
        try home.write("docker/config.json", #"{"auths":{"h.io":\#(auth("dc:p"))}}"#)
        try home.write("config/containers/auth.json", #"{"auths":{"h.io":\#(auth("xdg:p"))}}"#)
        try home.write("named.json", #"{"auths":{"h.io":\#(auth("named:p"))}}"#)
        let gone: [String: String?] = ["XDG_RUNTIME_DIR": "/nowhere"]
        #expect(
            try ask(
                home, "h.io/a", .init(),
                gone.merging(["DOCKER_CONFIG": home.files("docker"), "XDG_CONFIG_HOME": "/nowhere"])
                { $1 }) == .basic(user: "dc", secret: "p"))
        #expect(
            try ask(
                home, "h.io/a", .init(),
                gone.merging(["XDG_CONFIG_HOME": home.files("config")]) { $1 })
                == .basic(user: "xdg", secret: "p"))
        let named = home.files("named.json")
        #expect(
            try ask(home, "h.io/a", .init(), ["REGISTRY_AUTH_FILE": named])
                == .basic(user: "named", secret: "p"))
        var overrides = RegistryOverrides()
        overrides.authFile = named
        #expect(
            try ask(home, "h.io/a", overrides, ["REGISTRY_AUTH_FILE": "/nowhere"])
                == .basic(user: "named", secret: "p"))
        // A file that was named is the only one.
        #expect(try ask(home, "other.io/a", overrides) == .anonymous)
    }

    @Test("without a runtime folder the system's one is used")
    func system() throws {
        let home = try Home()
        try home.write("run/containers/1000/auth.json", #"{"auths":{"h.io":\#(auth("me:p:w"))}}"#)
        #expect(try ask(home, "h.io/a", .init(), ["XDG_RUNTIME_DIR": nil]) == Self.basic)
        #expect(try ask(home, "h.io/a") == .anonymous)
    }

    @Test("a file that was named has to be there")
    func missing() throws {
        let home = try Home()
        var overrides = RegistryOverrides()
        overrides.authFile = home.files("none.json")
        let error = failure { () throws(DerootError) in
            let settings = try home.settings(overrides)
            _ = try settings.credentials(for: RegistryEndpoint(host: "h.io", repository: "a"))
        }
        #expect(error?.code == .notFound)
        #expect(error?.location.file == home.files("none.json"))
    }

    @Test(
        "the most specific key first, and exact hosts only (F07)",
        arguments: [
            ("h.io/a/b/c", ["h.io/a/b", "h.io/a", "h.io"], "h.io/a/b"),
            ("h.io/a/b/c", ["h.io", "h.io/a/b/c"], "h.io/a/b/c"),
            ("h.io/a/b", ["h.io/a/b/c", "h.io/a/", "h.io/ab"], "h.io/a/"),
            ("h.io/ab", ["h.io/a", "io", "x.h.io", "h.io.evil", "h.io:443"], nil),
            ("h.io:5000/a", ["h.io", "h.io:5001", "h.io:5000"], "h.io:5000"),
            ("h.io/a", ["https://h.io/v1/"], "https://h.io/v1/"),
            ("h.io/a", ["http://h.io"], "http://h.io"), ("h.io/a", ["h.io/v2/"], "h.io/v2/"),
            ("H.io/a", ["h.IO"], "h.IO"),
            ("h.io/a", ["https://h.io/x", "h.io"], "h.io"),
            ("h.io/a", ["h.io", "https://h.io/x"], "h.io"),
            ("h.io/a", ["https://h.io/v2/", "https://h.io/x"], "https://h.io/v2/"),
            ("h.io/a", ["https://h.io/x", "http://h.io"], "http://h.io"),
            ("h.io/a", ["https://h.io/x"], "https://h.io/x"),
            // Docker's login by a browser leaves tokens of its own, in any order.
            ("nginx", [hub, hub + "access-token", hub + "refresh-token"], hub),
            ("nginx", [hub + "refresh-token", hub + "access-token", hub], hub),
            ("nginx", [hub + "refresh-token"], nil),
            ("h.io/team/access-token", ["h.io/team/access-token"], "h.io/team/access-token"),
            ("[::1]:5000/a", ["[::1]:5000"], "[::1]:5000"),
            ("nginx", ["https://index.docker.io/v1/"], "https://index.docker.io/v1/"),
            ("nginx", ["docker.io"], "docker.io"),
            ("nginx", ["index.docker.io"], "index.docker.io"),
            ("nginx", ["docker.io", "docker.io/library"], "docker.io/library"),
            ("nginx", ["registry-1.docker.io", "hub.docker.com", "auth.docker.io"], nil),
            ("registry-1.docker.io/library/nginx", ["https://index.docker.io/v1/"], nil),
            ("docker.io.evil/a", ["docker.io"], nil),
        ] as [(String, [String], String?)])
    func keys(_ name: String, _ keys: [String], _ chosen: String?) throws {
        let home = try Home()
        let entries = keys.enumerated().map { "\"\($1)\":" + auth("u\($0):\($1)") }
        try home.write(
            "run/containers/auth.json", #"{"auths":{\#(entries.joined(separator: ","))}}"#)
        let expected = chosen.flatMap { keys.firstIndex(of: $0) }.map {
            RegistryCredentials.basic(user: "u\($0)", secret: keys[$0])
        }
        #expect(try ask(home, name) == expected ?? .anonymous)
    }

    @Test(
        "entries in all their forms",
        arguments: [
            (auth("me:p:w"), basic), (auth("me:p:w\0\0"), basic),
            (#"{"username":"me","password":"p:w"}"#, basic),
            (#"{"auth":"","username":"me","password":"p:w","email":"x"}"#, basic),
            (#"{"identitytoken":"T"}"#, .identityToken("T")),
            (#"{"auth":"bWU6","identitytoken":"T"}"#, .identityToken("T")),
            (auth("me:"), .basic(user: "me", secret: "")),
            ("{}", .anonymous), ("null", .anonymous), (#"{"username":"me"}"#, .anonymous),
            (#"{"AUTH":"bWU6cDp3"}"#, basic),
        ] as [(String, RegistryCredentials)])
    func entries(_ entry: String, _ expected: RegistryCredentials) throws {
        let home = try Home()
        try home.write("run/containers/auth.json", #"{"auths":{"h.io":\#(entry)}}"#)
        #expect(try ask(home, "h.io/a") == expected)
    }

    @Test(
        "broken files are named, with the line, and no secret is told (F07)",
        arguments: [
            ("{\n\"auths\": {\n\"h.io\": {\"auth\": \"c2VjcmV0\"\n}", "line 4"),
            (#"{"auths":{"h.io":{"auth":"c2VjcmV0"}}}"#, "'h.io'"),
            (#"{"auths":{"h.io":{"auth":"s3cret!"}}}"#, "'h.io'"),
            (#"{"auths":{"h.io":{"auth":{"s3cret":1}}}}"#, "not a string"),
            (#"{"auths":["s3cret"]}"#, "not an object"),
            (#"{"credHelpers":{"h.io":["s3cret"]}}"#, "not a string"),
            (#"["s3cret"]"#, "not an object"),
        ])
    func broken(_ text: String, _ expected: String) throws {
        let home = try Home()
        try home.write("run/containers/auth.json", text)
        let error = try #require(
            failure { () throws(DerootError) in
                _ = try home.settings().credentials(
                    for: RegistryEndpoint(host: "h.io", repository: "a"))
            })
        #expect(error.code == .malformed)
        #expect(error.location.file == home.files("run/containers/auth.json"))
        #expect(error.description.contains(expected), "\(error)")
        for secret in ["c2Vj", "s3cret", "secret"] { #expect(!error.description.contains(secret)) }
    }

    @Test("an empty file says nothing")
    func empty() throws {
        let home = try Home()
        try home.write("run/containers/auth.json", "")
        #expect(try ask(home, "h.io/a") == .anonymous)
    }

    @Test("credentials never become text")
    func hidden() {
        for credentials in [Self.basic, .identityToken("p:w")] {
            var dumped = ""
            dump(credentials, to: &dumped)
            for text in [
                "\(credentials)", String(reflecting: credentials), dumped, "\([credentials])",
            ] {
                #expect(!text.contains("p:w"), "\(text)")
            }
        }
    }
}
