import DerootTar

extension ShellReader {
    /// The fields of a word; nil for those that are computed.
    func expand(_ word: ShellWord) -> [String?] {
        if let expansion = word.expansion {
            if ["$@", "${@}", "$*", "${*}"].contains(expansion) { return frame.args }
            if !word.isQuoted {
                guard let text = value(word) else { return [nil] }
                return text.split(separator: " ").map { String($0) }
            }
        }
        return [value(word)]
    }

    /// The text of a word; nil where some of it is computed, or nested deeper than scripts are.
    func value(_ word: ShellWord, depth: Int = 0) -> String? {
        guard depth < 20 else { return nil }
        var text = ""
        for part in word.parts {
            switch part {
            case .literal(let more): text += more
            case .expansion(let name):
                guard let more = value(of: name, depth: depth) else { return nil }
                text += more
            }
            guard text.utf8.count < 65536 else { return nil }
        }
        return text
    }

    /// What an expansion gives, as far as it can be foretold.
    private func value(of expansion: String, depth: Int) -> String? {
        if expansion.hasPrefix("$(") || expansion.hasPrefix("<(") {
            // The directory of the script itself.
            guard expansion.contains("dirname"), let script = frame.script else { return nil }
            return script.parent.isRoot
                ? "" : "/" + String(decoding: script.parent.bytes, as: UTF8.self)
        }
        guard expansion.hasPrefix("${"), expansion.hasSuffix("}") else {
            return variable(expansion.dropFirst())
        }
        let inner = expansion.dropFirst(2).dropLast()
        if inner.hasPrefix("#") || inner.hasPrefix("!") { return nil }
        let name = inner.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "@" }
        let rest = inner.dropFirst(name.count)
        return modified(variable(name), name, rest, depth: depth)
    }

    private func modified(
        _ value: String?, _ name: Substring, _ rest: Substring, depth: Int
    ) -> String? {
        if rest.isEmpty || rest.hasPrefix("[0]") { return value }
        for (operation, isSet) in [(":-", false), (":=", true), ("-", false), ("=", true)]
        where rest.hasPrefix(operation) {
            if let value, !value.isEmpty { return value }
            let text = String(rest.dropFirst(operation.count))
            let tokens = ShellLexer.tokens(Array(text.utf8))
            guard tokens.count == 1, case .word(let word) = tokens[0].kind else {
                return tokens.isEmpty ? "" : nil
            }
            guard let replacement = self.value(word, depth: depth + 1) else { return nil }
            if isSet { frame.variables[String(name)] = replacement }
            return replacement
        }
        if rest.hasPrefix(":+") || rest.hasPrefix("+") {
            return value.map { _ in String(rest.drop { $0 == ":" || $0 == "+" }) }
        }
        guard let value else { return nil }
        let pattern = rest.drop { $0 == "#" || $0 == "%" }
        if rest.hasPrefix("#"), !pattern.contains("*") {
            return value.hasPrefix(pattern) ? String(value.dropFirst(pattern.count)) : value
        }
        if rest.hasPrefix("%"), !pattern.contains("*") {
            return value.hasSuffix(pattern) ? String(value.dropLast(pattern.count)) : value
        }
        // `${1:0:1}`
        let numbers = rest.dropFirst().split(separator: ":").map { Int($0) }
        if rest.hasPrefix(":"), numbers.count == 2, let from = numbers[0], let count = numbers[1],
            from >= 0, count >= 0
        {
            return String(value.dropFirst(from).prefix(count))
        }
        return nil
    }

    private func variable(_ name: some StringProtocol) -> String? {
        if let number = Int(name) {
            if number == 0 {
                return frame.script.map { "/" + String(decoding: $0.bytes, as: UTF8.self) }
            }
            guard number > 0, number <= frame.args.count else { return "" }
            return frame.args[number - 1]
        }
        if name == "#" { return frame.args.contains(nil) ? nil : String(frame.args.count) }
        if name == "@" || name == "*" {
            let known = frame.args.compactMap(\.self)
            return known.count == frame.args.count ? known.joined(separator: " ") : nil
        }
        if name == "BASH_SOURCE" {
            return frame.script.map { "/" + String(decoding: $0.bytes, as: UTF8.self) }
        }
        return frame.variables[String(name)]
    }

    /// Takes `NAME=value` into account.
    func assign(_ word: ShellWord, _ context: Context) {
        let isConditional = context.isConditional || !context.known.isEmpty
        guard case .literal(let head) = word.parts.first,
            let equals = head.firstIndex(of: "="), frame.variables.count < 5000
        else { return }
        var name = String(head[..<equals])
        if name.hasSuffix("+") { name.removeLast() }
        var rest = word
        let tail = String(head[head.index(after: equals)...])
        rest.parts.removeFirst()
        if !tail.isEmpty { rest.parts.insert(.literal(tail), at: 0) }
        let isIdentity =
            rest.expansion.map(RootTests.isIdentity) == true
            || rest.expansion.map {
                frame.identities.contains($0.filter { !"${}".contains($0) })
            } == true
        if isIdentity { frame.identities.insert(name) }
        if let value = value(rest) {
            // What the image says stays, where a script only may say otherwise.
            let known = frame.variables[name] ?? ""
            if !isConditional || known.isEmpty { frame.variables[name] = value }
        } else if !isConditional {
            frame.variables[name] = nil
        }
    }
}
