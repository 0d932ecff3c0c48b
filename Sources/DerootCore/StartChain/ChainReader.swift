import DerootBytes
import DerootTar

/// Follows the start of an image through its programs and scripts and notes what they do.
final class ChainReader {
    let image: StartImage
    let files: ImageFiles
    var chain = StartChain()
    /// Scripts on the way to the one that is being read, so that none is read inside itself.
    private var stack: [TarPath] = []
    /// Commands that may still be looked at; bounds every kind of nesting.
    private var left = 20_000
    private var tests = 200_000
    private var seen: Set<AnyHashable> = []

    /// The caller's state at a command.
    struct Context {
        var origin: Finding.Evidence.Place
        var known: Knowledge = []
        var isConditional = false
        /// A failure is caught.
        var isTolerated = false
        /// Nothing but programs is noted.
        var isHealthcheck = false
        var depth = 0
    }

    /// How a command ends.
    enum Ending { case falls, returns, exits }

    /// A script's variables and functions; sourced scripts share them.
    final class Frame {
        struct Function {
            let body: ShellNode
            let origin: Finding.Evidence.Place
        }

        var args: [String?]
        var variables: [String: String] = [:]
        /// Variables that hold the uid or the user's name.
        var identities: Set<String> = []
        var functions: [String: Function] = [:]
        var stopsAtErrors = false
        let script: TarPath?

        init(_ args: [String?], script: TarPath?) {
            self.args = args
            self.script = script
        }
    }

    /// The chain, as far as the files are known.
    static func read(_ image: StartImage, _ files: ImageFiles) -> StartChain {
        let reader = ChainReader(image, files)
        let argv = (image.entrypoint + image.cmd).map(Optional.some)
        let isEntrypoint = !image.entrypoint.isEmpty
        var context = Context(
            origin: .config(isEntrypoint ? "config.Entrypoint" : "config.Cmd"))
        reader.start(argv[...], context, line: nil, role: isEntrypoint ? .entrypoint : .cmd)
        context.origin = .config("config.Healthcheck.Test")
        context.isHealthcheck = true
        let test = image.healthcheck
        if test.first == "CMD" {
            reader.start(
                test.dropFirst().map(Optional.some)[...], context, line: nil, role: .healthcheck)
        } else if test.first == "CMD-SHELL", test.count > 1 {
            reader.run(text: test[1], args: [], context, role: .healthcheck)
        }
        return reader.chain
    }

    private init(_ image: StartImage, _ files: ImageFiles) {
        self.image = image
        self.files = files
    }

    /// True while there is something left to spend on another command.
    func spend() -> Bool {
        left -= 1
        return left > 0
    }

    /// True while there is something left to spend on the meaning of another test.
    func spendTest() -> Bool {
        tests -= 1
        return tests > 0
    }

    /// Reads a command line given as one text.
    func run(
        text: String, args: [String?], _ context: Context, role: StartChain.Program.Role = .script
    ) {
        guard context.depth < 20 else { return }
        let frame = Frame(args, script: nil)
        frame.variables = image.env
        var context = context
        context.depth += 1
        _ = ShellReader(self, frame, role: role).walk(
            ShellParser.parse(Array(text.utf8)), context)
    }

    /// Reads a script file, in a frame of its own or in the one that sources it.
    ///
    /// Gives what is known of the caller afterwards, for a sourced script.
    func follow(
        _ path: TarPath, args: [String?], _ context: Context, in shared: Frame? = nil,
        options: String = ""
    ) {
        guard context.depth < 20, !stack.contains(path), let content = files.content(at: path),
            !content.contains(0)
        else { return }
        stack.append(path)
        defer { stack.removeLast() }
        if !chain.scripts.contains(path) { chain.scripts.append(path) }
        let frame = shared ?? Frame(args, script: path)
        if shared == nil { frame.variables = image.env }
        let shebang = content.starts(with: "#!".utf8) ? content.prefix { $0 != 0x0A } : []
        let words = shebang.split(separator: 0x20).dropFirst().map {
            String(decoding: $0, as: UTF8.self)
        }
        if shared == nil {
            frame.stopsAtErrors = words.contains { $0.hasPrefix("-") && $0.contains("e") }
        }
        var inner = context
        inner.origin = .file(path)
        inner.depth += 1
        _ = ShellReader(self, frame, role: .script).walk(ShellParser.parse(content), inner)
    }

    /// Follows every script of a directory, as run-parts and loops do.
    func follow(directory path: TarPath, _ context: Context, in shared: Frame? = nil) {
        guard let node = image.tree.resolve(path).node else { return }
        let names = image.tree.children(of: node).map { Array(image.tree.name(of: $0)) }
            .sorted { $0.lexicographicallyPrecedes($1) }
        var context = context
        context.isConditional = true
        for name in names.prefix(100) {
            let file = path.appending(name)
            guard let entry = image.file(at: file) else { continue }
            let isSourced = name.hasSuffix(".envsh")
            if name.hasSuffix(".sh") || isSourced || image.tree[entry].mode & 0o111 != 0 {
                follow(file, args: [], context, in: isSourced ? shared : nil)
            }
        }
    }

    /// Notes something once.
    func note<Event: Hashable>(_ event: Event, _ into: (inout StartChain) -> Void) {
        guard seen.count < 20_000, seen.insert(AnyHashable(event)).inserted else { return }
        into(&chain)
    }
}

extension ChainReader.Context {
    /// A line of the script, or the key of the config that is no file.
    func place(_ line: Int?) -> StartChain.Place {
        if case .file = origin { return .init(place: origin, line: line) }
        return .init(place: origin, line: nil)
    }

    /// The conditions at a command.
    func circumstances(stopsAtErrors: Bool = false) -> StartChain.Circumstances {
        .init(
            isGuarded: known.contains(.root), isConditional: isConditional,
            isFatal: stopsAtErrors && !isTolerated)
    }
}
