import DerootTar

extension ChainReader {
    /// Notes what a command writes.
    func noteWrites(
        _ name: String, _ args: ArraySlice<String?>, _ line: Int?, _ context: Context,
        _ stops: Bool
    ) {
        let plain = args.filter { $0?.hasPrefix("-") != true }
        var targets: [String?] = []
        var isDirectory = false
        switch name {
        case "mkdir":
            targets = Array(plain)
            isDirectory = true
            // A mode is no directory: `-m 0700`.
            if let mode = args.firstIndex(where: { $0 == "-m" }), mode + 1 < args.endIndex {
                let value = args[mode + 1]
                targets.removeAll { $0 == value }
            }
        case "touch", "tee", "truncate": targets = Array(plain)
        case "install":
            let makesDirectories = args.contains { $0?.hasPrefix("-d") == true }
            isDirectory = makesDirectories
            targets =
                makesDirectories ? plain.filter { $0?.hasPrefix("/") == true } : plain.suffix(1)
        case "cp", "mv", "ln": targets = plain.count > 1 ? plain.suffix(1) : []
        case "sed":
            let isInPlace = args.contains { $0?.hasPrefix("-i") == true || $0 == "--in-place" }
            targets = isInPlace ? plain.filter { $0?.hasPrefix("/") == true } : []
        default: return
        }
        for target in targets {
            guard let target else { continue }
            noteWrite(
                target, isDirectory: isDirectory, tool: name, line, context, stopsAtErrors: stops)
        }
    }

    /// Notes a path that is written.
    func noteWrite(
        _ target: String, isDirectory: Bool, tool: String, _ line: Int?, _ context: Context,
        stopsAtErrors: Bool
    ) {
        // Relative ones depend on a directory that scripts change.
        guard target.hasPrefix("/"), !target.contains("*"), !target.hasPrefix("/dev/"),
            !target.hasPrefix("/proc/"), target.utf8.count < 4096, !context.isHealthcheck,
            let path = try? TarPath(target).cleaned(), !path.isRoot
        else { return }
        var circumstances = context.circumstances(stopsAtErrors: stopsAtErrors)
        if context.known.contains(.writable) {
            circumstances = .init(
                isGuarded: true, isConditional: circumstances.isConditional,
                isFatal: circumstances.isFatal)
        }
        let event = StartChain.Write(
            path: path, isDirectory: isDirectory, tool: tool, at: context.place(line),
            circumstances: circumstances)
        note(event) { $0.writes.append(event) }
    }
}
