import ArgumentParser
import DerootBytes
import DerootCore
import DerootReport
import Glibc

extension Gate: ExpressibleByArgument {}
extension CheckPolicy.FailOn: ExpressibleByArgument {}

/// What makes a check fail.
struct PolicyFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A standard whose findings count as errors: \(PolicyFlags.gateNames); repeatable.",
            valueName: "name"))
    var gate: [Gate] = []

    @Option(help: "From which severity on exit status 1 is given: error, warn or never.")
    var failOn = CheckPolicy.FailOn.error

    @Option(
        help: ArgumentHelp(
            "The file of accepted findings; default .deroot.yaml here, if there is one.",
            valueName: "file"), completion: .yaml)
    var config: String?

    private static let gateNames = Gate.allCases.map(\.rawValue).joined(separator: ", ")

    /// The policy, its file read; `now` is in seconds since 1970.
    ///
    /// - Throws: What is wrong with the file.
    func policy(now: Int64) throws(DerootError) -> CheckPolicy {
        var policy = CheckPolicy()
        for name in gate where !policy.gates.contains(name) { policy.gates.append(name) }
        policy.failOn = failOn
        policy.now = now
        let usual = ".deroot.yaml"
        var path = config
        let found = try File.kind(of: usual)
        if path == nil, found != nil { path = usual }
        if let path {
            policy.ignores = try IgnoreFile(
                parsing: InputFile.read(path, atMost: UInt64(StrictYAML.size)), file: path,
                rules: Set(Rules.all.map(\.id)))
        }
        return policy
    }
}

/// What a check prints, where, and how.
struct CheckOutputFlags: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, sarif, junit, html }
    enum Color: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

    @Option(help: "What comes out: text, json, sarif, junit or html.")
    var format = Format.text

    @Option(
        name: .short, help: ArgumentHelp("Write it to this file instead.", valueName: "file"),
        completion: .file())
    var output: String?

    @Flag(help: "List the paths that convert would change, layer by layer.")
    var tree = false

    @Flag(help: "Print a docker line and a Kubernetes pod that fit the converted image.")
    var hints = false

    @Flag(name: .shortAndLong, help: "A line for each image and nothing else.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Show every place of every finding.")
    var verbose = false

    @Option(help: "Colours: auto (on a terminal, unless NO_COLOR is set), always, never.")
    var color = Color.auto

    @Option(help: "Progress on standard error: auto (only on a terminal), plain, none, json.")
    var progress = OutputFlags.Progress.auto

    /// How text is to look where it goes.
    var style: TextStyle {
        let isTerminal = output == nil && isatty(1) == 1
        let isWanted =
            switch color {
            case .always: true
            case .never: false
            case .auto:
                isTerminal && Environment.text("NO_COLOR") == nil
                    && Environment.text("TERM") != "dumb"
            }
        return TextStyle(
            width: isTerminal ? Environment.columns : nil, usesColor: isWanted,
            usesUnicode: output != nil || Environment.isUTF8)
    }

    /// Prints to standard output or into the file.
    func result(_ text: String) throws(DerootError) {
        let bytes = Array(text.utf8)
        guard let output else {
            try File.standardOutput.write(bytes)
            return
        }
        try OutputFile.write(bytes, to: output)
    }

    /// Prints a line for people.
    func note(_ line: String) {
        if !quiet { Console.error(line) }
    }
}

/// What the environment says.
enum Environment {
    /// A variable; nil where it is unset or empty.
    static func text(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// True where the locale's characters are UTF-8 (POSIX: LC_ALL before LC_CTYPE before LANG).
    static var isUTF8: Bool {
        let locale = text("LC_ALL") ?? text("LC_CTYPE") ?? text("LANG") ?? ""
        let name = locale.lowercased()
        return name.hasSuffix("utf-8") || name.hasSuffix("utf8")
    }

    /// The terminal's width; 80 where it does not tell.
    static var columns: Int {
        var size = winsize()
        if unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
            return Int(size.ws_col)
        }
        return text("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
    }

    /// Seconds since 1970: SOURCE_DATE_EPOCH, else the clock's.
    static var now: Int64 {
        if let text = text("SOURCE_DATE_EPOCH"), let seconds = Int64(text) { return seconds }
        return Int64(time(nil))
    }
}
