import DerootBytes
import Glibc
import Testing

@testable import DerootStore

/// A directory of a test's own, gone with it.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = "/tmp/deroot-test-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        try Directory.create(path, permissions: 0o700)
    }

    deinit { try? Directory.removeTree(path) }

    /// The full path of a name.
    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, replacing it, and creates the directories on its way.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        try makeParents(of: name)
        try File.remove(self(name))
        try File.creating(self(name), permissions: 0o644).write(bytes)
    }

    /// Writes a text file.
    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    /// Makes a symbolic link.
    func link(_ name: String, to target: String) throws {
        try makeParents(of: name)
        let status = unsafe symlink(target, self(name))
        try #require(status == 0)
    }

    /// Makes a FIFO.
    func fifo(_ name: String) throws {
        try makeParents(of: name)
        let status = unsafe mkfifo(self(name), 0o644)
        try #require(status == 0)
    }

    /// Makes a directory.
    func directory(_ name: String) throws { try makeParents(of: name + "/x") }

    private func makeParents(of name: String) throws {
        var made = ""
        for part in name.split(separator: "/").dropLast() {
            made += made.isEmpty ? String(part) : "/\(part)"
            _ = try Directory.ensure(self(made))
        }
    }

    /// A file's bytes.
    func read(_ name: String) throws -> [UInt8] {
        try FileSlice(File.reading(self(name))).bytes()
    }

    /// A file's permission bits.
    func permissions(_ name: String) throws -> UInt32 {
        try File.opening(self(name), flags: O_RDONLY).status().st_mode & 0o7777
    }

    /// Everything below a name: paths to contents; directories to nil, links to their targets.
    func snapshot(_ name: String = ".") throws -> [String: [UInt8]?] {
        var found: [String: [UInt8]?] = [:]
        for child in try Directory.names(in: self(name)) {
            let full = "\(name)/\(child)"
            switch try File.kind(of: self(full), followingLinks: false) {
            case .directory:
                found.updateValue(nil, forKey: full)
                try found.merge(snapshot(full)) { $1 }
            case .regular: found[full] = try read(full)
            case .symlink: found[full] = Array("-> \(try File.resolved(self(full)))".utf8)
            default: found[full] = Array("other".utf8)
            }
        }
        return found
    }
}

/// Runs a body that has to fail, and gives its error.
func failure<Result>(_ body: () throws -> Result) throws -> DerootError {
    try #require(throws: DerootError.self) { _ = try body() }
}
