package import DerootBytes

/// A text of a recipe with its variables: `{{uid}}`, `{{env NAME}}`, `{{port 80/tcp}}`, and `$1` where
/// a pattern stands beside it.
///
/// Taken apart once when the recipe is read, so that nothing that comes out of an image is ever read
/// as a variable.
package struct RecipeText: Sendable, Hashable {
    package enum Variable: String, Sendable, Hashable, CaseIterable {
        /// Numbers of the account, its name, and its home directory.
        case uid, gid, user, home
    }

    package indirect enum Part: Sendable, Hashable {
        case literal([UInt8])
        /// A group of the pattern.
        case group(Int)
        case variable(Variable)
        /// A variable of the image's environment.
        case env(String)
        /// What a port became, as a number: `80/tcp` or `$2/tcp`.
        case port([Part])
    }

    /// As it was written.
    package let text: String
    package let parts: [Part]

    /// Takes a text apart.
    ///
    /// `groups` is how many groups the pattern beside it has; nil where there is none and `$` is a
    /// letter like any other.
    ///
    /// - Throws: `.malformed` for an unknown variable and for a group that is not there.
    package init(_ text: String, groups: Int? = nil) throws(DerootError) {
        self.text = text
        parts = try Self.parts(Array(text.utf8)[...], groups, canNest: true)
    }

    private static func parts(
        _ bytes: ArraySlice<UInt8>, _ groups: Int?, canNest: Bool
    ) throws(DerootError) -> [Part] {
        var parts: [Part] = []
        var literal: [UInt8] = []
        var at = bytes.startIndex
        func flush() {
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = []
        }
        while at < bytes.endIndex {
            let rest = bytes[at...]
            if canNest, rest.starts(with: "{{".utf8) {
                guard let end = close(of: rest) else {
                    throw DerootError(.malformed, "a '{{' without its '}}'")
                }
                flush()
                parts.append(try variable(bytes[(at + 2)..<end], groups))
                at = end + 2
            } else if let groups, bytes[at] == UInt8(ascii: "$") {
                let (number, next) = try group(rest, groups)
                if let number {
                    flush()
                    parts.append(.group(number))
                } else {
                    literal.append(UInt8(ascii: "$"))
                }
                at = next
            } else {
                literal.append(bytes[at])
                at += 1
            }
        }
        flush()
        return parts
    }

    private static func close(of rest: ArraySlice<UInt8>) -> Int? {
        var at = rest.startIndex + 2
        while at + 1 < rest.endIndex {
            if rest[at] == UInt8(ascii: "}"), rest[at + 1] == UInt8(ascii: "}") {
                // `{{port ${1}/tcp}}}`: the last two of a run of braces close.
                let isRun = at + 2 < rest.endIndex && rest[at + 2] == UInt8(ascii: "}")
                if !isRun { return at }
            }
            at += 1
        }
        return nil
    }

    /// `$1`, `${1}` and `$$`, the last of which is a letter.
    private static func group(
        _ rest: ArraySlice<UInt8>, _ groups: Int
    ) throws(DerootError) -> (Int?, Int) {
        var at = rest.startIndex + 1
        let bad = DerootError(
            .malformed, "a '$' that names no group of the pattern",
            advice: "write $1 to $\(groups), ${1}, or $$ for the sign itself")
        guard at < rest.endIndex else { throw bad }
        if rest[at] == UInt8(ascii: "$") { return (nil, at + 1) }
        let isBraced = rest[at] == UInt8(ascii: "{")
        if isBraced { at += 1 }
        guard at < rest.endIndex, ByteSet.digits.contains(rest[at]) else { throw bad }
        let number = Int(rest[at] - UInt8(ascii: "0"))
        at += 1
        if isBraced {
            guard at < rest.endIndex, rest[at] == UInt8(ascii: "}") else { throw bad }
            at += 1
        }
        guard number <= groups else { throw bad }
        return (number, at)
    }

    private static func variable(
        _ bytes: ArraySlice<UInt8>, _ groups: Int?
    ) throws(DerootError) -> Part {
        let words = bytes.split(separator: UInt8(ascii: " "))
        let name = words.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
        if let variable = Variable(rawValue: name), words.count == 1 { return .variable(variable) }
        if name == "env", words.count == 2 {
            return .env(String(decoding: words[1], as: UTF8.self))
        }
        if name == "port", words.count == 2 {
            return .port(try parts(words[1], groups, canNest: false))
        }
        throw DerootError(
            .malformed, "an unknown variable '{{\(printable(bytes.prefix(60)))}}'",
            advice: "there are uid, gid, user, home, env NAME and port N/PROTOCOL")
    }
}

/// What the variables of a recipe stand for in one image.
package struct RecipeValues: Sendable {
    package let uid: UInt32
    package let gid: UInt32
    package let user: [UInt8]
    package let home: [UInt8]
    /// `NAME=value`, as the config has it.
    package let env: [String]
    /// Ports that move, such as `80/tcp` to 8080.
    package let ports: [String: UInt16]

    package init(
        uid: UInt32, gid: UInt32, user: [UInt8], home: [UInt8], env: [String],
        ports: [String: UInt16]
    ) {
        self.uid = uid
        self.gid = gid
        self.user = user
        self.home = home
        self.env = env
        self.ports = ports
    }

    /// The value of a variable of the image; the last one of a name counts, as in most runtimes.
    package func environment(_ name: String) -> String? {
        let prefix = Array((name + "=").utf8)
        guard let entry = env.last(where: { $0.utf8.starts(with: prefix) }) else { return nil }
        return String(decoding: entry.utf8.dropFirst(prefix.count), as: UTF8.self)
    }
}

extension RecipeText {
    /// The text with its variables filled in; `groups` are the bytes of the pattern's groups.
    ///
    /// - Throws: `.blocked` where a variable of the environment is not there, or holds control
    ///   characters, which would smuggle in further lines.
    package func filled(
        _ values: RecipeValues, groups: [ArraySlice<UInt8>] = []
    ) throws(DerootError) -> [UInt8] {
        var out: [UInt8] = []
        for part in parts { out += try Self.bytes(of: part, values, groups) }
        return out
    }

    private static func bytes(
        of part: Part, _ values: RecipeValues, _ groups: [ArraySlice<UInt8>]
    ) throws(DerootError) -> [UInt8] {
        switch part {
        case .literal(let bytes): return bytes
        case .group(let number): return number < groups.count ? Array(groups[number]) : []
        case .variable(.uid): return Array(String(values.uid).utf8)
        case .variable(.gid): return Array(String(values.gid).utf8)
        case .variable(.user): return values.user
        case .variable(.home): return values.home
        case .env(let name):
            guard let value = values.environment(name) else {
                throw DerootError(
                    .blocked, "the image's environment has no '\(printable(name.utf8))'")
            }
            guard !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw DerootError(
                    .blocked, "the image's '\(printable(name.utf8))' has control characters")
            }
            return Array(value.utf8)
        case .port(let parts):
            var port: [UInt8] = []
            for part in parts { port += try bytes(of: part, values, groups) }
            let text = String(decoding: port, as: UTF8.self)
            let number = port.prefix { $0 != UInt8(ascii: "/") }
            return values.ports[text].map { Array(String($0).utf8) } ?? Array(number)
        }
    }
}
