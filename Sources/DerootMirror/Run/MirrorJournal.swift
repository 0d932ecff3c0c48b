import DerootBytes
import DerootCore
package import DerootOCI
import DerootRegistry
import Glibc
import Synchronization

/// Makes lines of a log of what a run does: the start, each image, tries, layers, and a summary.
package final class MirrorJournal: Sendable {
    private let shard: Shard
    private let write: @Sendable (JSON) -> Void
    /// Told the time in milliseconds since 1970, for tests.
    private let clock: @Sendable () -> Int64

    /// Writes lines about a shard.
    package init(
        _ shard: Shard, clock: @escaping @Sendable () -> Int64 = MirrorJournal.now,
        write: @escaping @Sendable (JSON) -> Void
    ) {
        self.shard = shard
        self.write = write
        self.clock = clock
    }

    /// Milliseconds since 1970.
    package static let now: @Sendable () -> Int64 = {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private func time(_ milliseconds: Int64) -> String {
        Timestamp(seconds: milliseconds / 1000).description
    }

    /// Says what is begun, with the absolute path of the folder of reports.
    package func begin(_ plan: MirrorPlan, _ items: [MirrorPlan.Item], reports: String?) {
        let now = clock()
        var object: JSONObject = [
            "time": .string(time(now)), "event": .string("start"),
            "shard": .string(shard.description), "tool": .string(Version.text),
            "target": .string(plan.target), "milliseconds": .number(now),
            "images": .number(items.count),
            "layerBytes": .number(items.reduce(UInt64(0)) { $0 + $1.bytes }),
        ]
        if let reports { object["reports"] = .string(reports) }
        write(.object(object))
    }

    /// Takes what happens.
    package func take(_ event: MirrorEvent) {
        let now = clock()
        switch event {
        case .ended(let outcome): write(outcome.json(time: time(now), shard: shard))
        case .transfer(let item, .retrying(let host, let seconds)):
            wait("retry", now, item, host, seconds)
        case .transfer(let item, .resting(let host, let seconds)):
            wait("rest", now, item, host, seconds)
        case .layer(.rewritten(let layer, let form)): self.layer("rewritten", now, layer, form)
        case .layer(.recalled(let layer, let form)): self.layer("recalled", now, layer, form)
        case .began, .conversion, .transfer: return
        }
    }

    private func wait(
        _ name: String, _ now: Int64, _ item: MirrorPlan.Item, _ host: String, _ seconds: Double
    ) {
        write(
            .object([
                "time": .string(time(now)), "event": .string(name),
                "shard": .string(shard.description), "started": .number(now),
                "source": .string(item.source), "host": .string(host),
                "milliseconds": .number(Int64(max(0, min(seconds, 1e9)) * 1000)),
            ]))
    }

    private func layer(_ how: String, _ now: Int64, _ layer: Digest, _ form: LayerForm) {
        write(
            .object([
                "time": .string(time(now)), "event": .string("layer"),
                "shard": .string(shard.description), "how": .string(how),
                "layer": .string(layer.description),
                "form": .string(form.layer.digest.description), "size": .number(form.layer.size),
            ]))
    }

    /// Writes the summary.
    package func end(_ figures: MirrorFigures) { write(figures.json(time: time(clock()))) }
}
