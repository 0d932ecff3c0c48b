import DerootBytes
import DerootOCI

// What a recipe changes in the config.
extension RecipeWork {
    /// The changes, without those that change nothing.
    func settings() throws(DerootError) -> ConfigChanges {
        var changes = ConfigChanges()
        let config = image.config
        if holds(recipe.config.condition) {
            if let words = try recipe.config.entrypoint.map(filled), words != config.entrypoint {
                changes.entrypoint = ValueChange(before: config.entrypoint, after: words)
            }
            if let words = try recipe.config.cmd.map(filled), words != config.cmd {
                changes.cmd = ValueChange(before: config.cmd, after: words)
            }
            if let text = recipe.config.workingDirectory {
                let path = try path(text).text
                if path != config.workingDirectory {
                    changes.workingDirectory = ValueChange(
                        before: config.workingDirectory, after: path)
                }
            }
        }
        for variable in recipe.environment where holds(variable.condition) {
            let before = values.environment(variable.name)
            let after = try variable.value.map { (text) throws(DerootError) in
                String(decoding: try text.filled(values), as: UTF8.self)
            }
            if before != after {
                changes.environment.append(
                    .init(name: variable.name, before: before, after: after))
            }
        }
        return changes
    }

    private func filled(_ words: [RecipeText]) throws(DerootError) -> [String] {
        var out: [String] = []
        for word in words { out.append(String(decoding: try word.filled(values), as: UTF8.self)) }
        return out
    }
}

/// Moves ports below 1024 (`--ports remap`).
enum PortRemapping {
    /// The ports before and after; nil where none moves.
    ///
    /// - Throws: `.blocked` where two would be one (NR012), and where nothing says how to move one.
    static func change(
        _ config: ImageConfig, _ moves: [RecipePort]
    ) throws(DerootError) -> ValueChange<[String]>? {
        let exposed = config.exposedPorts
        let normal = exposed.map { RecipePort.normalized($0) ?? $0 }
        var after: [String] = []
        for (text, port) in zip(exposed, normal) {
            guard let move = moves.first(where: { $0.from == port }) else {
                let number = UInt16(port.prefix { $0 != "/" }) ?? .max
                guard number >= 1024 else {
                    throw DerootError(
                        .blocked, "--ports remap: nothing says where \(port) moves to",
                        advice: "give a recipe that has it in 'ports' and edits what binds it")
                }
                after.append(text)
                continue
            }
            guard !normal.contains(move.to) else {
                throw DerootError(
                    .blocked, "NR012 port-clash: \(move.from) moves to \(move.to), which is taken",
                    advice: "give a recipe with another port")
            }
            after.append(move.to)
        }
        return after == exposed ? nil : ValueChange(before: exposed, after: after)
    }
}
