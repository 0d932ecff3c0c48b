import DerootBytes

/// Reads the dialect: what it does not know is an error, never a letter.
struct PatternParser {
    private let bytes: [UInt8]
    private let text: String
    private var at = 0
    private var depth = 0
    private var foldsCase = false
    private(set) var groupCount = 0

    /// The most groups, since `$1` to `$9` name them.
    private static let groups = 9
    /// How deep groups may be nested.
    private static let deepest = 20
    /// The largest count of `{m,n}`.
    private static let mostTimes = 255
    /// Letters with a meaning after a backslash.
    private static let punctuation = ByteSet("\\.[]{}()*+?|^$/-\"'#:;=,<>@%&!~`_ ".utf8)

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    mutating func parse() throws(DerootError) -> PatternNode {
        guard bytes.count <= LinePattern.longest else {
            throw DerootError(
                .limit, "a pattern of \(bytes.count) bytes, more than \(LinePattern.longest)")
        }
        guard !bytes.isEmpty else { throw DerootError(.malformed, "an empty pattern") }
        if bytes.starts(with: "(?i)".utf8) {
            foldsCase = true
            at = 4
        }
        let node = try choice()
        guard at == bytes.count else { throw error("a ')' that closes nothing") }
        return node
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func take(_ byte: Character) -> Bool {
        guard let next, next == byte.asciiValue else { return false }
        at += 1
        return true
    }

    private func error(_ what: String, advice: String? = nil) -> DerootError {
        DerootError(
            .malformed, "\(what) in the pattern '\(printable(text.utf8))', byte \(at + 1)",
            advice: advice)
    }

    private mutating func choice() throws(DerootError) -> PatternNode {
        var nodes = [try sequence()]
        while take("|") { nodes.append(try sequence()) }
        return nodes.count == 1 ? nodes[0] : .choice(nodes)
    }

    private mutating func sequence() throws(DerootError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let next, next != UInt8(ascii: "|"), next != UInt8(ascii: ")") {
            let atom = try atom()
            guard next < 0x80 || self.next.map({ !"*+?{".utf8.contains($0) }) ?? true else {
                throw error("a repeated letter beyond ASCII", advice: "put it into a group")
            }
            nodes.append(try repeated(atom))
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func repeated(_ node: PatternNode) throws(DerootError) -> PatternNode {
        let counted: PatternNode
        if take("*") {
            counted = .times(node, least: 0, most: nil)
        } else if take("+") {
            counted = .times(node, least: 1, most: nil)
        } else if take("?") {
            counted = .times(node, least: 0, most: 1)
        } else if take("{") {
            counted = try counts(node)
        } else {
            return node
        }
        if case .assertion = node { throw error("a repeated '^', '$' or '\\b'") }
        if let next, "*+?{".utf8.contains(next) {
            throw error(
                "a second repetition", advice: "there is no lazy or possessive one; use a class")
        }
        return counted
    }

    private mutating func counts(_ node: PatternNode) throws(DerootError) -> PatternNode {
        let least = try number()
        var most: Int? = least
        if take(",") { most = next == UInt8(ascii: "}") ? nil : try number() }
        guard take("}") else { throw error("a '{' without its '}'") }
        guard most.map({ least <= $0 }) ?? true else { throw error("counts in the wrong order") }
        return .times(node, least: least, most: most)
    }

    private mutating func number() throws(DerootError) -> Int {
        var value = 0
        let start = at
        while let next, ByteSet.digits.contains(next), value <= Self.mostTimes {
            value = value * 10 + Int(next - UInt8(ascii: "0"))
            at += 1
        }
        guard at > start, value <= Self.mostTimes else {
            throw error("a count that is none from 0 to \(Self.mostTimes)")
        }
        return value
    }

    private func folded(_ set: ByteSet) -> ByteSet { foldsCase ? set.foldingCase : set }

    private mutating func atom() throws(DerootError) -> PatternNode {
        guard let byte = next else { return .empty }
        at += 1
        switch byte {
        case UInt8(ascii: "."): return .set(.any)
        case UInt8(ascii: "^"): return .assertion(.start)
        case UInt8(ascii: "$"): return .assertion(.end)
        case UInt8(ascii: "["): return .set(folded(try byteClass()))
        case UInt8(ascii: "("): return try group()
        case UInt8(ascii: "\\"):
            if take("b") { return .assertion(.wordBorder) }
            return .set(folded(try escape()))
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            at -= 1
            throw error("a repetition of nothing", advice: "write \\ before it for the sign itself")
        case 0x00..<0x20 where byte != 0x09: throw error("a control character")
        default: return .set(folded(ByteSet([byte])))
        }
    }

    private mutating func group() throws(DerootError) -> PatternNode {
        guard depth < Self.deepest else {
            throw DerootError(.limit, "groups nested more than \(Self.deepest) deep")
        }
        var number: Int?
        if take("?") {
            guard take(":") else {
                throw error(
                    "a group of an unknown kind",
                    advice: "there are ( ) and (?: ), and (?i) at the start")
            }
        } else {
            guard groupCount < Self.groups else { throw error("more than \(Self.groups) groups") }
            groupCount += 1
            number = groupCount
        }
        depth += 1
        let node = try choice()
        depth -= 1
        guard take(")") else { throw error("a '(' without its ')'") }
        return .group(node, number)
    }

    private mutating func escape() throws(DerootError) -> ByteSet {
        guard let byte = next else { throw error("a '\\' at the end") }
        at += 1
        switch byte {
        case UInt8(ascii: "d"): return .digits
        case UInt8(ascii: "D"): return ByteSet.digits.inverted
        case UInt8(ascii: "w"): return .word
        case UInt8(ascii: "W"): return ByteSet.word.inverted
        case UInt8(ascii: "s"): return .blank
        case UInt8(ascii: "S"): return ByteSet.blank.inverted
        case UInt8(ascii: "t"): return ByteSet([0x09])
        default:
            guard Self.punctuation.contains(byte) else {
                throw error(
                    "an unknown '\\'",
                    advice: "there are \\d \\w \\s \\D \\W \\S \\b \\t and escaped punctuation")
            }
            return ByteSet([byte])
        }
    }

    /// What follows a `[`.
    private mutating func byteClass() throws(DerootError) -> ByteSet {
        var set = ByteSet()
        let isInverted = take("^")
        var isFirst = true
        while true {
            guard let byte = next else { throw error("a '[' without its ']'") }
            at += 1
            if byte == UInt8(ascii: "]"), !isFirst { break }
            isFirst = false
            guard byte != UInt8(ascii: "[") || next != UInt8(ascii: ":") else {
                throw error("a class with a name", advice: "use \\d, \\w or \\s")
            }
            guard byte < 0x80 else {
                throw error("a class with a letter beyond ASCII", advice: "write (é|è) instead")
            }
            let isEscape = byte == UInt8(ascii: "\\")
            let item = isEscape ? try escape() : ByteSet([byte])
            let from = isEscape ? bytes[at - 1] : byte
            let isRange =
                next == UInt8(ascii: "-") && at + 1 < bytes.count
                && bytes[at + 1] != UInt8(ascii: "]")
            guard isRange else {
                set = set.union(item)
                continue
            }
            at += 1
            var to = bytes[at]
            at += 1
            if to == UInt8(ascii: "\\"), let escaped = next {
                to = Self.punctuation.contains(escaped) ? escaped : 0
                at += 1
            }
            guard item.contains(from), from <= to, from < 0x80, to < 0x80 else {
                throw error("a range that is none")
            }
            for byte in from...to { set.insert(byte) }
        }
        return isInverted ? set.inverted : set
    }
}
