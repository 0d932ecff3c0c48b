/// Gathers what is appended to a file into blocks that lie aligned in it.
///
/// Few calls, and pages that the system can keep together: the kernel takes half the time that
/// unaligned writes of the same size need, and frees a file in two thirds.
package struct BlockWriter: ~Copyable, Sendable {
    /// How much is written at a time.
    package static let blockBytes = 256 << 10

    private var block: [UInt8] = []
    /// How much is missing up to the next border between blocks of the file.
    private var room = blockBytes
    /// Bytes that were appended so far, those in memory included.
    package private(set) var count: UInt64 = 0

    /// Begins at the start of a file.
    package init() {}

    /// Appends bytes; `put` gets blocks as they become full.
    ///
    /// - Throws: What `put` throws; the file is of no use then.
    package mutating func write(
        _ bytes: UnsafeRawBufferPointer,
        to put: (UnsafeRawBufferPointer) throws(DerootError) -> Void
    ) throws(DerootError) {
        var rest = unsafe bytes
        count += UInt64(rest.count)
        while rest.count > 0 {
            if block.isEmpty, rest.count >= room {
                let whole = rest.count - (rest.count - room) % Self.blockBytes
                try unsafe put(UnsafeRawBufferPointer(rebasing: rest[..<whole]))
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest[whole...])
                room = Self.blockBytes
                continue
            }
            let part = min(rest.count, room)
            unsafe block.append(contentsOf: rest[..<part])
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[part...])
            room -= part
            if room == 0 { try unsafe empty(to: put) }
        }
    }

    /// Gives what is left in memory, and needs none until more is written.
    ///
    /// - Throws: What `put` throws.
    package mutating func flush(
        to put: (UnsafeRawBufferPointer) throws(DerootError) -> Void
    ) throws(DerootError) {
        try unsafe empty(to: put)
        block = []
    }

    private mutating func empty(
        to put: (UnsafeRawBufferPointer) throws(DerootError) -> Void
    ) throws(DerootError) {
        guard !block.isEmpty else { return }
        try unsafe block.span.bytes.withUnsafeBytes { (bytes) throws(DerootError) in
            try unsafe put(bytes)
        }
        block.removeAll(keepingCapacity: true)
        if room == 0 { room = Self.blockBytes }
    }
}

/// What is set aside of a file whose length somebody states, a little ahead of what is written.
///
/// Never much more than what has come: a size is a claim, and must not fill a disk by itself.
package struct RoomAhead: Sendable {
    private var expected: UInt64
    private var end: UInt64 = 0

    /// A file that will have about so many bytes.
    package init(_ expected: UInt64 = 0) { self.expected = expected }

    /// What is to be set aside before the file is written up to `offset`; nil: nothing.
    package mutating func range(upTo offset: UInt64) -> Range<UInt64>? {
        guard offset > end, end < expected else { return nil }
        let ahead = min(max(offset, 4 << 20), 256 << 20)
        let next = min(expected, offset + ahead)
        guard next > end else { return nil }
        defer { end = next }
        return end..<next
    }
}
