package import DerootBytes
import Glibc

/// Where settings are looked for: the process's variables, and the root of the system's files.
///
/// A value, so that tests need no home and no `/etc` of their own.
package struct SettingsEnvironment: Sendable {
    /// The environment variables, by name.
    package let variables: [String: String]
    /// What is put before `/etc`; empty for the real one.
    package let root: String
    /// The user's number, which is part of a path below `/run`.
    package let userID: UInt32

    /// Makes an environment.
    package init(variables: [String: String], root: String = "", userID: UInt32 = getuid()) {
        self.variables = variables
        self.root = root
        self.userID = userID
    }

    /// The environment of this process as it was started.
    ///
    /// Read from `/proc`, since C's `environ` is a global variable that nobody may share.
    ///
    /// - Throws: `.io`.
    package static func current() throws(DerootError) -> SettingsEnvironment {
        let file = try File.reading("/proc/self/environ")
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            var count = 0
            var span = buffer.mutableSpan
            try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
                count = try unsafe file.read(into: memory)
            }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        var variables: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            let parts = entry.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            variables[String(decoding: parts[0], as: UTF8.self)] = String(
                decoding: parts[1], as: UTF8.self)
        }
        return SettingsEnvironment(variables: variables)
    }

    /// A variable's value; nil where it is not set, or empty.
    package subscript(name: String) -> String? {
        variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The user's home; nil where it is not known.
    package var home: String? { self["HOME"] }

    /// Where the user's settings are: `$XDG_CONFIG_HOME`, else `~/.config`.
    ///
    /// A relative path is ignored (XDG base directory specification, "Basics").
    package var configHome: String? {
        if let path = self["XDG_CONFIG_HOME"], path.hasPrefix("/") { return path }
        return home.map { $0 + "/.config" }
    }

    /// A file of the system, such as `/etc/containers/registries.conf`.
    package func system(_ path: String) -> String { root + path }

    /// The first program of that name in the absolute directories of `PATH`; nil where there is none.
    ///
    /// Relative directories are passed over: what lies in the working directory is other people's.
    func program(_ name: String) -> String? {
        for directory in (self["PATH"] ?? "").split(separator: ":") where directory.hasPrefix("/") {
            let path = "\(directory)/\(name)"
            let kind = try? File.kind(of: path)
            if kind == .regular, unsafe access(path, X_OK) == 0 { return path }
        }
        return nil
    }
}

/// Files with settings: small, and read whole.
enum SettingsFile {
    /// More than anybody writes into one.
    static let limit: UInt64 = 16 << 20

    /// A file's bytes; nil where there is none.
    ///
    /// - Throws: `.limit`, `.unsupported` for what is no file, `.io`.
    static func read(_ path: String) throws(DerootError) -> [UInt8]? {
        guard try File.kind(of: path) != nil else { return nil }
        var file = try FileSlice(File.reading(path))
        guard file.count <= limit else {
            throw DerootError(
                .limit, "the file has \(file.count) bytes, more than \(limit)",
                at: .init(file: path))
        }
        var bytes = [UInt8](repeating: 0, count: Int(clamping: file.count))
        var filled = 0
        var span = bytes.mutableSpan
        try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
            while filled < memory.count {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
                filled += try unsafe file.read(into: rest)
            }
        }
        return bytes
    }

    /// The line of a byte, from 1.
    static func line(of offset: Int, in bytes: [UInt8]) -> Int {
        bytes.prefix(offset).count { $0 == UInt8(ascii: "\n") } + 1
    }
}
