import DerootTar

extension ChainReader {
    /// Looks at a program that is started with these words; nil words are computed.
    func start(
        _ argv: ArraySlice<String?>, _ context: Context, line: Int?,
        role: StartChain.Program.Role, stopsAtErrors: Bool = false
    ) {
        guard spend(), context.depth < 20, let first = argv.first, let word = first else { return }
        let name = word.split(separator: "/").last.map(String.init) ?? word
        let args = argv.dropFirst()
        var inner = context
        inner.depth += 1
        noteCommand(name, line, context)
        for text in flags(args, of: name) { noteFlag(text, line, context) }
        if let step = StartTools.step(name, args) {
            if step.account != "root" && step.account != "0" {
                note(step: step, tool: name, line, context, stopsAtErrors)
            } else {
                noteRoot(name, argv, line, context, stopsAtErrors)
            }
            if role != .script { _ = find(word, role, line, context) }
            inner.known.remove(.root)
            inner.known.insert(.nonRoot)
            if let script = step.script { run(text: script, args: [], inner) }
            start(step.rest, inner, line: line, role: role)
            return
        }
        if StartTools.rootCommands.contains(name) {
            noteRoot(name, argv, line, context, stopsAtErrors)
            if name == "sudo" || name == "doas" {
                start(args.drop { $0?.hasPrefix("-") == true }, inner, line: line, role: role)
            }
            return
        }
        noteWrites(name, args, line, context, stopsAtErrors)
        if let rest = StartTools.unwrapped(name, args) {
            if role != .script { _ = find(word, role, line, context) }
            start(rest, inner, line: line, role: role)
            return
        }
        if StartTools.shells.contains(name) {
            if role != .script { _ = find(word, role, line, context) }
            shell(args, inner, line: line)
            return
        }
        let found = find(word, role, line, context)
        noteService(name, word, args, found, line, context)
        guard let found, isScript(found, role, word) else { return }
        follow(found, args: Array(args), inner)
    }

    /// A shell with its options: a command line, or a script.
    private func shell(_ args: ArraySlice<String?>, _ context: Context, line: Int?) {
        var rest = args
        while let word = rest.first, let word, word.hasPrefix("-") {
            rest = rest.dropFirst()
            let isCommand = !word.hasPrefix("--") && word.contains("c")
            if isCommand {
                guard let text = rest.first, let text else { return }
                // Words after the text are $0 and on.
                run(text: text, args: Array(rest.dropFirst(2)), context)
                return
            }
            if word == "-o" || word == "--rcfile" || word == "--init-file" {
                rest = rest.dropFirst()
            }
            if word == "--" { break }
        }
        guard let file = rest.first, let file else { return }
        guard let path = image.find(file) else { return }
        noteProgram(.script, file, path, .unknown, line, context)
        follow(path, args: Array(rest.dropFirst()), context)
    }

    /// Finds a program and notes it.
    private func find(
        _ word: String, _ role: StartChain.Program.Role, _ line: Int?, _ context: Context
    ) -> TarPath? {
        guard let path = image.find(word) else {
            if role != .script { noteProgram(role, word, nil, .missing, line, context) }
            return nil
        }
        let isNoted = role != .script || !Self.isDistribution(path)
        let kind = isNoted ? kind(of: path, asked: role != .script) : .unknown
        if isNoted { noteProgram(role, word, path, kind, line, context) }
        if case .script(let interpreter) = kind, isNoted {
            if interpreter.hasPrefix("/") {
                let isThere = image.find(interpreter) != nil
                noteProgram(
                    .interpreter, interpreter, isThere ? TarPath(interpreter) : nil,
                    isThere ? .unknown : .missing, line, context)
            }
        }
        return path
    }

    /// Programs of the distribution: binaries nearly always, and there are many of them in scripts.
    private static func isDistribution(_ path: TarPath) -> Bool {
        let places: [TarPath] = ["bin", "sbin", "usr/bin", "usr/sbin"]
        return places.contains(path.parent)
    }

    private func kind(of path: TarPath, asked: Bool) -> StartChain.Program.Kind {
        guard let entry = image.file(at: path), let content = files.content(of: entry) else {
            return .unknown
        }
        if content.starts(with: [0x7F, 0x45, 0x4C, 0x46]) { return .binary }
        guard content.starts(with: "#!".utf8) else { return .unknown }
        let words = content.dropFirst(2).prefix(256).prefix { $0 != 0x0A && $0 != 0x0D }
            .split(separator: 0x20)
        return .script(words.first.map { String(decoding: $0, as: UTF8.self) } ?? "")
    }

    private func isScript(
        _ path: TarPath, _ role: StartChain.Program.Role, _ word: String
    ) -> Bool {
        if role == .script, Self.isDistribution(path) { return false }
        guard let entry = image.file(at: path), let content = files.content(of: entry) else {
            return false
        }
        guard content.starts(with: "#!".utf8) else { return false }
        let line = content.dropFirst(2).prefix(256).prefix { $0 != 0x0A }
        let names = line.split { $0 == 0x20 || $0 == 0x2F || $0 == 0x0D }.map {
            String(decoding: $0, as: UTF8.self)
        }
        return names.contains { StartTools.shells.contains($0) || $0 == "execlineb" }
    }

    private func note(
        step: StartTools.Step, tool: String, _ line: Int?, _ context: Context, _ stops: Bool
    ) {
        guard !context.isHealthcheck else { return }
        let event = StartChain.StepDown(
            tool: tool, account: step.account, at: context.place(line),
            circumstances: context.circumstances(stopsAtErrors: stops))
        note(event) { $0.stepDowns.append(event) }
    }

    private func noteRoot(
        _ name: String, _ argv: ArraySlice<String?>, _ line: Int?, _ context: Context,
        _ stops: Bool
    ) {
        guard !context.isHealthcheck else { return }
        var circumstances = context.circumstances(stopsAtErrors: stops)
        if context.known.contains(.writable) {
            circumstances = .init(
                isGuarded: true, isConditional: circumstances.isConditional,
                isFatal: circumstances.isFatal)
        }
        let text = argv.prefix(6).map { $0 ?? "…" }.joined(separator: " ")
        let event = StartChain.RootCommand(
            name: name, text: String(text.prefix(200)), at: context.place(line),
            circumstances: circumstances)
        note(event) { $0.rootCommands.append(event) }
    }

    func noteProgram(
        _ role: StartChain.Program.Role, _ word: String, _ path: TarPath?,
        _ kind: StartChain.Program.Kind, _ line: Int?, _ context: Context
    ) {
        let event = StartChain.Program(
            role: context.isHealthcheck ? .healthcheck : role, word: word, path: path, kind: kind,
            at: context.place(line), circumstances: context.circumstances())
        note(event) { $0.programs.append(event) }
    }

    func noteCommand(_ name: String, _ line: Int?, _ context: Context) {
        guard !context.known.contains(.root), chain.commands.count < 5000,
            chain.commands[name] == nil
        else { return }
        chain.commands[name] = context.place(line)
    }

    /// Options that ask for root.
    private func flags(_ args: ArraySlice<String?>, of name: String) -> [String] {
        var found: [String] = []
        for (index, word) in args.enumerated() {
            guard let word else { continue }
            let next = args.dropFirst(index + 1).first ?? nil
            if word == "--allow-root" || word == "--user=root" || word == "-uroot" {
                found.append(word)
            } else if word == "--user" || word == "-u", next == "root", name != "sudo" {
                found.append("\(word) root")
            }
        }
        return found
    }

    func noteFlag(_ text: String, _ line: Int?, _ context: Context) {
        let flags = ["--allow-root", "--user", "-u root", "-uroot", "ALLOW_ROOT=", "RUN_USER=root"]
        let isFlag = flags.contains { text.hasPrefix($0) || text.contains("_ALLOW_ROOT=") }
        guard isFlag, !context.isHealthcheck, !context.known.contains(.root) else { return }
        let event = StartChain.RootFlag(
            text: String(text.prefix(100)), at: context.place(line),
            circumstances: context.circumstances())
        note(event) { $0.rootFlags.append(event) }
    }
}
