import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// Which recipe is taken: by what the image is, not by what it is called.
struct RecipeMatchTests {
    private func kind(
        _ settings: String = "", name: String? = nil, release: String? = nil,
        _ build: @escaping Build = plainImage
    ) throws -> ImageKind {
        let config = try ImageConfig(parsing: ImageFixture([], settings: settings).config)
        return ImageKind(
            tree: try merged(build), config: config, name: name,
            osRelease: release.map { Array($0.utf8) })
    }

    private func holds(_ predicate: String, _ kind: ImageKind) throws -> Bool {
        let recipe = try recipe("", match: "- { file: / }\n    - \(predicate)")
        return RecipeMatch(recipe, for: kind).fits
    }

    @Test(arguments: [
        ("file: /app.conf", true), ("file: /none", false), ("file: /tmp", true),
        ("file: /link/passwd", true), ("glob: '/etc/pass*'", true), ("glob: '/x*'", false),
        ("entrypoint: docker-entrypoint.sh", true), ("entrypoint: [ tini, -- ]", true),
        ("entrypoint: [ tini, docker-entrypoint.sh ]", false), ("entrypoint: nginx", false),
        ("entrypoint: /usr/local/bin/docker-entrypoint.sh", true),
        ("entrypoint: /docker-entrypoint.sh", false),
        ("cmd: nginx", true), ("cmd: [ nginx, -g ]", true), ("start: nginx", true),
        ("start: [ docker-entrypoint.sh, nginx ]", true), ("command: nginx", true),
        ("command: docker-entrypoint.sh", true), ("command: tini", false), ("command: off", false),
        ("env: PGDATA", true), ("env: PGDATA=/data", true), ("env: PGDATA=/x", false),
        ("env: PG", false),
        ("os: linux", true), ("os: windows", false), ("distro: debian", true),
        ("distro: alpine", false),
        ("label: a", true), ("label: a=b", true), ("label: a=c", false), ("label: c", false),
        ("image: library/nginx", true), ("image: nginx", true), ("image: other/nginx", false),
        ("any: [ { file: /none }, { env: PGDATA } ]", true), ("any: [ { file: /none } ]", false),
        ("not: [ { file: /none } ]", true), ("not: [ { env: PGDATA } ]", false),
    ])
    func looks(_ predicate: String, _ result: Bool) throws {
        let kind = try kind(
            #"""
            "Entrypoint":["/sbin/tini","--","/usr/local/bin/docker-entrypoint.sh"],\#
            "Cmd":["nginx","-g","daemon off;"],"Env":["PGDATA=/data"],"Labels":{"a":"b"}
            """#, name: "registry.example/mirror/library/nginx:1.27@sha256:00",
            release: "NAME=x\nID=\"ubuntu\"\nID_LIKE='debian other'\n",
            { tar in
                plainImage(&tar)
                tar.link("link", to: "etc")
            })
        #expect(try holds(predicate, kind) == result)
    }

    @Test func looksIntoShells() throws {
        let kind = try kind(#""Cmd":["/bin/sh","-c","exec /usr/sbin/cron -f"]"#)
        #expect(try holds("command: cron", kind))
        #expect(try !holds("command: sh", kind))
        let argument = try self.kind(#""Entrypoint":["/app/run"],"Cmd":["--with","cron"]"#)
        #expect(try !holds("command: cron", argument))
    }

    private func named(_ id: String, _ match: String, base: String? = nil) throws -> Recipe {
        let text = recipeText(base.map { "base: \($0)" } ?? "", match: match)
        return try Recipe(
            parsing: Array(text.replacing("id: mine", with: "id: \(id)").utf8), file: "\(id).yaml")
    }

    @Test func theMoreSpecificWins() throws {
        let library = RecipeLibrary([
            try named("a", "- file: /app.conf"),
            try named("b", "- file: /app.conf\n    - file: /etc/passwd"),
            try named("c", "- file: /none\n    - file: /app.conf\n    - env: X"),
        ])
        guard case .found(let recipe) = try library.select(.automatic, for: try kind()) else {
            Issue.record("none was found")
            return
        }
        #expect(recipe.id == "b")
    }

    @Test func NR082_twoThatFitEquallyStop() throws {
        var library = RecipeLibrary([
            try named("a", "- file: /app.conf"), try named("b", "- file: /tmp"),
        ])
        let error = try #require(throws: DerootError.self) {
            try library.select(.automatic, for: try kind())
        }
        #expect(error.code == .blocked && error.message.contains("NR082"))
        #expect(error.message.contains("a, b"))
        guard case .found(let chosen) = try library.select(.one("b"), for: try kind()) else {
            Issue.record("none was found")
            return
        }
        #expect(chosen.id == "b")
        // One's own is preferred to what is built in.
        try library.add(try named("c", "- file: /etc/group"))
        guard case .found(let own) = try library.select(.automatic, for: try kind()) else {
            Issue.record("none was found")
            return
        }
        #expect(own.id == "c" && library.isOwn(own) && library.ownDigest != nil)
        #expect(throws: DerootError.self) { try library.add(try named("c", "- file: /tmp")) }
    }

    @Test func NR080_saysWhatIsNearest() throws {
        let library = RecipeLibrary([
            try named("a", "- file: /app.conf\n    - file: /none"),
            try named("b", "- file: /nothing"),
        ])
        guard case .none(let nearest) = try library.select(.automatic, for: try kind()) else {
            Issue.record("one was found")
            return
        }
        #expect(nearest.map(\.recipe.id) == ["a"])
        #expect(nearest.first?.missing?.description == "file: /none")
    }

    @Test func aRecipeThatIsAskedForMustFitAllTheSame() throws {
        let library = RecipeLibrary([try named("a", "- file: /none")])
        let error = try #require(throws: DerootError.self) {
            try library.select(.one("a"), for: try kind())
        }
        #expect(error.code == .blocked && error.message.contains("file: /none"))
        #expect(throws: DerootError.self) { try library.select(.one("x"), for: try kind()) }
        guard case .none = try library.select(.none, for: try kind()) else {
            Issue.record("one was found")
            return
        }
    }

    @Test func recipesStack() throws {
        let base = try Recipe(
            parsing: Array(
                recipeText("own: [ /a ]\nuser: { strategy: adopt, name: app }\nstepdown: guarded")
                    .replacing("id: mine", with: "id: base").utf8), file: "base.yaml")
        let top = try recipe("base: base\nown: [ /b ]")
        let library = RecipeLibrary([base, top])
        let stacked = try library.stacked(top)
        #expect(stacked.own.map(\.path.text) == ["/a", "/b"])
        #expect(stacked.user?.names == ["app"] && stacked.stepDown == .guarded)
        #expect(library.digest(of: top) != top.digest && library.digest(of: base) == base.digest)
        let circle = RecipeLibrary([
            try named("a", "- file: /tmp", base: "b"), try named("b", "- file: /tmp", base: "a"),
        ])
        #expect(throws: DerootError.self) { try circle.stacked(circle.recipes[0]) }
    }
}
