package import DerootBytes
package import DerootCore
import DerootOCI

/// What is to be mirrored, from where to where and how: the content of mirror.yaml.
package struct MirrorConfig: Sendable {
    /// A repository, or those of a registry.
    package struct Source: Sendable {
        /// What is read.
        package enum Place: Sendable, Hashable {
            /// One repository, `host/path`.
            case repository(String)
            /// The repositories of a registry that fit one of `allow`, if there are any, and none of
            /// `deny`.
            case registry(String, allow: [NamePattern], deny: [NamePattern])
        }

        package let place: Place
        package let tags: TagSelection
        /// Where the results go, `host/path`; the source's repository follows.
        package let target: String
        /// The exact repository of the results, for one repository; nil: below `target`.
        package let exactTarget: String?
        package let options: ConversionOptions
        /// The platform asked for; nil: all.
        package let platform: String?
        /// Where it stands in the file, from 1.
        package let line: Int
    }

    /// Where the ledger is kept, `host/path`.
    package let target: String
    package let sources: [Source]
    /// Images that are worked on at once; nil where the file does not say.
    package let jobs: Int?

    private static let optionKeys = [
        "user", "own", "keep", "caps", "layers", "compress", "strip-setgid-dirs",
        "source-date-epoch", "platform", "recipe", "ports", "profiles",
    ]

    /// Reads a file's content.
    ///
    /// - Throws: `.malformed` with the line, for unknown keys too.
    package init(parsing bytes: [UInt8], file: String) throws(DerootError) {
        let root = try StrictYAML.parse(bytes, file: file).mapping(keys: [
            "version", "defaults", "sources",
        ])
        let version = try root.required("version")
        guard try version.integer() == 1 else {
            throw version.error("this is not version 1, the only one there is")
        }
        let defaults = try root.mapping(
            "defaults", keys: ["target", "jobs"] + Self.optionKeys)
        jobs = try defaults?.integer("jobs", in: 1...1024).map { Int($0) }
        guard let target = try defaults?.text("target") else {
            throw (defaults?.value ?? root.value).error(
                "'target' is missing: where the results and the ledger go",
                advice: "write defaults: {target: registry.corp/hardened}")
        }
        self.target = try Self.prefix(target, defaults?["target"] ?? root.value)
        var sources: [Source] = []
        for value in try root.required("sources").list() {
            sources.append(try Self.source(value, defaults, self.target))
        }
        guard !sources.isEmpty else { throw root.value.error("there are no sources") }
        self.sources = sources
    }

    private static func source(
        _ value: YAMLValue, _ defaults: YAMLMapping?, _ target: String
    ) throws(DerootError) -> Source {
        let source = try value.mapping(
            keys: ["repo", "registry", "repos", "tags", "target", "to"] + optionKeys)
        let place: Source.Place
        switch (try source.text("repo"), try source.text("registry")) {
        case (let repo?, nil):
            guard !source.has("repos") else {
                throw value.error("'repos' chooses among a registry's, and here is one repository")
            }
            place = .repository(try repository(repo, source["repo"] ?? value))
        case (nil, let registry?):
            let repos = try source.mapping("repos", keys: ["allow", "deny"])
            guard !source.has("to") else {
                throw value.error("'to' is for one repository; give 'target'")
            }
            place = .registry(
                try host(registry, source["registry"] ?? value),
                allow: try patterns(repos, "allow"), deny: try patterns(repos, "deny"))
        default: throw value.error("a source has either 'repo' or 'registry'")
        }
        let base = try source.text("target").map { (text) throws(DerootError) in
            try prefix(text, source["target"] ?? value)
        }
        return Source(
            place: place, tags: try selection(source), target: base ?? target,
            exactTarget: try source.text("to").map { (text) throws(DerootError) in
                try repository(text, source["to"] ?? value)
            },
            options: try options(source, defaults),
            platform: try either(source, defaults) { (from) throws(DerootError) in
                try from.text("platform")
            }, line: value.line)
    }

    private static func selection(_ source: YAMLMapping) throws(DerootError) -> TagSelection {
        var selection = TagSelection()
        guard let tags = try source.mapping("tags", keys: ["allow", "deny", "semver", "latest"])
        else { return selection }
        selection.allow = try patterns(tags, "allow")
        selection.deny = try patterns(tags, "deny")
        for text in try tags.texts("semver") ?? [] {
            selection.versions.append(
                try at(tags["semver"]) { () throws(DerootError) in try VersionRange(text) })
        }
        selection.latest = try tags.integer("latest", in: 1...100_000).map { Int($0) }
        return selection
    }

    /// The options, through the same reader as plans have; those of a source before the defaults.
    private static func options(
        _ source: YAMLMapping, _ defaults: YAMLMapping?
    ) throws(DerootError) -> ConversionOptions {
        var object = JSONObject()
        func text(_ key: String) throws(DerootError) -> String? {
            try either(source, defaults) { (from) throws(DerootError) in try from.text(key) }
        }
        for key in ["user", "caps", "layers", "compress", "recipe", "ports"] {
            if let value = try text(key) { object[key] = .string(value) }
        }
        for key in ["own", "keep", "profiles"] {
            let values = try either(source, defaults) { (from) throws(DerootError) in
                try from.texts(key)
            }
            if let values { object[key] = .strings(values) }
        }
        let strips = try either(source, defaults) { (from) throws(DerootError) in
            try from.flag("strip-setgid-dirs")
        }
        if let strips { object["stripSetgidDirs"] = .bool(strips) }
        let epoch = try either(source, defaults) { (from) throws(DerootError) in
            try from.integer("source-date-epoch", in: 0...253_402_300_799)
        }
        if let epoch { object["sourceDateEpoch"] = .number(epoch) }
        if let platform = try text("platform") {
            _ = try at(source.value) { () throws(DerootError) in try Platform(parsing: platform) }
        }
        return try at(source.value) { () throws(DerootError) in
            try ConversionOptions(parsing: object)
        }
    }

    /// What a source says, else what the defaults say.
    private static func either<Out>(
        _ source: YAMLMapping, _ defaults: YAMLMapping?,
        _ read: (YAMLMapping) throws(DerootError) -> Out?
    ) throws(DerootError) -> Out? {
        if let found = try read(source) { return found }
        guard let defaults else { return nil }
        return try read(defaults)
    }

    private static func patterns(
        _ mapping: YAMLMapping?, _ key: String
    ) throws(DerootError) -> [NamePattern] {
        var patterns: [NamePattern] = []
        for text in try mapping?.texts(key) ?? [] {
            patterns.append(
                try at(mapping?[key]) { () throws(DerootError) in try NamePattern(text) })
        }
        return patterns
    }

    /// A repository without tag and digest, normalised.
    private static func repository(
        _ text: String, _ value: YAMLValue
    ) throws(DerootError) -> String {
        let name = try at(value) { () throws(DerootError) in try ImageName(parsing: text) }
        guard name.description == name.name + ":latest", !text.hasSuffix(":latest") else {
            throw value.error(
                "'\(printable(text.utf8.prefix(200)))' has a tag or a digest",
                advice: "choose tags with 'tags'")
        }
        return name.name
    }

    /// `host` or `host/path`.
    private static func prefix(_ text: String, _ value: YAMLValue) throws(DerootError) -> String {
        let name = try at(value) { () throws(DerootError) in try ImageName(parsing: text + "/x") }
        guard text.prefix(while: { $0 != "/" }) == name.registry else {
            throw value.error(
                "'\(printable(text.utf8.prefix(200)))' does not begin with a registry's host",
                advice: "write HOST[:PORT][/PATH], docker.io/… for Docker Hub")
        }
        return text
    }

    private static func host(_ text: String, _ value: YAMLValue) throws(DerootError) -> String {
        let prefix = try prefix(text, value)
        guard !prefix.contains("/") else { throw value.error("a registry is HOST[:PORT]") }
        return prefix
    }

    /// Says where a value stands that somebody else refuses.
    private static func at<Out>(
        _ value: YAMLValue?, _ body: () throws(DerootError) -> Out
    ) throws(DerootError) -> Out {
        do throws(DerootError) {
            return try body()
        } catch {
            throw value?.error(error.message, advice: error.advice) ?? error
        }
    }
}
