/// What is known of the caller at some point of a script.
struct Knowledge: OptionSet, Sendable, Hashable {
    let rawValue: Int
    /// Only root comes here.
    static let root = Knowledge(rawValue: 1)
    /// Root never comes here.
    static let nonRoot = Knowledge(rawValue: 2)
    /// Somebody who may write comes here.
    static let writable = Knowledge(rawValue: 4)
}

/// What a test says of the caller.
struct RootTest: Equatable {
    var whenTrue: Knowledge = []
    var whenFalse: Knowledge = []
    /// What it comes out as, where that can be foretold.
    var outcome: Bool?
    /// True where more than the caller decides, and nobody can foretell it.
    var isUncertain: Bool

    init(whenTrue: Knowledge = [], whenFalse: Knowledge = [], outcome: Bool? = nil) {
        self.whenTrue = whenTrue
        self.whenFalse = whenFalse
        self.outcome = outcome
        isUncertain = outcome == nil
    }

    static let isRoot = {
        var test = RootTest(whenTrue: .root, whenFalse: .nonRoot)
        test.isUncertain = false
        return test
    }()

    var negated: RootTest {
        var test = RootTest(
            whenTrue: whenFalse, whenFalse: whenTrue, outcome: outcome.map { !$0 })
        test.isUncertain = isUncertain
        return test
    }

    func and(_ other: RootTest) -> RootTest {
        let outcome: Bool? =
            self.outcome == false || other.outcome == false
            ? false : self.outcome == true && other.outcome == true ? true : nil
        var whenFalse = whenFalse.intersection(other.whenFalse)
        // A test that always succeeds takes nothing from the other.
        if self.outcome == true { whenFalse = other.whenFalse }
        if other.outcome == true { whenFalse = self.whenFalse }
        var test = RootTest(
            whenTrue: whenTrue.union(other.whenTrue), whenFalse: whenFalse, outcome: outcome)
        test.isUncertain = outcome == nil && (isUncertain || other.isUncertain)
        return test
    }

    func or(_ other: RootTest) -> RootTest { negated.and(other.negated).negated }
}

/// Reads tests of the uid in their many spellings.
struct RootTests {
    /// What a word comes out as; nil where that is not known.
    let value: (ShellWord) -> String?
    /// True for the name of a variable that holds the uid, or the user's name.
    let holdsIdentity: (String) -> Bool
    /// The body of a function of the script.
    let function: (String) -> ShellNode?
    /// False once enough tests were read: functions that call functions in chains multiply.
    let spend: () -> Bool

    func meaning(of node: ShellNode, depth: Int = 0) -> RootTest {
        guard depth < 20, spend() else { return RootTest() }
        switch node {
        case .command(let command): return meaning(of: command, depth: depth)
        case .not(let inner): return meaning(of: inner, depth: depth + 1).negated
        case .chain(let first, let rest):
            return rest.reduce(meaning(of: first, depth: depth + 1)) { test, link in
                let next = meaning(of: link.node, depth: depth + 1)
                return link.isAnd ? test.and(next) : test.or(next)
            }
        case .list(let nodes):
            return nodes.last.map { meaning(of: $0, depth: depth + 1) } ?? RootTest()
        case .subshell(let inner): return meaning(of: inner, depth: depth + 1)
        case .pipeline(let parts): return piped(parts)
        case .branches(let parts, _):
            // A function such as `am_i_root() { if [ … ]; then true; else false; fi; }`.
            guard let first = parts.first else { return RootTest() }
            let test = meaning(of: first.test, depth: depth + 1)
            return Self.fails(first.body) ? test.negated : test
        default: return RootTest()
        }
    }

    private static func fails(_ body: ShellNode) -> Bool {
        guard case .list(let nodes) = body, case .command(let command) = nodes.last else {
            return false
        }
        let words = command.words.map(\.text)
        return words == ["false"] || words == ["return", "1"]
    }

    /// Reads `id -u | grep -q ^0$`.
    private func piped(_ parts: [ShellNode]) -> RootTest {
        guard case .command(let first) = parts.first, case .command(let last) = parts.last,
            last.words.first?.text == "grep"
        else { return RootTest() }
        let words = first.words.map(\.text)
        let isUID = words.first.map { $0 == "id" || $0 == "whoami" } ?? false
        let wantsRoot = last.words.dropFirst().contains { word in
            ["0", "^0$", "root", "^root$"].contains(word.text)
        }
        return isUID && wantsRoot ? .isRoot : RootTest()
    }

    private func meaning(of command: ShellCommand, depth: Int) -> RootTest {
        guard let first = command.words.first else { return RootTest() }
        let name = first.text
        switch name {
        case "[", "[[", "test":
            var words = Array(command.words.dropFirst())
            if name != "test", let last = words.last, last.text == "]" || last.text == "]]" {
                words.removeLast()
            }
            return expression(words[...])
        case "true", ":": return RootTest(outcome: true)
        case "false": return RootTest(outcome: false)
        default: break
        }
        if name.hasPrefix("((") { return arithmetic(name) }
        // Whoever has capabilities is root, as far as containers go.
        if name.hasPrefix("has_cap") || name == "capsh" {
            return .isRoot
        }
        guard let body = function(name) else { return RootTest() }
        return meaning(of: body, depth: depth + 5)
    }

    /// Reads `(( EUID == 0 ))`.
    private func arithmetic(_ text: String) -> RootTest {
        let bare = text.filter { !"()$ {}".contains($0) }
        switch bare {
        case "EUID==0", "UID==0", "0==EUID", "0==UID", "!EUID", "!UID": return .isRoot
        case "EUID!=0", "UID!=0", "EUID>0", "UID>0", "EUID", "UID", "0!=EUID":
            return RootTest.isRoot.negated
        default: return RootTest()
        }
    }

    private func expression(_ words: ArraySlice<ShellWord>) -> RootTest {
        let words = words.filter { !$0.isBare("(") && !$0.isBare(")") }
        let alternatives = words.split { $0.isBare("-o") || $0.isBare("||") }
        let tests = alternatives.map { alternative in
            let parts = alternative.split { $0.isBare("-a") || $0.isBare("&&") }
            return parts.map(primary).reduce(RootTest(outcome: true)) { $0.and($1) }
        }
        return tests.reduce(RootTest(outcome: false)) { $0.or($1) }
    }

    private func primary(_ words: ArraySlice<ShellWord>) -> RootTest {
        let rest = Array(words.drop { $0.isBare("!") })
        let test = plain(rest)
        return (words.count - rest.count).isMultiple(of: 2) ? test : test.negated
    }

    /// A test without `!`.
    private func plain(_ rest: [ShellWord]) -> RootTest {
        guard let first = rest.first else { return RootTest() }
        if rest.count == 2 {
            switch first.text {
            case "-w", "-O": return RootTest(whenTrue: .writable)
            case "-z": return RootTest(outcome: value(rest[1]).map(\.isEmpty))
            case "-n": return RootTest(outcome: value(rest[1]).map { !$0.isEmpty })
            default: return RootTest()
            }
        }
        if rest.count == 1 { return RootTest(outcome: value(first).map { !$0.isEmpty }) }
        guard rest.count >= 3 else { return RootTest() }
        return comparison(rest[0], rest[1].text, rest[2])
    }

    private func comparison(_ left: ShellWord, _ operation: String, _ right: ShellWord) -> RootTest
    {
        let sides = [(left, right), (right, left)]
        for (one, other) in sides where isIdentity(one) {
            guard let literal = other.literal, literal == "0" || literal == "root" else { continue }
            switch operation {
            case "=", "==", "-eq", "-le": return .isRoot
            case "!=", "-ne", "-gt": return RootTest.isRoot.negated
            default: return RootTest()
            }
        }
        guard let one = value(left), let other = value(right) else { return RootTest() }
        switch operation {
        case "=", "==": return RootTest(outcome: Self.matches(one, other))
        case "!=": return RootTest(outcome: !Self.matches(one, other))
        default: return RootTest()
        }
    }

    /// True for `$(id -u)`, `$EUID`, `$(whoami)` and variables that hold one of them.
    func isIdentity(_ word: ShellWord) -> Bool {
        guard let text = word.expansion else { return false }
        if Self.isIdentity(text) { return true }
        let name = text.filter { !"${}".contains($0) }
        let head = name.prefix { $0 != ":" && $0 != "-" }
        return ["EUID", "UID"].contains(head) || holdsIdentity(String(head))
    }

    /// True for a substitution that asks who runs the script.
    static func isIdentity(_ expansion: String) -> Bool {
        guard expansion.hasPrefix("$("), expansion.hasSuffix(")") else { return false }
        let words = expansion.dropFirst(2).dropLast().split(separator: " ")
        guard let name = words.first?.split(separator: "/").last else { return false }
        if name == "whoami" { return true }
        let options = words.dropFirst().prefix { $0.hasPrefix("-") }
        return name == "id"
            && options.contains { $0 == "--user" || ($0.hasPrefix("-") && $0.contains("u")) }
            && words.count == options.count + 1
    }

    /// Shell patterns as far as start scripts use them: `*` and `?`, `[…]` is not understood.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let text = Array(text.utf8)
        let pattern = Array(pattern.utf8)
        var (t, p) = (0, 0)
        var star: (p: Int, t: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, t)
                p += 1
            } else if p < pattern.count,
                pattern[p] == UInt8(ascii: "?") || pattern[p] == text[t]
            {
                (t, p) = (t + 1, p + 1)
            } else if let (starP, starT) = star {
                (p, t) = (starP + 1, starT + 1)
                star = (starP, starT + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
