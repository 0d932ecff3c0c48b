import DerootBytes
import DerootTar

/// NR036: log files that are links to streams.
package enum LogLink: ImageRule {
    package static let rule = Rule(
        "NR036", "log-link", .info, "Log files are links to a stream",
        help: """
            Links to /dev/stdout and /dev/stderr work, since runtimes give the streams to the \
            user. Links to /proc/1/fd do not: the user may not open the streams of another \
            process, where the program is not the first itself. A recipe makes them links to \
            /dev/stdout.
            """,
        classes: [18])

    package static func findings(in image: CheckedImage) -> [Finding] {
        var fine: [Finding.Evidence] = []
        var closed: [Finding.Evidence] = []
        for reference in image.census.streams where image.isShown(reference) {
            let target = image.tree.layers[reference.layer].linkBytes(reference.index)
            let isClosed = target.starts(with: "/proc/1/".utf8)
            let isStream =
                target.starts(with: "/dev/std".utf8) || target.starts(with: "/proc/self/fd/".utf8)
            // The links of /dev itself are as every system has them.
            guard isClosed || isStream,
                image.path(reference).components.first?.elementsEqual("dev".utf8) != true
            else { continue }
            let place = image.evidence(reference, before: printable(target))
            if isClosed { closed.append(place) } else { fine.append(place) }
        }
        return found(
            count(fine.count, "log file is a link to a stream", "log files are links to streams"),
            at: fine, fix: .none("nothing is needed"))
            + found(
                count(closed.count, "link leads", "links lead") + " to the streams of process 1",
                at: closed, severity: .warn, confidence: .likely,
                fix: .recipe("a recipe links to /dev/stdout instead"))
    }
}
