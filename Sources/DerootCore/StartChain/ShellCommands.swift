import DerootTar

extension ShellReader {
    /// Looks at a simple command.
    func run(_ command: ShellCommand, _ context: Context) -> Flow {
        let flow = Flow(known: context.known)
        for redirect in command.redirects { noteWrite(redirect, command.line, context) }
        if command.words.isEmpty {
            for word in command.assignments {
                assign(word, context)
            }
            return flow
        }
        for word in command.assignments { noteFlag(word.text, command.line, context) }
        let words = command.words.flatMap { expand($0) }
        guard let first = words.first, let name = first else { return flow }
        let args = words.dropFirst()
        switch name {
        case "exit": return Flow(ending: .exits, known: context.known)
        case "return": return Flow(ending: .returns, known: context.known)
        case "set": set(args)
        case "shift":
            let count = Int(args.first.flatMap(\.self) ?? "1") ?? 1
            if !context.isConditional { frame.args = Array(frame.args.dropFirst(max(0, count))) }
        case "export", "local", "declare", "readonly", "typeset":
            for word in command.words.dropFirst() where ShellParser.isAssignment(word) {
                assign(word, context)
                noteFlag(word.text, command.line, context)
            }
        case ".", "source":
            if let file = args.first, let file, let path = chain.image.find(file) {
                chain.noteProgram(.sourced, file, path, .unknown, command.line, context)
                chain.follow(path, args: [], context, in: frame)
            } else if let word = command.words.dropFirst().first {
                followDirectory(word, context)
            }
        case "exec":
            let rest = args.drop { $0 == "-a" || $0 == "-c" || $0 == "-l" }
            guard !rest.isEmpty else { return flow }
            start(rest, command.line, context)
            return Flow(ending: .exits, known: context.known)
        case "find", "xargs", "run-parts":
            for word in command.words.dropFirst() { followDirectory(word, context) }
            let inner = name == "xargs" ? args.drop { $0?.hasPrefix("-") == true } : executed(args)
            // What runs for each of the files found may run for none, and its failure is often lost.
            var each = context
            each.isConditional = true
            each.isTolerated = true
            if !inner.isEmpty { start(inner, command.line, each) }
            chain.noteCommand(name, command.line, context)
        case "[", "[[", "test", ":", "true", "false", "cd", "eval", "trap", "wait", "umask",
            "unset",
            "echo", "printf", "read", "shopt", "alias", "break", "continue", "pushd", "popd",
            "type":
            break
        default:
            guard let function = frame.functions[name] else {
                start(words[...], command.line, context)
                break
            }
            return call(function, Array(args), context)
        }
        return flow
    }

    /// Runs a function as if its body stood here, with its own arguments.
    private func call(
        _ function: ChainReader.Frame.Function, _ args: [String?], _ context: Context
    ) -> Flow {
        guard context.depth < 20 else { return Flow(known: context.known) }
        var inner = context
        inner.depth += 1
        inner.origin = function.origin
        let outer = frame.args
        frame.args = args
        defer { frame.args = outer }
        let flow = walk(function.body, inner)
        return flow.ending == .returns ? Flow(known: context.known) : flow
    }

    private func set(_ args: ArraySlice<String?>) {
        var rest = args
        while let word = rest.first, let word, word.hasPrefix("-") || word.hasPrefix("+") {
            rest = rest.dropFirst()
            if word == "--" {
                frame.args = Array(rest)
                return
            }
            if word == "-o" || word == "+o" {
                if rest.first == "errexit" { frame.stopsAtErrors = word == "-o" }
                rest = rest.dropFirst()
            } else if word.contains("e") {
                frame.stopsAtErrors = word.hasPrefix("-")
            }
            if word.hasSuffix("o"), word.count > 2 { rest = rest.dropFirst() }
        }
    }

    /// The command behind `-exec`.
    private func executed(_ args: ArraySlice<String?>) -> ArraySlice<String?> {
        guard let start = args.firstIndex(where: { ["-exec", "-execdir", "-ok"].contains($0) })
        else { return [] }
        return args[(start + 1)...].prefix { $0 != ";" && $0 != "+" }
    }

    /// Starts a program from the script.
    private func start(_ words: ArraySlice<String?>, _ line: Int, _ context: Context) {
        chain.start(
            words, context, line: line, role: role, stopsAtErrors: frame.stopsAtErrors)
    }

    private func noteWrite(
        _ redirect: ShellCommand.Redirect, _ line: Int, _ context: Context
    ) {
        guard [">", ">>", ">|", "&>", "&>>"].contains(redirect.operation),
            let target = value(redirect.target)
        else { return }
        chain.noteWrite(
            target, isDirectory: false, tool: redirect.operation, line, context,
            stopsAtErrors: frame.stopsAtErrors)
    }

    private func noteFlag(_ text: String, _ line: Int, _ context: Context) {
        chain.noteFlag(text, line, context)
    }
}
