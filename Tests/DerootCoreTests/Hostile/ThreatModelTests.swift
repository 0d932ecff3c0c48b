import DerootBytes
import Testing

/// docs/threat-model.md and the tests say the same.
struct ThreatModelTests {
    /// The repository, three directories above this file's own.
    private static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        .dropLast(4).joined(separator: "/")

    private func text(_ path: String) throws -> String {
        var slice = try FileSlice(File.reading("\(Self.root)/\(path)"))
        var bytes = [UInt8](repeating: 0, count: Int(clamping: slice.count))
        var filled = 0
        var span = bytes.mutableSpan
        try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
            while filled < memory.count {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
                filled += try unsafe slice.read(into: rest)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Rows as `id` and the names between backticks of the last column.
    private func rows() throws -> [(id: String, tests: [String])] {
        try text("docs/threat-model.md").split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard cells.count == 6, let id = cells[1].split(separator: " ").first,
                id.utf8.count == 3, id.utf8.first.map({ (0x41...0x48).contains($0) }) == true
            else { return nil }
            let quoted = cells[4].split(separator: "`", omittingEmptySubsequences: false)
            let names = quoted.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
            return (String(id), names)
        }
    }

    private static let groups = [
        ("A", 24), ("B", 9), ("C", 23), ("D", 15), ("E", 14), ("G", 10), ("H", 6),
    ]

    @Test func everyThreatIsListedOnce() throws {
        let wanted = Self.groups.flatMap { group, count in
            (1...count).map { "\(group)\($0 < 10 ? "0" : "")\($0)" }
        }
        #expect(try rows().map(\.id) == wanted)
    }

    @Test func everyThreatHasATestOfItsNameAndEveryTestExists() throws {
        var sources: [String] = []
        var folders = ["Tests"]
        while let folder = folders.popLast() {
            for name in try Directory.names(in: "\(Self.root)/\(folder)") {
                let path = "\(folder)/\(name)"
                if try File.kind(of: "\(Self.root)/\(path)") == .directory {
                    folders.append(path)
                } else if name.hasSuffix("Tests.swift") {
                    sources.append(try text(path))
                }
            }
        }
        let functions = Set(
            sources.flatMap { source in
                source.split(separator: "func ").dropFirst().map { rest in
                    rest.hasPrefix("`")
                        ? String(rest.dropFirst().prefix { $0 != "`" })
                        : String(rest.prefix { $0 != "(" })
                }
            })
        for (id, tests) in try rows() {
            #expect(tests.contains { $0.hasPrefix("\(id)_") }, "\(id)")
            for name in tests {
                if name.hasPrefix("Tests/") {
                    #expect(try File.kind(of: "\(Self.root)/\(name)") == .regular, "\(name)")
                } else {
                    #expect(functions.contains(name), "\(name)")
                }
            }
        }
    }
}
