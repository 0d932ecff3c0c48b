import DerootBytes
package import DerootOCI
package import DerootTar

/// What recipes look at to know an image: its merged view, its config, its distribution.
package struct ImageKind: Sendable {
    package let tree: FileTree
    package let config: ImageConfig
    /// The image's name as the user gave it; a hint at most.
    package let name: String?
    /// `ID` and the words of `ID_LIKE` of os-release(5), lower-case.
    package let distributions: Set<String>

    /// Takes what was read; `osRelease` is the file's content where there is one.
    package init(
        tree: FileTree, config: ImageConfig, name: String? = nil, osRelease: [UInt8]? = nil
    ) {
        self.tree = tree
        self.config = config
        self.name = name
        distributions = Self.distributions(osRelease ?? [])
    }

    /// The file that says what distribution it is, in the order of os-release(5).
    package static let osReleasePaths: [TarPath] = ["etc/os-release", "usr/lib/os-release"]

    private static func distributions(_ bytes: [UInt8]) -> Set<String> {
        var found: Set<String> = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            for name in ["ID=", "ID_LIKE="] where line.starts(with: name.utf8) {
                let quotes = "\"' \t\r".utf8
                let value = line.dropFirst(name.utf8.count).split { quotes.contains($0) }
                found.formUnion(value.map { String(decoding: $0, as: UTF8.self).lowercased() })
            }
        }
        return found
    }

    /// True where something is at the path, links followed.
    package func has(_ path: TarPath) -> Bool { tree.resolve(path).node != nil }

    /// True where something fits the pattern.
    package func has(_ pattern: PathPattern) -> Bool {
        if pattern.isLiteral { return has(pattern.literal) }
        return !pattern.expand(in: tree).isEmpty
    }
}

extension RecipePredicate {
    /// True where the image is so.
    package func holds(for image: ImageKind) -> Bool {
        let config = image.config
        switch self {
        case .file(let path): return image.has(path)
        case .glob(let pattern): return image.has(pattern)
        case .image(let name): return Self.isNamed(image.name, name)
        case .entrypoint(let words): return Self.stand(words, in: config.entrypoint ?? [])
        case .cmd(let words): return Self.stand(words, in: config.cmd ?? [])
        case .start(let words):
            return Self.stand(words, in: (config.entrypoint ?? []) + (config.cmd ?? []))
        case .command(let name):
            return [config.entrypoint, config.cmd].contains {
                Self.program(of: $0 ?? []).map { $0.utf8.elementsEqual(name.utf8) } ?? false
            }
        case .env(let name, let value):
            return config.env.contains { entry in
                value.map { entry == "\(name)=\($0)" } ?? entry.hasPrefix(name + "=")
            }
        case .os(let name): return config.platform.os == name
        case .distro(let name): return image.distributions.contains(name)
        case .label(let name, let value):
            guard let found = config.labels[name] else { return false }
            return value.map { found == $0 } ?? true
        case .any(let parts): return parts.contains { $0.holds(for: image) }
        case .not(let parts): return !parts.contains { $0.holds(for: image) }
        }
    }

    /// The weight of what holds.
    package func score(for image: ImageKind) -> Int {
        guard case .any(let parts) = self else { return holds(for: image) ? weight : 0 }
        return parts.map { $0.score(for: image) }.max() ?? 0
    }

    /// The last two parts of a reference's path without tag and digest.
    private static func isNamed(_ reference: String?, _ name: String) -> Bool {
        guard let reference else { return false }
        let path = reference.prefix { $0 != "@" }
        let parts = path.split(separator: "/").suffix(2)
        guard let last = parts.last else { return false }
        let bare = last.prefix { $0 != ":" }
        let full = parts.count == 2 ? "\(parts[parts.startIndex])/\(bare)" : String(bare)
        return full == name || String(bare) == name
    }

    /// The name of the program that a command line starts.
    private static func program(of line: [String]) -> Substring? {
        let before: Set<Substring> = [
            "sh", "bash", "ash", "dash", "-c", "-ec", "-exc", "-lc", "exec", "env", "tini",
            "dumb-init", "--", "-g", "-s", "catatonit",
        ]
        let border: Set<Character> = [" ", "\t", "\n", "\r", "\r\n", ";", "&"]
        for text in line {
            var rest = text[...]
            while !rest.isEmpty {
                let word = rest.prefix { !border.contains($0) }
                rest = rest[word.endIndex...].dropFirst()
                if let name = word.split(separator: "/").last, !before.contains(name) {
                    return name
                }
            }
        }
        return nil
    }

    /// True where the words stand in a command line one after another; a word without a slash fits the
    /// last part of a path, and a shell's `-c` is looked into.
    private static func stand(_ words: [String], in line: [String]) -> Bool {
        var given: [Substring] = []
        // No command line that starts a program has more words.
        for word in line where given.count < 4096 {
            given +=
                word.utf8.contains(0x20)
                ? word.split(maxSplits: 4096) { $0.isWhitespace } : [word[...]]
        }
        guard given.count >= words.count else { return false }
        return (0...(given.count - words.count)).contains { start in
            zip(given[start...], words).allSatisfy { found, wanted in
                if found.utf8.elementsEqual(wanted.utf8) { return true }
                guard !wanted.utf8.contains(UInt8(ascii: "/")),
                    let name = found.split(separator: "/").last
                else { return false }
                return name.utf8.elementsEqual(wanted.utf8)
            }
        }
    }
}

extension RecipeCondition {
    /// True where the item counts for an image and these options.
    package func holds(for image: ImageKind, _ options: ConversionOptions) -> Bool {
        if let ports, ports != options.ports { return false }
        if let profile, !options.profiles.contains(profile) { return false }
        if let distro, !image.distributions.contains(distro) { return false }
        if let file, !image.has(file) { return false }
        if let absent, image.has(absent) { return false }
        return true
    }
}
