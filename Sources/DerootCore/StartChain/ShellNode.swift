/// A word of a shell script: text and what the shell puts in its place.
struct ShellWord: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        /// Text as it is after quotes are removed.
        case literal(String)
        /// `$NAME`, `${…}`, `$(…)` or `$((…))` as the script spells it; backticks as `$(…)`.
        case expansion(String)
    }

    var parts: [Part] = []
    /// True where some of it was in quotes: no reserved word, no split.
    var isQuoted = false

    /// The text, expansions as they are spelled.
    var text: String {
        parts.reduce(into: "") { text, part in
            switch part {
            case .literal(let more), .expansion(let more): text += more
            }
        }
    }

    /// The text of a word without expansions; nil for others.
    var literal: String? {
        guard parts.allSatisfy({ if case .literal = $0 { true } else { false } }) else {
            return nil
        }
        return text
    }

    /// The only expansion of a word that is nothing else.
    var expansion: String? {
        guard parts.count == 1, case .expansion(let text) = parts[0] else { return nil }
        return text
    }

    /// True for an unquoted word of this text, as reserved words are.
    func isBare(_ text: String) -> Bool { !isQuoted && literal == text }
}

/// A simple command.
struct ShellCommand: Sendable {
    /// Where output goes to a file: the file, and the operator.
    struct Redirect: Sendable {
        let operation: String
        let target: ShellWord
    }

    /// `NAME=value` before the command.
    var assignments: [ShellWord] = []
    var words: [ShellWord] = []
    var redirects: [Redirect] = []
    /// From 1.
    var line: Int
}

/// A shell script as far as its reader understands it (POSIX XCU 2.9, and what bash adds).
indirect enum ShellNode: Sendable {
    case command(ShellCommand)
    case list([ShellNode])
    /// Commands with `&&` or `||` between them; flat, since a script may have thousands.
    case chain(ShellNode, [(isAnd: Bool, node: ShellNode)])
    case not(ShellNode)
    case pipeline([ShellNode])
    /// Tests with their bodies, and what is left.
    case branches([(test: ShellNode, body: ShellNode)], otherwise: ShellNode?)
    /// `while`, `until`.
    case loop(test: ShellNode, body: ShellNode)
    /// `for NAME in WORDS`, `select`.
    case each(name: String, words: [ShellWord], body: ShellNode, line: Int)
    case choice(ShellWord, [(patterns: [ShellWord], body: ShellNode)])
    case subshell(ShellNode)
    case function(name: String, body: ShellNode)
}
