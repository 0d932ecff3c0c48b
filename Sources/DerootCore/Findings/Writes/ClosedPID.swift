import DerootBytes
import DerootTar

/// NR035: pid files and sockets in closed directories.
package enum ClosedPID: ImageRule {
    package static let rule = Rule(
        "NR035", "pid-path", .warn, "A pid file or socket lies where the user may not write",
        help: """
            A server's configuration names a pid file or a socket below a directory that belongs \
            to root, mostly /run: the server ends with "permission denied". --own DIRECTORY \
            hands the directory over; a recipe moves the file to /tmp. It blocks where the server \
            that the image starts is known to end there, and convert has no recipe for it.
            """,
        classes: [17])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let access = image.access else { return [] }
        let keys = [
            "pid", "PidFile", "pidfile", "pid-file", "pid_file", "unixsocket", "socket", "stats",
            "server.pid-file",
        ]
        // Apache's files lie below the root that its configuration names.
        var roots: [TarPath: String] = [:]
        for line in image.serverLines where line.words.first == "ServerRoot" {
            roots[line.path] = line.words.dropFirst().first.map { $0.filter { $0 != "\"" } }
        }
        var places: [Finding.Evidence] = []
        for line in image.serverLines where line.words.count > 1 && keys.contains(line.words[0]) {
            guard let value = place(of: line, roots), value.utf8.count < 4096,
                !access.mayMake(TarPath(value))
            else { continue }
            places.append(
                image.evidence(at: line.path, line: line.number, before: printable(line.text.utf8)))
        }
        // Until the plan is known to leave them, a recipe may still move them.
        let isFatal =
            image.isConverted
            && places.contains { place in
                guard case .file(let path) = place.place else { return false }
                return isStarted(with: path, image)
            }
        return found(
            "\(count(places.count, "pid file or socket lies", "pid files or sockets lie")) where the user may not write",
            at: places, severity: isFatal ? .block : nil, confidence: .likely,
            fix: .option("--own DIRECTORY hands it over; a recipe moves the file"))
    }

    /// Servers that end where they cannot write these files, by the folders of their configuration.
    private static let strict: [(folders: [TarPath], programs: Set<String>)] = [
        (["etc/nginx", "usr/local/nginx"], ["nginx"]),
        (
            ["etc/apache2", "etc/httpd", "usr/local/apache2"],
            [
                "apache2", "httpd", "apache2ctl", "apachectl", "apache2-foreground",
                "httpd-foreground",
            ]
        ),
        (["etc/haproxy", "usr/local/etc/haproxy"], ["haproxy"]),
        (["etc/lighttpd"], ["lighttpd"]),
    ]

    /// True where the image starts the server that reads the file.
    private static func isStarted(with path: TarPath, _ image: CheckedImage) -> Bool {
        strict.contains { server in
            server.folders.contains { path.isAt(orBelow: $0) }
                && server.programs.contains { image.chain.commands[$0] != nil }
        }
    }

    /// The file that a line names; relative ones only of Apache, which has a root for them.
    private static func place(of line: ServerFiles.Line, _ roots: [TarPath: String]) -> String? {
        let values = line.words.dropFirst()
        if let absolute = values.first(where: { $0.hasPrefix("/") }) { return absolute }
        guard line.words[0] == "PidFile", let value = values.first, let root = roots[line.path],
            root.hasPrefix("/")
        else { return nil }
        return "\(root)/\(value)"
    }
}
