package import DerootBytes
package import DerootCore
import DerootOCI
package import DerootRegistry

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
        /// How its images are converted.
        package let recipe: MirrorRecipe
        /// The options of that.
        package var options: ConversionOptions { recipe.options }
        /// The platform asked for; nil: all.
        package var platform: String? { recipe.platform }
        /// Where it stands in the file, from 1.
        package let line: Int

        /// The registry that is read.
        var host: String {
            switch place {
            case .repository(let name): String(name.prefix { $0 != "/" })
            case .registry(let host, _, _): host
            }
        }
    }

    /// Where the ledger is kept, `host/path`.
    package let target: String
    package let sources: [Source]
    /// Images that are worked on at once; nil where the file does not say.
    package let jobs: Int?
    /// How fast registries are asked.
    package let paces: RequestPaces

    static let optionKeys = [
        "user", "own", "keep", "caps", "layers", "compress", "strip-setgid-dirs",
        "source-date-epoch", "platform", "recipe", "ports", "profiles", "squash-ids",
    ]
    private static let paceKeys = ["ratelimit", "requests-per-second"]

    /// Reads the recipes of a path that the file names: their names and contents.
    package typealias RecipeReader = (String) throws(DerootError) -> [OwnRecipe]

    /// Reads a file's content; `recipes` reads the recipes that it names by path.
    ///
    /// - Throws: `.malformed` with the line, for unknown keys too.
    package init(
        parsing bytes: [UInt8], file: String,
        recipes: @escaping RecipeReader = MirrorConfig.noRecipes
    ) throws(DerootError) {
        let root = try StrictYAML.parse(bytes, file: file).mapping(keys: [
            "version", "defaults", "sources",
        ])
        let version = try root.required("version")
        guard try version.integer() == 1 else {
            throw version.error("this is not version 1, the only one there is")
        }
        let defaults = try root.mapping(
            "defaults", keys: ["target", "jobs"] + Self.paceKeys + Self.optionKeys)
        jobs = try defaults?.integer("jobs", in: 1...1024).map { Int($0) }
        guard let target = try defaults?.text("target") else {
            throw (defaults?.value ?? root.value).error(
                "'target' is missing: where the results and the ledger go",
                advice: "write defaults: {target: registry.corp/hardened}")
        }
        self.target = try Self.prefix(target, defaults?["target"] ?? root.value)
        var sources: [Source] = []
        var paces = RequestPaces()
        if let defaults { paces.general = try PaceReading.pace(defaults) ?? RequestPace() }
        for value in try root.required("sources").list() {
            let (source, own) = try Self.source(value, defaults, self.target, recipes)
            sources.append(source)
            guard let own else { continue }
            for host in PaceReading.hosts(of: source.host) {
                guard (paces.hosts[host] ?? own) == own else {
                    throw value.error("another source says another pace for \(source.host)")
                }
                paces.hosts[host] = own
            }
        }
        guard !sources.isEmpty else { throw root.value.error("there are no sources") }
        self.sources = sources
        self.paces = paces
    }

    /// Where there are no files beside the configuration.
    package static let noRecipes: @Sendable (String) throws(DerootError) -> [OwnRecipe] = {
        (path) throws(DerootError) in
        throw DerootError(.notFound, "there is no such recipe", at: .init(file: path))
    }

    private static func source(
        _ value: YAMLValue, _ defaults: YAMLMapping?, _ target: String,
        _ recipes: @escaping RecipeReader
    ) throws(DerootError) -> (Source, RequestPace?) {
        let source = try value.mapping(
            keys: ["repo", "registry", "repos", "tags", "target", "to"] + paceKeys + optionKeys)
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
        let result = Source(
            place: place, tags: try selection(source), target: base ?? target,
            exactTarget: try source.text("to").map { (text) throws(DerootError) in
                try repository(text, source["to"] ?? value)
            },
            recipe: try RecipeReading(source, defaults, recipes).recipe(), line: value.line)
        return (result, try PaceReading.pace(source, over: defaults))
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
    static func at<Out>(
        _ value: YAMLValue?, _ body: () throws(DerootError) -> Out
    ) throws(DerootError) -> Out {
        do throws(DerootError) {
            return try body()
        } catch {
            throw value?.error(error.message, advice: error.advice) ?? error
        }
    }
}
