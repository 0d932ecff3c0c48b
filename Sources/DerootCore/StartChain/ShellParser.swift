/// Makes a tree of a shell script's tokens; what it does not understand it skips.
struct ShellParser {
    private let tokens: [ShellToken]
    private var position = 0
    private var depth = 0
    /// Nested commands; real scripts have less than ten.
    private static let deepest = 60

    /// The tree of a script whose first line has this number.
    static func parse(_ bytes: [UInt8], line: Int = 1) -> ShellNode {
        var parser = ShellParser(tokens: ShellLexer.tokens(bytes, line: line))
        var nodes: [ShellNode] = []
        while parser.position < parser.tokens.count {
            nodes += parser.list()
            // A bracket or reserved word that nothing opened.
            parser.position += 1
        }
        return .list(nodes)
    }

    private init(tokens: [ShellToken]) { self.tokens = tokens }

    private var token: ShellToken.Kind? {
        position < tokens.count ? tokens[position].kind : nil
    }
    private var line: Int { position < tokens.count ? tokens[position].line : 0 }

    private func isOperation(_ text: String) -> Bool { token == .operation(text) }

    private func isBare(_ texts: String...) -> Bool {
        guard case .word(let word) = token, !word.isQuoted, let literal = word.literal else {
            return false
        }
        return texts.contains(literal)
    }

    private mutating func accept(_ text: String) -> Bool {
        guard isBare(text) || isOperation(text) else { return false }
        position += 1
        return true
    }

    private mutating func skipNewlines() {
        while isOperation("\n") || isOperation(";") { position += 1 }
    }

    /// Commands up to something that closes them, which is not consumed.
    private mutating func list() -> [ShellNode] {
        var nodes: [ShellNode] = []
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest else {
            position = tokens.count
            return []
        }
        while token != nil {
            if isOperation("\n") || isOperation(";") || isOperation("&") {
                position += 1
                continue
            }
            if isOperation(")") || isOperation(";;") || isOperation(";&") || isOperation(";;&") {
                break
            }
            if isBare("then", "else", "elif", "fi", "do", "done", "esac", "}") { break }
            let start = position
            let node = andOr()
            // How a job in the background ends is nobody's business, as in front of a pipe.
            nodes.append(isOperation("&") ? .pipeline([node, .list([])]) : node)
            if position == start { position += 1 }
        }
        return nodes
    }

    private mutating func andOr() -> ShellNode {
        let first = pipeline()
        var rest: [(isAnd: Bool, node: ShellNode)] = []
        while isOperation("&&") || isOperation("||") {
            let isAnd = isOperation("&&")
            position += 1
            while isOperation("\n") { position += 1 }
            rest.append((isAnd, pipeline()))
        }
        return rest.isEmpty ? first : .chain(first, rest)
    }

    private mutating func pipeline() -> ShellNode {
        if accept("!") { return .not(pipelineBody()) }
        return pipelineBody()
    }

    private mutating func pipelineBody() -> ShellNode {
        var parts = [command()]
        while isOperation("|") || isOperation("|&") {
            position += 1
            while isOperation("\n") { position += 1 }
            parts.append(command())
        }
        return parts.count == 1 ? parts[0] : .pipeline(parts)
    }

    private mutating func command() -> ShellNode {
        if accept("if") { return withRedirects(branches()) }
        if accept("while") || accept("until") { return withRedirects(loop()) }
        if isBare("for", "select") { return withRedirects(each()) }
        if accept("case") { return withRedirects(choice()) }
        if accept("{") {
            let body = list()
            _ = accept("}")
            return withRedirects(.list(body))
        }
        if isOperation("(") {
            position += 1
            let body = list()
            if isOperation(")") { position += 1 }
            return withRedirects(.subshell(.list(body)))
        }
        if accept("function") { return function() }
        if isFunctionHead { return function() }
        return simple()
    }

    private var isFunctionHead: Bool {
        guard case .word(let word) = token, word.literal != nil, position + 2 < tokens.count else {
            return false
        }
        return tokens[position + 1].kind == .operation("(")
            && tokens[position + 2].kind == .operation(")")
    }

    private mutating func function() -> ShellNode {
        guard case .word(let word) = token else { return .list([]) }
        position += 1
        if isOperation("(") { position += 1 }
        if isOperation(")") { position += 1 }
        skipNewlines()
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest else {
            position = tokens.count
            return .list([])
        }
        return .function(name: word.text, body: command())
    }

    private mutating func branches() -> ShellNode {
        var parts: [(test: ShellNode, body: ShellNode)] = []
        var otherwise: ShellNode?
        repeat {
            let test = ShellNode.list(list())
            _ = accept("then")
            parts.append((test, .list(list())))
        } while accept("elif")
        if accept("else") { otherwise = .list(list()) }
        _ = accept("fi")
        return .branches(parts, otherwise: otherwise)
    }

    private mutating func loop() -> ShellNode {
        let test = ShellNode.list(list())
        _ = accept("do")
        let body = ShellNode.list(list())
        _ = accept("done")
        return .loop(test: test, body: body)
    }

    private mutating func each() -> ShellNode {
        let start = line
        position += 1
        var name = ""
        if case .word(let word) = token {
            name = word.text
            position += 1
        }
        while isOperation("\n") { position += 1 }
        var words: [ShellWord] = []
        if accept("in") {
            while case .word(let word) = token {
                words.append(word)
                position += 1
            }
        } else {
            words = [ShellWord(parts: [.expansion("$@")], isQuoted: true)]
        }
        skipNewlines()
        let isBraced = accept("{")
        if !isBraced { _ = accept("do") }
        let body = ShellNode.list(list())
        _ = accept(isBraced ? "}" : "done")
        return .each(name: name, words: words, body: body, line: start)
    }

    private mutating func choice() -> ShellNode {
        guard case .word(let subject) = token else { return .list([]) }
        position += 1
        skipNewlines()
        _ = accept("in")
        var arms: [(patterns: [ShellWord], body: ShellNode)] = []
        while token != nil {
            skipNewlines()
            if accept("esac") || token == nil { break }
            if isOperation("(") { position += 1 }
            var patterns: [ShellWord] = []
            let start = position
            while case .word(let word) = token {
                patterns.append(word)
                position += 1
                if isOperation("|") { position += 1 }
            }
            if isOperation(")") { position += 1 }
            arms.append((patterns, .list(list())))
            if isOperation(";;") || isOperation(";&") || isOperation(";;&") { position += 1 }
            if position == start { position += 1 }
        }
        return .choice(subject, arms)
    }

    /// A compound command, and the files its output goes to.
    private mutating func withRedirects(_ node: ShellNode) -> ShellNode {
        var command = ShellCommand(line: line)
        while redirect(into: &command) {}
        return command.redirects.isEmpty ? node : .list([.command(command), node])
    }

    private mutating func redirect(into command: inout ShellCommand) -> Bool {
        let operations = [
            ">", ">>", ">|", "&>", "&>>", "<", "<<", "<<-", "<<<", ">&", "<&", "<>",
        ]
        guard case .operation(let operation) = token, operations.contains(operation) else {
            return false
        }
        position += 1
        if case .word(let target) = token {
            command.redirects.append(.init(operation: operation, target: target))
            position += 1
        }
        return true
    }

    private mutating func simple() -> ShellNode {
        var command = ShellCommand(line: line)
        let isTest = isBare("[[")
        while let token {
            if redirectable(isTest), redirect(into: &command) { continue }
            switch token {
            case .operation(let text):
                guard isTest, text != "\n" || !command.words.isEmpty else {
                    return .command(command)
                }
                // Inside `[[ ]]` operators are parts of the expression.
                if text != "\n" { command.words.append(ShellWord(parts: [.literal(text)])) }
            case .word(let word):
                if command.words.isEmpty, Self.isAssignment(word) {
                    command.assignments.append(word)
                } else {
                    command.words.append(word)
                }
                if isTest, word.isBare("]]") {
                    position += 1
                    return .command(command)
                }
            }
            position += 1
        }
        return .command(command)
    }

    private func redirectable(_ isTest: Bool) -> Bool { !isTest }

    /// True for `NAME=…` and `NAME+=…`.
    static func isAssignment(_ word: ShellWord) -> Bool {
        guard case .literal(let text) = word.parts.first, let first = text.utf8.first,
            !(0x30...0x39).contains(first)
        else { return false }
        var name = text.utf8.prefix { $0 != UInt8(ascii: "=") }
        guard name.count < text.utf8.count else { return false }
        if name.last == UInt8(ascii: "+") { name = name.dropLast() }
        return !name.isEmpty
            && name.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
                    || (0x61...0x7A).contains($0) || $0 == 0x5F
            }
    }
}
