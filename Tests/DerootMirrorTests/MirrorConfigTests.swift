import DerootBytes
import DerootCore
import DerootMirror
import DerootOCI
import DerootStore
import Testing

@Suite("mirror.yaml")
struct MirrorConfigTests {
    private func parse(_ text: String) throws(DerootError) -> MirrorConfig {
        try MirrorConfig(parsing: Array(text.utf8), file: "mirror.yaml")
    }

    @Test("a file with everything")
    func everything() throws {
        let config = try parse(
            """
            version: 1
            defaults: {target: registry.corp:5000/hardened, user: "1000:1000", jobs: 4}
            sources:
              - repo: nginx
                tags: {allow: ['^1\\.2'], deny: ['-perl$'], semver: ['>=1.24'], latest: 5}
                own: [/srv]
              - registry: mirror.corp:5000
                repos: {allow: ['^team/'], deny: [old]}
                target: registry.corp:5000/other
                user: auto
                platform: linux/arm64
              - repo: h.io/a/b
                to: registry.corp:5000/exact
                caps: keep
                layers: append
                source-date-epoch: 0
                strip-setgid-dirs: true
            """)
        #expect(config.target == "registry.corp:5000/hardened" && config.jobs == 4)
        #expect(config.sources.count == 3)
        let first = config.sources[0]
        #expect(first.place == .repository("docker.io/library/nginx"))
        #expect(first.options.description == "--user 1000:1000 --own /srv")
        #expect(first.tags.latest == 5 && first.tags.versions.map(\.text) == [">=1.24"])
        #expect(
            try first.tags.choose(["1.24", "1.25-perl", "1.26.0", "1.3"]) == ["1.26.0", "1.24"])
        #expect(first.target == config.target && first.exactTarget == nil)
        let second = config.sources[1]
        guard case .registry("mirror.corp:5000", let allow, let deny) = second.place else {
            Issue.record("\(second.place)")
            return
        }
        #expect(try allow[0].filter(["team/a", "other"]) == ["team/a"] && deny.count == 1)
        #expect(second.target == "registry.corp:5000/other" && second.platform == "linux/arm64")
        #expect(second.options.description == "")
        let third = config.sources[2]
        #expect(third.exactTarget == "registry.corp:5000/exact")
        #expect(
            third.options.description
                == "--user 1000:1000 --caps keep --strip-setgid-dirs --layers append "
                + "--source-date-epoch 0")
    }

    private static let head = "version: 1\ndefaults: {target: h.io/t}\nsources:\n"

    @Test(
        "what is wrong is named with its line",
        arguments: [
            ("version: 2\nsources: []", 1, "version 1"), ("sources: []", 1, "'version'"),
            ("version: 1\nsources: []", 1, "'target'"),
            ("version: 1\ndefaults:\n  target: t\nsources: []", 3, "registry's host"),
            ("version: 1\ndefault: {}", 2, "unknown key"), (head + "  []", 1, "no sources"),
            (head + "- tags: {}", 4, "either"), (head + "- repo: a\n  registry: b.io", 4, "either"),
            (head + "- repo: a:1", 4, "tag or a digest"), (head + "- repo: A", 4, "lower case"),
            (head + "- repo: a\n  repos: {}", 4, "one repository"),
            (head + "- registry: b.io\n  to: h.io/x", 4, "one repository"),
            (head + "- registry: b.io/x", 4, "HOST[:PORT]"),
            (head + "- repo: a\n  tags:\n    semver: ['>=x']", 6, "range"),
            (head + "- repo: a\n  tags:\n    allow: ['(']", 6, ""),
            (head + "- repo: a\n  tags:\n    latest: 0", 6, "latest"),
            (head + "- repo: a\n  tags:\n    glob: x", 6, "unknown key"),
            (head + "- repo: a\n- repo: b\n  user: '0:0'", 5, "--user"),
            (head + "- repo: a\n  platform: x", 4, "platform"),
            (head + "- repo: a\n  jobs: 3", 5, "unknown key"),
        ])
    func wrong(_ text: String, _ line: Int, _ expected: String) throws {
        let error = try #require(failure { () throws(DerootError) in _ = try parse(text) })
        #expect(error.description.contains("line \(line)"), "\(error)")
        #expect(error.description.contains(expected), "\(error)")
        #expect(error.location.file == "mirror.yaml")
    }
}
