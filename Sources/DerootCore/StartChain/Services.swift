import DerootTar

extension ChainReader {
    /// Notes an init system, a cron daemon or an SSH server, and follows what these start.
    func noteService(
        _ name: String, _ word: String, _ args: ArraySlice<String?>, _ path: TarPath?, _ line: Int?,
        _ context: Context
    ) {
        guard !context.isHealthcheck else { return }
        func note(_ kind: StartChain.Service.Kind) {
            let event = StartChain.Service(
                kind: kind, at: context.place(line), circumstances: context.circumstances())
            self.note(event) { $0.services.append(event) }
        }
        var inner = context
        inner.depth += 1
        switch name {
        case "cron", "crond", "anacron", "fcron", "dcron": note(.cron)
        case "sshd": note(.sshd)
        case "supervisord":
            note(.supervisord)
            supervisor(args, inner)
        case "s6-svscan":
            note(.s6)
            if let directory = args.last(where: { $0?.hasPrefix("-") != true }), let directory {
                services(below: image.absolute(directory), ["run"], inner)
            }
        case "runsvdir", "runsvdir-start", "my_init", "runit", "runit-init":
            note(.runit)
            chain(inner, directories: ["etc/my_init.d"], services: ["etc/service", "etc/sv"])
        case "systemd": note(.systemd)
        case "init":
            let target = path.map { image.tree.resolve($0).path }
            if target?.name.elementsEqual("systemd".utf8) == true {
                note(.systemd)
            } else if isS6Overlay(path) {
                note(.s6Overlay)
                chain(
                    inner, directories: ["etc/cont-init.d"],
                    services: ["etc/services.d", "etc/s6-overlay/s6-rc.d"])
            }
        default: break
        }
    }

    /// s6-overlay v3 lives below /package, v2 below /etc/s6 with an init of its own.
    private func isS6Overlay(_ path: TarPath?) -> Bool {
        let places: [TarPath] = [
            "package/admin/s6-overlay", "etc/s6-overlay", "etc/s6/init", "etc/cont-init.d",
        ]
        if places.contains(where: { image.tree.find($0) != nil }) { return true }
        guard let package = image.tree.find("package/admin") else { return false }
        return image.tree.children(of: package).contains {
            image.tree.name(of: $0).starts(with: "s6-overlay".utf8)
        }
    }

    private func chain(_ context: Context, directories: [TarPath], services: [TarPath]) {
        for directory in directories { follow(directory: directory, context) }
        for directory in services { self.services(below: directory, ["run", "up"], context) }
    }

    /// Follows `NAME/run` below a directory of services.
    private func services(below directory: TarPath, _ names: [String], _ context: Context) {
        guard let node = image.tree.resolve(directory).node else { return }
        let services = image.tree.children(of: node).map { Array(image.tree.name(of: $0)) }
            .sorted { $0.lexicographicallyPrecedes($1) }
        for service in services.prefix(200) {
            for name in names {
                let path = directory.appending(service).appending(name.utf8)
                if image.file(at: path) != nil { follow(path, args: [], context) }
            }
        }
    }

    private func supervisor(_ args: ArraySlice<String?>, _ context: Context) {
        let options = Options(args, valued: ["-c", "--configuration"])
        let named = options.value("-c", "--configuration").flatMap(\.self)
        let usual = ["/etc/supervisord.conf", "/etc/supervisor/supervisord.conf"]
        for candidate in named.map({ [$0] }) ?? usual {
            let path = image.absolute(candidate)
            guard let content = files.content(at: path) else { continue }
            for include in supervisor(content, at: path, context) {
                let directory = TarPath(include).parent
                guard let node = image.tree.resolve(directory).node else { continue }
                for child in image.tree.children(of: node).prefix(200) {
                    let file = directory.appending(image.tree.name(of: child))
                    guard file.name.hasSuffix(".conf") || file.name.hasSuffix(".ini") else {
                        continue
                    }
                    if let content = files.content(at: file) {
                        _ = supervisor(content, at: file, context)
                    }
                }
            }
            return
        }
    }

    /// Reads one configuration of supervisord; gives the patterns it includes.
    private func supervisor(
        _ content: [UInt8], at path: TarPath, _ context: Context
    ) -> [String] {
        var context = context
        context.origin = .file(path)
        var includes: [String] = []
        var section = ""
        let lines = content.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, bytes) in lines.enumerated() {
            let text = String(decoding: bytes.filter { $0 != 0x0D }, as: UTF8.self)
            if text.hasPrefix("[") { section = text }
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, !text.hasPrefix(";"), !text.hasPrefix("#") else { continue }
            let key = parts[0].filter { $0 != " " }
            let value = parts[1].prefix { $0 != ";" }
            let words = value.split(separator: " ").map { String($0) }
            switch key {
            case "files": includes += words
            case "command":
                start(words.map(Optional.some)[...], context, line: index + 1, role: .script)
            case "user" where words == ["root"] || words == ["0"]:
                let event = StartChain.RootFlag(
                    text: "user=root in \(section)", at: context.place(index + 1),
                    circumstances: context.circumstances())
                note(event) { $0.rootFlags.append(event) }
            case "user":
                let event = StartChain.StepDown(
                    tool: "supervisord", account: words.first, at: context.place(index + 1),
                    circumstances: context.circumstances())
                note(event) { $0.stepDowns.append(event) }
            default: break
            }
        }
        return includes
    }
}
