/// Bytes that wait to be digested, by stream; two streams at a time are worked off together.
struct PairedBytes {
    private struct Stream {
        let digest: PairedSHA256
        /// Where its bytes lie in the page, in order.
        var parts: [Range<Int>] = []
        /// The first part that is not done.
        var next = 0
        /// How many bytes wait.
        var left = 0

        mutating func add(_ range: Range<Int>) {
            left += range.count
            if let last = parts.last, last.upperBound == range.lowerBound, next < parts.count {
                parts[parts.count - 1] = last.lowerBound..<range.upperBound
            } else {
                parts.append(range)
            }
        }

        mutating func take(_ count: Int) -> Range<Int> {
            let part = parts[next]
            let taken = part.prefix(count)
            left -= taken.count
            parts[next] = taken.upperBound..<part.upperBound
            if parts[next].isEmpty { next += 1 }
            return taken
        }
    }

    private var streams: [Stream] = []

    /// Adds a part of the page to what waits for a digest.
    mutating func add(_ range: Range<Int>, to digest: PairedSHA256) {
        guard !range.isEmpty else { return }
        if let known = streams.firstIndex(where: { $0.digest === digest }) {
            streams[known].add(range)
        } else {
            var stream = Stream(digest: digest)
            stream.add(range)
            streams.append(stream)
        }
    }

    /// Digests all that waits; the two streams with most to do go together.
    mutating func workOff(_ page: UnsafeRawBufferPointer) {
        while let (one, other) = fullest() {
            guard let other else {
                let range = streams[one].take(.max)
                unsafe streams[one].digest.update(UnsafeRawBufferPointer(rebasing: page[range]))
                continue
            }
            let count = min(
                streams[one].parts[streams[one].next].count,
                streams[other].parts[streams[other].next].count)
            let first = streams[one].take(count)
            let second = streams[other].take(count)
            unsafe streams[one].digest.update(
                UnsafeRawBufferPointer(rebasing: page[first]), with: streams[other].digest,
                UnsafeRawBufferPointer(rebasing: page[second]))
        }
        streams.removeAll(keepingCapacity: true)
    }

    private func fullest() -> (Int, Int?)? {
        var one: Int?
        var other: Int?
        for (index, stream) in streams.enumerated() where stream.left > 0 {
            if stream.left > one.map({ streams[$0].left }) ?? 0 {
                (one, other) = (index, one)
            } else if stream.left > other.map({ streams[$0].left }) ?? 0 {
                other = index
            }
        }
        return one.map { ($0, other) }
    }
}
