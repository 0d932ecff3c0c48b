import ArgumentParser
import DerootBytes
import DerootCore

// What shells offer for an argument. Their scripts ask the binary itself when somebody presses Tab,
// so that recipes and files are always those of the moment.
extension CompletionKind {
    /// An image: transports, then the layouts or archives that are there.
    static var image: CompletionKind {
        .custom { _, _, word in
            let names = OfferedNames.images(word)
            // zsh takes what follows a colon for a description (zshcompsys, _describe).
            guard CompletionShell.requesting == .zsh else { return names }
            return names.map {
                $0.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "\\:")
            }
        }
    }

    /// A recipe: built-in ids, `none`, and files of one's own.
    static var recipe: CompletionKind {
        .custom { _, _, word in OfferedNames.recipes(word, withFiles: true) }
    }

    /// A built-in recipe's id.
    static var recipeID: CompletionKind {
        .custom { _, _, word in OfferedNames.recipes(word, withFiles: false) }
    }

    /// A file that holds JSON.
    static var json: CompletionKind { .file(extensions: ["json"]) }

    /// A file that holds YAML.
    static var yaml: CompletionKind { .file(extensions: ["yaml", "yml"]) }
}

/// The names that are offered for a word that somebody began.
enum OfferedNames {
    /// What begins an image's reference.
    private static let transports = ["oci:", "oci-archive:", "docker-archive:", "docker://"]

    /// Images, for a word such as `oci:ngi`.
    static func images(_ word: String) -> [String] {
        for transport in transports where word.hasPrefix(transport) {
            guard transport != "docker://" else { return [] }
            let path = String(word.dropFirst(transport.count))
            return paths(path, files: transport != "oci:").map { transport + $0 }
        }
        return transports.filter { $0.hasPrefix(word) } + paths(word, files: true)
    }

    /// Recipes, for the beginning of an id or of a path.
    static func recipes(_ word: String, withFiles: Bool) -> [String] {
        let library = try? RecipeLibrary.builtIn()
        let ids = (library?.recipes.map(\.id) ?? []).filter { $0.hasPrefix(word) }
        guard withFiles else { return ids }
        let files = paths(word, files: true).filter { name in
            name.hasSuffix("/") || name.hasSuffix(".yaml") || name.hasSuffix(".yml")
        }
        return ids + ["none"].filter { $0.hasPrefix(word) } + files
    }

    /// Paths that begin so; directories end in a slash.
    ///
    /// bash expands what it is offered, so a name with a character that means something to a shell
    /// is left out: `$(…)` in a file's name would be run.
    static func paths(_ word: String, files: Bool) -> [String] {
        let slash = word.lastIndex(of: "/")
        let folder = slash.map { String(word[...$0]) } ?? ""
        let begun = slash.map { String(word[word.index(after: $0)...]) } ?? word
        guard let names = try? Directory.names(in: folder.isEmpty ? "." : folder) else { return [] }
        return names.compactMap { name in
            let path = folder + name
            guard name.hasPrefix(begun), !begun.isEmpty || !name.hasPrefix("."), isPlain(path),
                let kind = try? File.kind(of: path)
            else { return nil }
            if kind == .directory { return path + "/" }
            return files ? path : nil
        }
    }

    private static func isPlain(_ name: String) -> Bool {
        name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || byte >= 0x80
                || Array("/._-+@%,=".utf8).contains(byte)
        }
    }
}
