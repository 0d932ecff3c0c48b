import DerootBytes
import DerootTar

/// NR028: binaries that name setuid and the like.
package enum BinaryStart: ImageRule {
    package static let rule = Rule(
        "NR028", "binary-entrypoint", .info, "The start program can change users by itself",
        help: """
            The program that the image starts is a binary and names functions such as setuid or \
            setgroups, so it may want to be root and step down by itself. Most such programs \
            skip the step where they are not root; nobody can see it from outside.
            """,
        classes: [8])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let names = ["setuid", "setgroups", "initgroups", "setresuid"]
        let binaries = image.chain.programs.filter { program in
            program.kind == .binary && [.entrypoint, .cmd, .script].contains(program.role)
        }
        var places: [Finding.Evidence] = []
        for program in binaries {
            guard let path = program.path, let content = image.files.content(at: path) else {
                continue
            }
            let named = names.filter { Self.contains(content, Array($0.utf8)) }
            guard !named.isEmpty else { continue }
            places.append(image.evidence(at: path, before: named.joined(separator: ", ")))
        }
        return found(
            "the start program names functions that change users", at: places, confidence: .guess,
            fix: .none("try it: deroot cannot look into programs"))
    }

    /// True where the bytes hold this name as a symbol table has it, between NULs.
    private static func contains(_ bytes: [UInt8], _ name: [UInt8]) -> Bool {
        guard bytes.count > name.count + 1 else { return false }
        for index in 1..<(bytes.count - name.count)
        where bytes[index] == name[0] && bytes[index - 1] == 0 {
            let end = index + name.count
            if bytes[end] == 0, bytes[index..<end].elementsEqual(name) { return true }
        }
        return false
    }
}
