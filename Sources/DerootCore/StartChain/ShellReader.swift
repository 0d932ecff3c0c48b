import DerootBytes
import DerootTar

/// Walks through a script and keeps track of who may come to each of its commands.
struct ShellReader {
    typealias Context = ChainReader.Context

    /// What follows a command: how it ended, and what is known of the caller then.
    struct Flow {
        var ending = ChainReader.Ending.falls
        var known: Knowledge
    }

    let chain: ChainReader
    let frame: ChainReader.Frame
    let role: StartChain.Program.Role

    init(_ chain: ChainReader, _ frame: ChainReader.Frame, role: StartChain.Program.Role) {
        self.chain = chain
        self.frame = frame
        self.role = role
    }

    private var tests: RootTests {
        RootTests(
            value: { value($0) }, holdsIdentity: { frame.identities.contains($0) },
            function: { frame.functions[$0]?.body }, spend: chain.spendTest)
    }

    /// Walks through a node.
    func walk(_ node: ShellNode, _ context: Context) -> Flow {
        guard chain.spend() else { return Flow(known: context.known) }
        switch node {
        case .command(let command): return run(command, context)
        case .list(let nodes):
            var context = context
            for node in nodes {
                let flow = walk(node, context)
                guard flow.ending == .falls else { return flow }
                context.known = flow.known
            }
            return Flow(known: context.known)
        case .chain(let first, let rest): return chain(first, rest, context)
        case .not(let inner):
            var tolerant = context
            tolerant.isTolerated = true
            return walk(inner, tolerant)
        case .pipeline(let parts):
            for (index, part) in parts.enumerated() {
                var inner = context
                inner.isTolerated = context.isTolerated || index < parts.count - 1
                _ = walk(part, inner)
            }
            return Flow(known: context.known)
        case .branches(let parts, let otherwise): return branches(parts, otherwise, context)
        case .loop(let test, let body):
            var inner = context
            inner.isTolerated = true
            _ = walk(test, inner)
            inner = context
            let meaning = tests.meaning(of: test)
            inner.isConditional = context.isConditional || meaning.outcome != true
            inner.known.formUnion(meaning.whenTrue)
            _ = walk(body, inner)
            return Flow(known: context.known)
        case .each(let name, let words, let body, let line):
            each(name, words, body, line, context)
            return Flow(known: context.known)
        case .choice(let word, let arms): return choice(word, arms, context)
        case .subshell(let inner):
            _ = walk(inner, context)
            return Flow(known: context.known)
        case .function(let name, let body):
            if frame.functions.count < 2000 {
                frame.functions[name] = .init(body: body, origin: context.origin)
            }
            return Flow(known: context.known)
        }
    }

    /// A context behind a test; nil where nobody can come.
    private func behind(
        _ context: Context, _ knowledge: Knowledge, _ test: RootTest
    ) -> Context? {
        var inner = context
        inner.known.formUnion(knowledge)
        if inner.known.isSuperset(of: [.root, .nonRoot]) { return nil }
        inner.isConditional = context.isConditional || test.isUncertain
        return inner
    }

    private func merged(_ flows: [Flow], _ context: Context) -> Flow {
        let falling = flows.filter { $0.ending == .falls }
        guard let first = falling.first else {
            let ending = flows.contains { $0.ending == .returns } ? .returns : flows.first?.ending
            return Flow(ending: ending ?? .falls, known: context.known)
        }
        return Flow(known: falling.reduce(first.known) { $0.intersection($1.known) })
    }

    private func chain(
        _ first: ShellNode, _ rest: [(isAnd: Bool, node: ShellNode)], _ context: Context
    ) -> Flow {
        var tolerant = context
        tolerant.isTolerated = true
        var flow = walk(first, tolerant)
        var meaning = tests.meaning(of: first)
        for (index, link) in rest.enumerated() {
            guard flow.ending == .falls else { return flow }
            // How the last one ends is how the chain ends.
            let outer = index == rest.count - 1 ? context : tolerant
            let test = link.isAnd ? meaning : meaning.negated
            var flows: [Flow] = []
            if test.outcome != false, let inner = behind(outer, test.whenTrue, test) {
                flows.append(walk(link.node, inner))
            }
            if test.outcome != true {
                flows.append(Flow(known: outer.known.union(test.whenFalse)))
            }
            flow = merged(flows, outer)
            guard index < rest.count - 1 else { break }
            let next = tests.meaning(of: link.node)
            meaning = link.isAnd ? meaning.and(next) : meaning.or(next)
        }
        return flow
    }

    private func branches(
        _ parts: [(test: ShellNode, body: ShellNode)], _ otherwise: ShellNode?, _ context: Context
    ) -> Flow {
        var flows: [Flow] = []
        var rest = context
        for part in parts {
            var tolerant = rest
            tolerant.isTolerated = true
            _ = walk(part.test, tolerant)
            let meaning = tests.meaning(of: part.test)
            if meaning.outcome != false, let inner = behind(rest, meaning.whenTrue, meaning) {
                flows.append(walk(part.body, inner))
            }
            if meaning.outcome == true { return merged(flows, context) }
            guard let left = behind(rest, meaning.whenFalse, meaning) else {
                return merged(flows, context)
            }
            rest = left
        }
        if let otherwise {
            flows.append(walk(otherwise, rest))
        } else {
            flows.append(Flow(known: rest.known))
        }
        return merged(flows, context)
    }

    private func choice(
        _ word: ShellWord, _ arms: [(patterns: [ShellWord], body: ShellNode)], _ context: Context
    ) -> Flow {
        let isIdentity = tests.isIdentity(word)
        let known = value(word)
        var flows: [Flow] = []
        var rest = context
        for arm in arms {
            let patterns = arm.patterns.map { value($0) ?? $0.text }
            if isIdentity {
                let isRoot = patterns.contains("0") || patterns.contains("root")
                let isAll = patterns.contains("*")
                let knowledge: Knowledge = isRoot ? .root : isAll ? [] : .nonRoot
                if let inner = behind(rest, knowledge, .isRoot) {
                    flows.append(walk(arm.body, inner))
                }
                if isRoot { rest.known.insert(.nonRoot) }
                if isAll { return merged(flows, context) }
            } else if let known {
                guard patterns.contains(where: { RootTests.matches(known, $0) }) else { continue }
                return walk(arm.body, context)
            } else {
                var inner = context
                inner.isConditional = true
                flows.append(walk(arm.body, inner))
            }
        }
        flows.append(Flow(known: rest.known))
        return merged(flows, context)
    }

    private func each(
        _ name: String, _ words: [ShellWord], _ body: ShellNode, _ line: Int, _ context: Context
    ) {
        var inner = context
        let fields = words.flatMap { expand($0) }
        for word in words { followDirectory(word, context) }
        let values = fields.compactMap(\.self).filter { !$0.contains("*") }
        guard values.count == fields.count, !values.isEmpty else {
            frame.variables[name] = nil
            inner.isConditional = true
            _ = walk(body, inner)
            return
        }
        for value in values.prefix(16) {
            frame.variables[name] = value
            _ = walk(body, inner)
        }
        frame.variables[name] = nil
    }

    /// Follows the scripts of a directory that a loop, find or run-parts goes through.
    func followDirectory(_ word: ShellWord, _ context: Context) {
        var text = value(word) ?? word.text
        if text.hasPrefix("$("),
            let first = text.split(separator: " ").first(where: { part in
                part.hasPrefix("/") || part.hasPrefix("\"/")
            })
        {
            text = first.filter { !"\"')".contains($0) }
        }
        if let slash = text.lastIndex(of: "/"), text[slash...].contains("*") {
            text = String(text[..<slash])
        }
        guard text.hasPrefix("/"), text.utf8.count < 4096 else { return }
        let path = TarPath(text)
        let name = String(decoding: path.name, as: UTF8.self)
        guard name.hasSuffix(".d") || name.contains("entrypoint") || name.contains("init") else {
            return
        }
        chain.follow(directory: path, context, in: frame)
    }
}
