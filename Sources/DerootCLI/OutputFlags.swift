import ArgumentParser
import DerootBytes
import Glibc

/// What is printed, where, and how much.
struct OutputFlags: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }
    enum Progress: String, ExpressibleByArgument, CaseIterable { case auto, plain, none, json }

    @Option(help: "What goes to standard output: text or json.")
    var format = Format.text

    @Option(
        name: .short, help: ArgumentHelp("Write it to this file instead.", valueName: "file"),
        completion: .file())
    var output: String?

    @Flag(name: .shortAndLong, help: "Say nothing but errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "List every changed path.")
    var verbose = false

    @Option(help: "Progress on standard error: auto (only on a terminal), plain, none, json.")
    var progress = Progress.auto

    /// Prints the command's result.
    func result(_ text: String) throws(DerootError) {
        try result { (sink) throws(DerootError) in try sink(Array(text.utf8)) }
    }

    /// Prints the command's result, which `content` gives in pieces.
    func result(_ content: OutputFile.Content) throws(DerootError) {
        guard let output else {
            try content { (bytes) throws(DerootError) in try File.standardOutput.write(bytes) }
            return
        }
        try OutputFile.write(to: output, content)
    }

    /// Prints a line for people.
    func note(_ line: String) {
        if !quiet { Console.error(line) }
    }
}

/// Standard error.
enum Console {
    /// Prints a line; where even that fails there is nobody left to tell.
    static func error(_ line: String) {
        do throws(DerootError) {
            try File.standardError.write(Array((line + "\n").utf8))
        } catch {
            return
        }
    }
}

/// Files that are written beside the result: reports, plans, digests.
enum OutputFile {
    /// Gives a file's content to a sink, in pieces.
    typealias Content = (_ sink: ([UInt8]) throws(DerootError) -> Void) throws(DerootError) -> Void

    /// Writes a whole file, or leaves what was there; devices and pipes are written to as they are.
    static func write(_ bytes: [UInt8], to path: String) throws(DerootError) {
        try write(to: path) { (sink) throws(DerootError) in try sink(bytes) }
    }

    /// The same with a content in pieces.
    static func write(to path: String, _ content: Content) throws(DerootError) {
        let kind = try File.kind(of: path)
        guard kind == nil || kind == .regular else {
            let file = try File.opening(path, flags: O_WRONLY)
            try content { (bytes) throws(DerootError) in try file.write(bytes) }
            return
        }
        // Behind a symbolic link the file itself is replaced, not the link.
        let target = kind == nil ? path : try File.resolved(path)
        let temporary = "\(target).deroot-\(getpid())"
        do throws(DerootError) {
            let file = try File.creating(temporary, permissions: 0o644)
            try content { (bytes) throws(DerootError) in try file.write(bytes) }
            try file.sync()
            try File.rename(temporary, to: target)
        } catch {
            _ = try? File.remove(temporary)
            throw error
        }
    }
}
