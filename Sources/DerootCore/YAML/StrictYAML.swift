package import DerootBytes
import Yams

/// Reads the YAML that people write for deroot: one document of mappings, lists and plain values.
///
/// YAML has more than a settings file needs, and most accidents come from the rest. Anchors and aliases
/// (a few lines can stand for billions), tags, several documents, keys that are no text and repeated
/// keys are errors here. Values keep their spelling: `yes`, `0644` and `1.10` are what is written, and
/// whoever wants a number or a boolean asks for one.
package enum StrictYAML {
    /// How deep mappings and lists may be nested.
    package static let depth = 64
    /// The largest file that is read, in bytes.
    package static let size = 1 << 20

    /// Reads a text; an empty one is an empty mapping.
    ///
    /// `file` is what messages call it. Lines are counted from 1.
    ///
    /// - Throws: `.malformed` with the line, `.limit` for what is too large or too deep.
    package static func parse(_ bytes: [UInt8], file: String) throws(DerootError) -> YAMLValue {
        guard bytes.count <= size else {
            throw DerootError(
                .limit, "the file has \(bytes.count) bytes, more than \(size)",
                at: .init(file: file))
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DerootError(.malformed, "the file is not UTF-8", at: .init(file: file))
        }
        if let line = lineOfAlias(bytes) { throw noAnchors(line, file) }
        // Swift holds short texts inside the value itself, where Yams' pointer does not last.
        let padded = text + String(repeating: "\n", count: 16)
        var root: Node?
        do {
            let parser = try Parser(
                yaml: padded, resolver: .basic, constructor: .default, encoding: .utf8)
            root = try parser.singleRoot()
            // Nodes hold their anchors weakly; the parser owns them.
            defer { withExtendedLifetime(parser) {} }
            guard let root else { return YAMLValue(.mapping([]), line: 1, file: file) }
            let checked = Result { () throws(DerootError) in
                try value(root, file: file, depth: 0)
            }
            return try checked.get()
        } catch let error as DerootError {
            throw error
        } catch {
            throw described(error, file)
        }
    }

    private static func value(
        _ node: Node, file: String, depth: Int
    ) throws(DerootError) -> YAMLValue {
        let line = node.mark?.line ?? 1
        guard node.anchor == nil else { throw noAnchors(line, file) }
        guard depth <= Self.depth else {
            throw DerootError(
                .limit, "line \(line): nested more than \(Self.depth) deep", at: .init(file: file))
        }
        switch node {
        case .scalar(let scalar):
            try checkTag(scalar.tag, line, file)
            let isPlain = scalar.style == .plain
            return YAMLValue(.scalar(scalar.string, isPlain: isPlain), line: line, file: file)
        case .sequence(let sequence):
            try checkTag(sequence.tag, line, file)
            var values: [YAMLValue] = []
            for element in sequence {
                values.append(try value(element, file: file, depth: depth + 1))
            }
            return YAMLValue(.sequence(values), line: line, file: file)
        case .mapping(let mapping):
            try checkTag(mapping.tag, line, file)
            var members: [YAMLValue.Member] = []
            for (key, content) in mapping {
                let keyLine = key.mark?.line ?? line
                guard key.anchor == nil else { throw noAnchors(keyLine, file) }
                guard case .scalar(let name) = key else {
                    throw DerootError(
                        .malformed, "line \(keyLine): a key that is no text", at: .init(file: file))
                }
                try checkTag(name.tag, keyLine, file)
                members.append(
                    .init(
                        name: name.string, line: keyLine,
                        value: try value(content, file: file, depth: depth + 1)))
            }
            return YAMLValue(.mapping(members), line: line, file: file)
        case .alias: throw noAnchors(line, file)
        }
    }

    private static func checkTag(_ tag: Tag, _ line: Int, _ file: String) throws(DerootError) {
        let known = ["", "!", "str", "seq", "map"]
        let name = tag.rawValue
        let prefix = "tag:yaml.org,2002:"
        guard known.contains(name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name)
        else {
            throw DerootError(
                .malformed, "line \(line): tags such as \(printable(name.utf8)) are not read",
                at: .init(file: file))
        }
    }

    private static func noAnchors(_ line: Int, _ file: String) -> DerootError {
        DerootError(
            .malformed, "line \(line): anchors and aliases are not read", at: .init(file: file),
            advice: "write the value out")
    }

    /// The line of an alias, looked for before Yams reads a byte: it hashes keys with all that aliases
    /// stand for, which a few lines make endless.
    ///
    /// An alias is `*` and a name that follows an `&` elsewhere; a text that has both without meaning
    /// it, such as C code, is refused as well.
    private static func lineOfAlias(_ bytes: [UInt8]) -> Int? {
        var anchors: Set<ArraySlice<UInt8>> = []
        for index in bytes.indices where bytes[index] == UInt8(ascii: "&") {
            let name = self.name(in: bytes, after: index)
            if !name.isEmpty { anchors.insert(name) }
        }
        guard !anchors.isEmpty else { return nil }
        var line = 1
        for index in bytes.indices {
            if bytes[index] == UInt8(ascii: "\n") { line += 1 }
            guard bytes[index] == UInt8(ascii: "*") else { continue }
            if anchors.contains(name(in: bytes, after: index)) { return line }
        }
        return nil
    }

    private static func name(in bytes: [UInt8], after index: Int) -> ArraySlice<UInt8> {
        bytes[(index + 1)...].prefix { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    /// What Yams says, in a line of our own.
    private static func described(_ error: any Error, _ file: String) -> DerootError {
        let text: String
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            text = "line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let names, let context):
            let shown = names.map { "'\(printable($0.utf8.prefix(80)))'" }.joined(separator: ", ")
            text = "line \(context.mark.line): \(shown) is there more than once"
        case .reader(let problem, let offset, _, _):
            text = problem.lowercased() + (offset.map { " at byte \($0)" } ?? "")
        default: text = "no YAML"
        }
        return DerootError(.malformed, printable(text.utf8), at: .init(file: file))
    }
}
