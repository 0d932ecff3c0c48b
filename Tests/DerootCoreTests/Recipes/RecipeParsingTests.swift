import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// Recipes are other people's input: what is wrong is said with its line.
struct RecipeParsingTests {
    @Test func readsEverything() throws {
        let recipe = try recipe(
            """
            base: other
            user: { strategy: assign, uid: 7, gid: 8, name: seven, home: /home/seven }
            own-workdir: false
            stepdown: rewrite
            own:
              - /data
              - { path: "{{env PGDATA}}", recursive: false, to: group, mode: g+rX, optional: true }
            dirs: [ /run/app, { path: /tmp, mode: 1777, owner: root } ]
            links: [ { path: /a, to: ../b, when: { ports: remap } } ]
            files: [ { path: /c, mode: "0600", owner: user, content: "uid={{uid}}\\n" } ]
            remove: [ /d ]
            edits:
              - { id: one, file: /e, regex: "(a)", with: "$1", expect: 1 }
              - { id: two, file: [ /e, "/f/*" ], replace: a, with: "", expect: 0..2, optional: true }
              - { id: three, file: /e, delete: ^x, expect: 1.., done: ^y, within: { from: a, to: b } }
              - { id: four, file: /e, after: a, insert: "b\\n", expect: 1, when: { distro: alpine } }
              - { id: five, file: /e, before: a, insert: b, expect: 1, when: { absent: /x } }
              - { id: six, file: /e, append: a, expect: 1, when: { profile: openshift, file: "/y*" } }
              - { id: seven, file: /e, prepend: a, expect: 1 }
            ports: [ { from: 80, to: 8080/tcp }, { from: 53/udp, to: 5353/udp } ]
            env: { set: { A: "{{home}}" }, unset: [ B ] }
            config: { entrypoint: [ /e, "{{uid}}" ], cmd: [], workdir: /w }
            keep-privileged: [ { path: /usr/bin/x, reason: it must } ]
            deny: [ { profile: openshift, reason: no } ]
            verify: [ { path: /e, contains: a }, { path: /e, lacks: b }, { path: /e, mode: 644 },
                      { path: /e, owner: user }, { absent: /d }, { port: 8080 } ]
            notes: one
            requires: [ a, b ]
            """)
        #expect(recipe.id == "mine" && recipe.base == "other" && !recipe.ownsWorkdir)
        #expect(recipe.own.count == 2 && recipe.own[0].isRecursive && !recipe.own[1].isRecursive)
        #expect(recipe.directories.map(\.mode) == [0o755, 0o1777])
        #expect(recipe.edits.map(\.id) == ["one", "two", "three", "four", "five", "six", "seven"])
        #expect(recipe.edits.map(\.count.description) == ["1", "0..2", "1..", "1", "1", "1", "1"])
        #expect(recipe.ports.map(\.from) == ["80/tcp", "53/udp"])
        #expect(recipe.assertions.count == 6 && recipe.notes == ["one"])
        #expect(recipe.requires == ["a", "b"] && recipe.config.cmd == [])
    }

    @Test(arguments: [
        ("own: [ { path: /a, recusive: true } ]", 7, "recusive"),
        ("colour: red", 7, "colour"), ("own:\n  - relative/path", 8, "begin with /"),
        ("own: [ /a/../../etc ]", 7, ".."), ("files: [ { path: /a } ]", 7, "content"),
        ("dirs: [ { path: /a, mode: 4755 } ]", 7, "1777"),
        ("edits:\n  - { id: a, file: /e, regex: '(', with: x, expect: 1 }", 8, "("),
        ("edits:\n  - { id: a, file: /e, regex: 'a', with: $1, expect: 1 }", 8, "$"),
        ("edits:\n  - { id: a, file: /e, delete: a }", 8, "expect"),
        ("edits:\n  - { id: a, file: /e, delete: a, append: b, expect: 1 }", 8, "one of"),
        ("edits:\n  - { id: a, file: /e, delete: a, with: b, expect: 1 }", 8, "with"),
        ("edits:\n  - { id: a, file: /e, delete: a, expect: 2..1 }", 8, "count"),
        (
            "edits:\n  - { id: a, file: /e, delete: a, expect: 1 }\n"
                + "  - { id: a, file: /e, delete: b, expect: 1 }", 9, "second edit"
        ),
        ("edits:\n  - { id: a, file: ../e, delete: a, expect: 1 }", 8, "begin with /"),
        ("ports: [ { from: 80/tcp, to: 8080/udp } ]", 7, "protocol"),
        ("ports: [ { from: 70000, to: 8080 } ]", 7, "port"),
        ("user: { strategy: adopt }", 7, "name"),
        ("user: { strategy: assign, uid: 0 }", 7, "within"),
        ("user: { strategy: assign, name: 'a:b' }", 7, "account"),
        ("user: { strategy: sudo }", 7, "adopt"),
        ("env: { set: { HOME: /x } }", 7, "HOME"), ("env: { set: { 'A=B': /x } }", 7, "variable"),
        ("verify: [ { path: /a } ]", 7, "needed"), ("deny: [ { reason: x } ]", 7, "profile"),
        ("own: [ { path: /a, when: {} } ]", 7, "when"), ("base: mine", 1, "own base"),
        ("files: [ { path: /a, content: '{{nobody}}' } ]", 7, "variable"),
        ("links: [ { path: /a, to: '' } ]", 7, ""), ("notes: \"a\\nb\"", 7, "line"),
        ("own: [ { path: /a, to: everybody } ]", 7, "user, group, both"),
    ])
    func saysWhatIsWrongAndWhere(_ lines: String, _ line: Int, _ what: String) throws {
        let error = try #require(throws: DerootError.self) { try recipe(lines) }
        #expect(error.code == .malformed)
        #expect(error.location.file == "mine.yaml")
        #expect(error.message.contains("line \(line): "), "\(error)")
        #expect(what.isEmpty || error.description.contains(what), "\(error)")
    }

    @Test(arguments: [
        "recipe: 2\nid: a\ntitle: b\nmatch: { all: [ { file: /a } ] }",
        "id: a\ntitle: b\nmatch: { all: [ { file: /a } ] }", "recipe: 1\ntitle: b",
        "recipe: 1\nid: A\ntitle: b\nmatch: { all: [ { file: /a } ] }",
        "recipe: 1\nid: a\ntitle: b", "recipe: 1\nid: a\ntitle: b\nmatch: {}",
        "recipe: 1\nid: a\ntitle: b\nmatch: { all: [ { image: nginx } ] }",
        "recipe: 1\nid: a\ntitle: b\nmatch: { all: [ { file: /a, env: B } ] }",
        "recipe: 1\nid: a\ntitle: b\nmatch: { all: [ { file: '/a*' } ] }",
        "recipe: 1\nid: a\ntitle: b\nmatch: { all: [ { any: [] } ] }",
        "recipe: 1\nid: a\ntitle: b\nmatch: { all: [ { any: [ { any: [ { any: [ { any: [ { any: [ "
            + "{ file: /a } ] } ] } ] } ] } ] } ] }",
        "- recipe", "recipe", "", "recipe: 1\nrecipe: 1", "{", "a: &x 1\nb: *x",
    ])
    func refusesWhatIsNoRecipe(_ text: String) throws {
        let error = try #require(throws: DerootError.self) {
            try Recipe(parsing: Array(text.utf8), file: "no.yaml")
        }
        #expect(error.code == .malformed)
        #expect(error.location.file == "no.yaml")
    }

    @Test func refusesWhatIsTooMuch() throws {
        let large = [UInt8](repeating: UInt8(ascii: "#"), count: 10 << 20)
        let error = try #require(throws: DerootError.self) {
            try Recipe(parsing: large, file: "large.yaml")
        }
        #expect(error.code == .limit)
        let many = "own:\n" + (0...Recipe.mostOwned).map { "  - /a\($0)\n" }.joined()
        #expect(throws: DerootError.self) { try recipe(many) }
    }

    /// Spoilt built-in recipes are errors or recipes, never traps, and quick.
    @Test func survivesSpoiltRecipes() throws {
        for (name, bytes) in BuiltInRecipes.files {
            for at in stride(from: 0, to: bytes.count, by: 37) {
                var spoilt = bytes
                spoilt[at] = [0x00, 0x7B, 0x27, 0xFF, 0x2A][at % 5]
                do throws(DerootError) {
                    _ = try Recipe(parsing: spoilt, file: name)
                } catch {
                    #expect(error.code == .malformed || error.code == .limit)
                    #expect(error.location.file == name)
                }
            }
        }
    }
}

extension Recipe {
    /// More than a list may hold.
    fileprivate static var mostOwned: Int { 250 }
}
