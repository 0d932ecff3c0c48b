/// A piece of a shell script.
struct ShellToken {
    enum Kind: Equatable {
        case word(ShellWord)
        /// An operator such as `&&`, `;;`, `>`; a newline is `\n`.
        case operation(String)
    }

    let kind: Kind
    /// From 1.
    let line: Int
}

/// Cuts a shell script into words and operators; whatever the bytes are, it ends.
struct ShellLexer {
    private let bytes: [UInt8]
    private var index = 0
    private var line: Int
    private var tokens: [ShellToken] = []
    /// Here-documents whose text begins with the next line.
    private var heredocs: [String] = []
    private var awaitsDelimiter = false
    /// Tokens of one script; real ones have some thousands.
    private static let limit = 200_000

    /// The tokens of a script whose first line has this number.
    static func tokens(_ bytes: [UInt8], line: Int = 1) -> [ShellToken] {
        var lexer = ShellLexer(bytes: bytes, line: line)
        return lexer.run()
    }

    private init(bytes: [UInt8], line: Int) {
        self.bytes = bytes
        self.line = line
    }

    private func byte(_ offset: Int = 0) -> UInt8 {
        index + offset < bytes.count ? bytes[index + offset] : 0
    }

    private mutating func run() -> [ShellToken] {
        while index < bytes.count, tokens.count < Self.limit {
            switch byte() {
            case 0x20, 0x09, 0x0D: index += 1
            case 0x5C where byte(1) == 0x0A:
                index += 2
                line += 1
            case 0x0A:
                tokens.append(ShellToken(kind: .operation("\n"), line: line))
                index += 1
                line += 1
                skipHeredocs()
            case UInt8(ascii: "#"):
                while index < bytes.count, byte() != 0x0A { index += 1 }
            case UInt8(ascii: "(") where byte(1) == UInt8(ascii: "("):
                let start = line
                let text = nested(open: "(", close: ")")
                var word = ShellWord(parts: [.literal(text)])
                word.isQuoted = true
                tokens.append(ShellToken(kind: .word(word), line: start))
            default:
                let start = index
                if !lexOperator() { lexWord() }
                if index == start { index += 1 }
            }
        }
        return tokens
    }

    private static let operators = [
        "<<<", "<<-", "&>>", ";;&", "&&", "||", ";;", ";&", "|&", "<<", ">>", "&>", ">&", "<&",
        "<>", ">|", ";", "&", "|", "(", ")", "<", ">",
    ].map { (text: $0, bytes: Array($0.utf8)) }

    private mutating func lexOperator() -> Bool {
        guard ";&|()<>".utf8.contains(byte()) else { return false }
        if byte() == UInt8(ascii: "<") || byte() == UInt8(ascii: ">"),
            byte(1) == UInt8(ascii: "(")
        {
            // Process substitution is a word.
            lexWord()
            return true
        }
        for candidate in Self.operators where bytes[index...].starts(with: candidate.bytes) {
            tokens.append(ShellToken(kind: .operation(candidate.text), line: line))
            index += candidate.bytes.count
            awaitsDelimiter = candidate.text == "<<" || candidate.text == "<<-"
            return true
        }
        return false
    }

    private mutating func lexWord() {
        let start = line
        var word = ShellWord()
        var literal: [UInt8] = []
        func flush() {
            if !literal.isEmpty {
                word.parts.append(.literal(String(decoding: literal, as: UTF8.self)))
                literal = []
            }
        }
        func expand(_ text: String) {
            flush()
            word.parts.append(.expansion(text))
        }
        scan: while index < bytes.count {
            switch byte() {
            case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"),
                UInt8(ascii: ")"):
                break scan
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "("):
                let isProcess = byte() != UInt8(ascii: "(") && byte(1) == UInt8(ascii: "(")
                // `NAME=(…)` is an array.
                let isArray = byte() == UInt8(ascii: "(") && literal.last == UInt8(ascii: "=")
                guard isProcess || isArray else { break scan }
                if isProcess { index += 1 }
                expand("<" + nested(open: "(", close: ")"))
            case 0x5C:
                if byte(1) == 0x0A {
                    line += 1
                } else if index + 1 < bytes.count {
                    literal.append(byte(1))
                }
                index += 2
            case UInt8(ascii: "'"):
                word.isQuoted = true
                index += 1
                while index < bytes.count, byte() != UInt8(ascii: "'") { literal.append(take()) }
                index += 1
            case UInt8(ascii: "\""):
                word.isQuoted = true
                index += 1
                while index < bytes.count, byte() != UInt8(ascii: "\"") {
                    if byte() == 0x5C, index + 1 < bytes.count {
                        if byte(1) == 0x0A { line += 1 } else { literal.append(byte(1)) }
                        index += 2
                    } else if let text = expansion() {
                        expand(text)
                    } else {
                        literal.append(take())
                    }
                }
                index += 1
            default:
                if let text = expansion() { expand(text) } else { literal.append(take()) }
            }
        }
        flush()
        // A number before a redirection is a file descriptor.
        let isDescriptor =
            (byte() == UInt8(ascii: "<") || byte() == UInt8(ascii: ">")) && !word.isQuoted
            && word.literal.map { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
                == true
        if isDescriptor, bytes[index - 1] != 0x20 { return }
        if awaitsDelimiter {
            heredocs.append(word.text)
            awaitsDelimiter = false
        }
        tokens.append(ShellToken(kind: .word(word), line: start))
    }

    private mutating func take() -> UInt8 {
        let byte = bytes[index]
        if byte == 0x0A { line += 1 }
        index += 1
        return byte
    }

    /// The expansion that begins here; nil where none does.
    private mutating func expansion() -> String? {
        let start = index
        switch (byte(), byte(1)) {
        case (UInt8(ascii: "`"), _):
            index += 1
            var inner: [UInt8] = []
            while index < bytes.count, byte() != UInt8(ascii: "`") {
                if byte() == 0x5C { index += 1 }
                if index < bytes.count { inner.append(take()) }
            }
            index += 1
            return "$(" + String(decoding: inner, as: UTF8.self) + ")"
        case (UInt8(ascii: "$"), UInt8(ascii: "(")):
            index += 1
            return "$" + nested(open: "(", close: ")")
        case (UInt8(ascii: "$"), UInt8(ascii: "{")):
            index += 1
            return "$" + nested(open: "{", close: "}")
        case (UInt8(ascii: "$"), let next) where Self.isName(next) || "@*#?$!-".utf8.contains(next):
            index += 2
            if Self.isName(next), !(0x30...0x39).contains(next) {
                while index < bytes.count, Self.isName(byte()) { index += 1 }
            }
            return String(decoding: bytes[start..<index], as: UTF8.self)
        default: return nil
        }
    }

    /// Letters, digits and `_`.
    private static func isName(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte) || byte == 0x5F
    }

    /// Everything from a bracket to the one that closes it, quotes and inner brackets respected.
    private mutating func nested(open: Character, close: Character) -> String {
        let open = open.asciiValue ?? 0
        let close = close.asciiValue ?? 0
        let start = index
        var depth = 0
        while index < bytes.count {
            let byte = take()
            if byte == open {
                depth += 1
            } else if byte == close {
                depth -= 1
                if depth == 0 { break }
            } else if byte == 0x5C, index < bytes.count {
                _ = take()
            } else if byte == UInt8(ascii: "'"), open != UInt8(ascii: "{") {
                while index < bytes.count, take() != UInt8(ascii: "'") {}
            } else if byte == UInt8(ascii: "\"") {
                while index < bytes.count {
                    let inner = take()
                    if inner == UInt8(ascii: "\"") { break }
                    if inner == 0x5C, index < bytes.count { _ = take() }
                }
            }
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func skipHeredocs() {
        for delimiter in heredocs {
            while index < bytes.count {
                var end = index
                while end < bytes.count, bytes[end] != 0x0A { end += 1 }
                let text = bytes[index..<end].drop { $0 == 0x09 }
                index = min(end + 1, bytes.count)
                line += 1
                if text.elementsEqual(delimiter.utf8) { break }
            }
        }
        heredocs = []
    }
}
