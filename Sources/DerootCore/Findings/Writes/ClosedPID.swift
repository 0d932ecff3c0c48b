import DerootBytes
import DerootTar

/// NR035: pid files and sockets in closed directories.
package enum ClosedPID: ImageRule {
    package static let rule = Rule(
        "NR035", "pid-path", .warn, "A pid file or socket lies where the user may not write",
        help: """
            A server's configuration names a pid file or a socket below a directory that belongs \
            to root, mostly /run: the server ends with "permission denied". --own DIRECTORY \
            hands the directory over; a recipe moves the file to /tmp.
            """,
        classes: [17])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard let access = image.access else { return [] }
        let keys = [
            "pid", "PidFile", "pidfile", "pid-file", "pid_file", "unixsocket", "socket", "stats",
        ]
        var places: [Finding.Evidence] = []
        for line in image.serverLines where line.words.count > 1 && keys.contains(line.words[0]) {
            guard let value = line.words.dropFirst().first(where: { $0.hasPrefix("/") }),
                value.utf8.count < 4096, !access.mayMake(TarPath(value))
            else { continue }
            places.append(
                image.evidence(at: line.path, line: line.number, before: printable(line.text.utf8)))
        }
        return found(
            "\(count(places.count, "pid file or socket lies", "pid files or sockets lie")) where the user may not write",
            at: places, confidence: .likely,
            fix: .option("--own DIRECTORY hands it over; a recipe moves the file"))
    }
}
