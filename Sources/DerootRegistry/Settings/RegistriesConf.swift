import DerootBytes
import DerootOCI

/// registries.conf and what is dropped into the folders beside it (containers-registries.conf(5)).
struct RegistriesConf: Sendable {
    /// The rules by their prefixes.
    private(set) var rules: [String: RegistryRule] = [:]

    /// No rules.
    init() {}

    /// Reads all files: the main one, then the system's folder, then the user's, by their names; a
    /// later rule takes the place of an earlier one with its prefix.
    ///
    /// - Throws: `.malformed` for a broken file, with its line; `.notFound` where
    ///   CONTAINERS_REGISTRIES_CONF names none; `.io`.
    init(_ environment: SettingsEnvironment) throws(DerootError) {
        if let path = environment["CONTAINERS_REGISTRIES_CONF"] {
            guard try add(path) else {
                throw DerootError(
                    .notFound, "there is no such file", at: .init(file: path),
                    advice: "correct CONTAINERS_REGISTRIES_CONF")
            }
        } else {
            let user = environment.configHome.map { $0 + "/containers/registries.conf" }
            let hasUser = try user.map { (path) throws(DerootError) in try add(path) } ?? false
            if !hasUser { _ = try add(environment.system("/etc/containers/registries.conf")) }
        }
        var folders = [environment.system("/etc/containers/registries.conf.d")]
        if let home = environment.configHome {
            folders.append(home + "/containers/registries.conf.d")
        }
        for folder in folders where try File.kind(of: folder) == .directory {
            for name in try Directory.names(in: folder) where name.hasSuffix(".conf") {
                _ = try add("\(folder)/\(name)")
            }
        }
    }

    /// The rule with the longest prefix that fits; nil where none does.
    func rule(for name: ImageName) -> RegistryRule? {
        let text = name.description
        let fitting = rules.values.filter { $0.covered(text) != nil }
        // Of a name and a wildcard of one length the name is meant.
        return fitting.max { a, b in
            a.prefix.utf8.count != b.prefix.utf8.count
                ? a.prefix.utf8.count < b.prefix.utf8.count : a.prefix.hasPrefix("*")
        }
    }

    /// Reads a file's rules; false where there is no such file.
    private mutating func add(_ path: String) throws(DerootError) -> Bool {
        guard let bytes = try SettingsFile.read(path) else { return false }
        for rule in try RegistryRule.parse(bytes, path: path) { rules[rule.prefix] = rule }
        return true
    }
}
