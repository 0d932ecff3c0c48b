import DerootBytes
import DerootCore
import DerootRegistry
import DerootReport

/// What a terminal shows of a run: a line for each image that is worked on, a bar and an estimate.
///
/// Without I/O.
///
/// Time is in seconds from any start.
package struct MirrorScreen: Sendable {
    private struct Active {
        let item: MirrorPlan.Item
        var layers = 0
        var done = 0
        var total: UInt64 = 0
        var read: UInt64 = 0
        var sent: UInt64 = 0
        var isPublishing = false
        var wait: String?
    }

    private let images: Int
    private let bytes: UInt64
    private let start: Double
    private var active: [Active] = []
    private var counts: [String: Int] = [:]
    private var finished: Set<String> = []
    private var doneBytes: UInt64 = 0

    /// Starts with what is to be done.
    package init(_ items: [MirrorPlan.Item], now: Double) {
        images = items.count
        bytes = items.reduce(0) { $0 + $1.bytes }
        start = now
    }

    private static func id(_ item: MirrorPlan.Item) -> String { "\(item.repository) \(item.key)" }

    /// Takes what happens.
    package mutating func take(_ event: MirrorEvent) {
        switch event {
        case .began(let item): active.append(Active(item: item))
        case .conversion(let item, let event): change(item) { Self.apply(event, to: &$0) }
        case .transfer(let item, let event): change(item) { Self.apply(event, to: &$0) }
        case .layer: break
        case .ended(let outcome):
            active.removeAll { Self.id($0.item) == Self.id(outcome.item) }
            // A second try takes the place of the first.
            if finished.insert(Self.id(outcome.item)).inserted {
                doneBytes += outcome.item.bytes
            } else {
                counts["transient", default: 1] -= 1
            }
            counts[outcome.ending.name, default: 0] += 1
        }
    }

    private mutating func change(_ item: MirrorPlan.Item, _ body: (inout Active) -> Void) {
        let id = Self.id(item)
        guard let index = active.firstIndex(where: { Self.id($0.item) == id }) else { return }
        body(&active[index])
    }

    private static func apply(_ event: ConversionEvent, to active: inout Active) {
        switch event {
        case .found(let layers, let bytes): (active.layers, active.total) = (layers, bytes)
        case .layerStarted(_, let size, let again):
            if again { active.total += size }
        case .bytesRead(let count): active.read += count
        case .layerFinished: active.done = min(active.done + 1, max(active.layers, 1))
        case .committing: active.isPublishing = true
        }
    }

    private static func apply(_ event: TransferEvent, to active: inout Active) {
        switch event {
        case .moved(let count, .push):
            active.sent += count
            active.wait = nil
        case .moved: active.wait = nil
        case .retrying(let host, let seconds):
            active.wait = "\(host) failed, again in \(wholeSeconds(seconds)) s"
        case .resting(let host, let seconds):
            active.wait = "few pulls left at \(host), waiting \(wholeSeconds(seconds)) s"
        case .started, .finished, .spared: break
        }
    }

    /// The lines, none wider than `width` columns.
    package func lines(width: Int, isUnicode: Bool, now: Double) -> [String] {
        var lines = active.map { Self.line($0, width: width, isUnicode: isUnicode) }
        lines.append(summary(width: width, isUnicode: isUnicode, now: now))
        return lines
    }

    private static func line(_ active: Active, width: Int, isUnicode: Bool) -> String {
        let state: String
        if let wait = active.wait {
            state = wait
        } else if active.isPublishing {
            state = "publishing" + (active.sent > 0 ? "  \(ByteCount.text(active.sent)) sent" : "")
        } else if active.layers == 0 {
            state = "looking"
        } else {
            // Layers that another image has read need no reading.
            let percent =
                active.total == 0 ? 100 : min(100, Int(active.read * 100 / max(active.total, 1)))
            state = "layer \(active.done)/\(active.layers)  \(percent) %"
        }
        let tags = active.item.tags.first ?? ""
        let name = printable("\(active.item.repository):\(tags)".utf8)
        return "  " + fit(name, max(8, width - state.count - 5), isUnicode) + "  "
            + String(state.prefix(max(0, width - 13)))
    }

    /// A text in exactly so many columns; of a longer one the end, which tells names apart.
    private static func fit(_ text: String, _ width: Int, _ isUnicode: Bool) -> String {
        if text.count <= width { return text + String(repeating: " ", count: width - text.count) }
        let dots = isUnicode ? "…" : "..."
        return dots + text.suffix(max(0, width - dots.count))
    }

    /// How much is done, from 0 to 1: bytes and images count alike, since small images cost too.
    private var share: Double {
        guard images > 0 else { return 1 }
        let count = Double(finished.count) / Double(images)
        guard bytes > 0 else { return count }
        let running = active.reduce(0.0) { sum, active in
            guard active.total > 0 else { return sum }
            return sum + min(1, Double(active.read) / Double(active.total))
                * Double(active.item.bytes)
        }
        return min(1, (count + (Double(doneBytes) + running) / Double(bytes)) / 2)
    }

    private func summary(width: Int, isUnicode: Bool, now: Double) -> String {
        let share = share
        var tail = "  \(finished.count)/\(images)"
        for (name, word) in [
            ("refused", "refused"), ("failed", "failed"), ("transient", "to retry"),
        ] {
            if let count = counts[name], count > 0 { tail += "  \(count) \(word)" }
        }
        tail += "  \(Self.clock(now - start))"
        if share > 0.01, share < 1, now - start >= 1 {
            tail += "  ETA \(Self.clock((now - start) * (1 - share) / share))"
        }
        let room = min(40, max(0, width - tail.count - 9))
        let filled = Int(Double(room) * share)
        let bar =
            String(repeating: isUnicode ? "█" : "#", count: filled)
            + String(repeating: isUnicode ? "░" : "-", count: room - filled)
        let percent = "\(Int(share * 100))"
        return String(
            ("[" + bar + "] " + String(repeating: " ", count: 3 - percent.count) + percent + " %"
                + tail).prefix(width))
    }

    /// `0:07`, `12:30`, `3:05:00`.
    static func clock(_ seconds: Double) -> String {
        let all = Int(max(0, min(seconds, 1e7)).rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (hours, minutes) = (all / 3600, all / 60 % 60)
        return hours > 0
            ? "\(hours):\(two(minutes)):\(two(all % 60))" : "\(minutes):\(two(all % 60))"
    }
}
