import DerootBytes
import DerootOCI
import DerootTar

/// NR011: listen lines with ports below 1024.
package enum LowListen: ImageRule {
    package static let rule = Rule(
        "NR011", "low-listen", .warn, "A server is configured to listen below 1024",
        help: """
            A line of a server's configuration, the start command or the environment names a \
            port below 1024. Where low ports may not be bound the server does not start. A \
            recipe changes the line and EXPOSE together.
            """,
        classes: [7])

    package static func findings(in image: CheckedImage) -> [Finding] {
        var places: [Finding.Evidence] = []
        for line in image.serverLines {
            guard let port = port(of: line), port < 1024 else { continue }
            places.append(
                image.evidence(at: line.path, line: line.number, before: printable(line.text.utf8)))
        }
        for entry in image.config.env {
            let parts = entry.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].hasSuffix("PORT"), let port = Port.number(parts[1]),
                port < 1024
            else { continue }
            places.append(Finding.Evidence(.config("config.Env"), before: printable(entry.utf8)))
        }
        for word in image.start.entrypoint + image.start.cmd {
            let value = word.split(separator: "=").last ?? ""
            let isAddress =
                word.contains("port") || word.contains("address") || word.contains("listen")
            guard isAddress, word.contains("="), let port = Port.number(value), port < 1024 else {
                continue
            }
            places.append(Finding.Evidence(.config("config.Cmd"), before: printable(word.utf8)))
        }
        return found(
            "\(count(places.count, "line names", "lines name")) a port below 1024", at: places,
            confidence: .likely, fix: .recipe("a recipe changes the line with the port"))
    }

    /// The port that a line of nginx, Apache httpd, haproxy, lighttpd and the like listens on.
    static func port(of line: ServerFiles.Line) -> Int? {
        guard line.words.count > 1 else { return nil }
        switch line.words[0] {
        case "listen", "Listen", "bind", "port", "server.port", "http_port", "listen_port":
            return Port.number(line.words[1])
        default: return nil
        }
    }
}
