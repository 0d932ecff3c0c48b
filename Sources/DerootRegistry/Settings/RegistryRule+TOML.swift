import DerootBytes
import DerootOCI
import TOMLKit

extension RegistryRule {
    /// Reads the rules of one file, version 2 of its format.
    ///
    /// What is of no concern to a converter (search registries, short names, aliases) is passed over.
    ///
    /// - Throws: `.malformed` with the file and the line, `.unsupported` for version 1.
    static func parse(_ bytes: [UInt8], path: String) throws(DerootError) -> [RegistryRule] {
        let place = DerootError.Location(file: path)
        let text = String(decoding: bytes, as: UTF8.self)
        let root: TOMLTable
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            let reason = error.description.split(separator: "\n").first ?? ""
            throw DerootError(
                .malformed,
                "line \(error.source.begin.line): \(printable(reason.utf8))", at: place)
        } catch { throw DerootError(.malformed, "the file is not TOML", at: place) }
        // The old tables may block registries: to pass over them would be unsafe.
        if root["registries"] != nil {
            throw DerootError(
                .unsupported, "the file has the format of version 1", at: place,
                advice: "write [[registry]] tables, see containers-registries.conf(5)")
        }
        guard let value = root["registry"] else { return [] }
        guard let tables = value.array else {
            throw DerootError(
                .malformed, "line \(line(of: 0, in: text)): 'registry' is not an array of tables",
                at: place, advice: "write [[registry]], with two brackets")
        }
        var rules: [RegistryRule] = []
        for index in 0..<tables.count {
            do throws(DerootError) {
                guard let table = tables[index].table else {
                    throw DerootError(.malformed, "a registry is not a table")
                }
                rules.append(try RegistryRule(table, file: path))
            } catch {
                var refusal = error.located(in: place)
                refusal.message = "line \(line(of: index, in: text)): \(error.message)"
                throw refusal
            }
        }
        return rules
    }

    private init(_ table: TOMLTable, file: String) throws(DerootError) {
        let location = try Self.location(table)
        let prefix = try Self.text(table, "prefix") ?? location ?? ""
        guard !prefix.isEmpty else {
            throw DerootError(.malformed, "a registry has neither 'prefix' nor 'location'")
        }
        let trimmed = try Self.trimmed(prefix, "prefix")
        let isWildcard = trimmed.hasPrefix("*.")
        guard !trimmed.dropFirst(isWildcard ? 2 : 0).utf8.contains(UInt8(ascii: "*")),
            !isWildcard || !trimmed.utf8.contains(UInt8(ascii: "/"))
        else {
            throw DerootError(
                .malformed,
                "the prefix '\(printable(trimmed.utf8))' has a '*' where none may be",
                advice: "write *.HOST, without a path")
        }
        self.init(prefix: trimmed, location: location, file: file)
        isInsecure = try Self.flag(table, "insecure")
        isBlocked = try Self.flag(table, "blocked")
        let isDigestOnly = try Self.flag(table, "mirror-by-digest-only")
        // With the prefix the tag would go, and another image would come in its place.
        let isWhole =
            trimmed.utf8.contains(UInt8(ascii: "@"))
            || (trimmed.split(separator: "/").dropFirst().last ?? "").contains(":")
        guard !isWhole || (location == nil && table["mirror"] == nil) else {
            throw DerootError(
                .malformed,
                "the prefix '\(printable(trimmed.utf8))' has a tag or digest, which no other place has",
                advice: "give a prefix without it")
        }
        guard let value = table["mirror"] else { return }
        guard let mirrors = value.array else {
            throw DerootError(
                .malformed, "'mirror' is not an array of tables",
                advice: "write [[registry.mirror]], with two brackets")
        }
        for index in 0..<mirrors.count {
            guard let mirror = mirrors[index].table else {
                throw DerootError(.malformed, "a mirror is not a table")
            }
            self.mirrors.append(try Self.mirror(mirror, isDigestOnly: isDigestOnly))
        }
    }

    private static func mirror(
        _ table: TOMLTable, isDigestOnly: Bool
    ) throws(DerootError) -> Mirror {
        guard let location = try location(table) else {
            throw DerootError(.malformed, "a mirror has no 'location'")
        }
        var mirror = Mirror(location: location, isInsecure: try flag(table, "insecure"))
        if let text = try text(table, "pull-from-mirror"), !text.isEmpty {
            guard let scope = Scope(rawValue: text) else {
                let known = Scope.allCases.map(\.rawValue).joined(separator: ", ")
                throw DerootError(
                    .malformed,
                    "'pull-from-mirror' is '\(printable(text.utf8))', not one of \(known)")
            }
            guard !isDigestOnly else {
                throw DerootError(
                    .malformed,
                    "'pull-from-mirror' and 'mirror-by-digest-only' contradict each other",
                    advice: "leave out 'mirror-by-digest-only', which is the older one")
            }
            mirror.scope = scope
        } else if isDigestOnly {
            mirror.scope = .digestOnly
        }
        return mirror
    }

    /// A place whose first part is a host: names without one would be Docker Hub's.
    private static func location(_ table: TOMLTable) throws(DerootError) -> String? {
        guard let text = try text(table, "location"), !text.isEmpty else { return nil }
        let location = try trimmed(text, "location")
        let name: ImageName
        do throws(DerootError) {
            name = try ImageName(parsing: location + "/x")
        } catch {
            throw DerootError(
                .malformed,
                "the location '\(printable(text.utf8.prefix(200)))' is not HOST[:PORT][/PATH]")
        }
        let host = location.prefix { $0 != "/" }
        guard name.registry == host || host == "index.docker.io" else {
            throw DerootError(
                .malformed,
                "the location '\(printable(text.utf8.prefix(200)))' does not begin with a host",
                advice: "write docker.io/… for Docker Hub")
        }
        return location
    }

    private static func trimmed(_ text: String, _ key: String) throws(DerootError) -> String {
        guard !text.hasPrefix("http://"), !text.hasPrefix("https://") else {
            throw DerootError(
                .malformed, "'\(key)' is a URL, '\(printable(text.utf8.prefix(200)))'",
                advice: "write HOST[:PORT][/PATH]; insecure = true allows plain HTTP")
        }
        var trimmed = text[...]
        while trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        return String(trimmed)
    }

    private static func text(_ table: TOMLTable, _ key: String) throws(DerootError) -> String? {
        guard let value = table[key] else { return nil }
        guard let text = value.string else {
            throw DerootError(.malformed, "'\(key)' is not a string")
        }
        return text
    }

    private static func flag(_ table: TOMLTable, _ key: String) throws(DerootError) -> Bool {
        guard let value = table[key] else { return false }
        guard let flag = value.bool else {
            throw DerootError(.malformed, "'\(key)' is not true or false")
        }
        return flag
    }

    /// The line where a table of `registry` begins; 1 where they are not written as tables.
    ///
    /// The parser tells lines of grammar errors only.
    private static func line(of table: Int, in text: String) -> Int {
        var seen = 0
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            let bare = line.filter { $0 != " " && $0 != "\t" && $0 != "\r" }
            guard bare.hasPrefix("[[registry]]") || bare.hasPrefix("[registry]") else { continue }
            if seen == table { return number + 1 }
            seen += 1
        }
        return 1
    }
}
