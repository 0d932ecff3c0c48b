package import DerootBytes
package import DerootTar

/// Walks a raw tar stream as a layer is walked, in pieces of `chunk` bytes.
package func walked(
    _ bytes: [UInt8], chunk: Int = 1 << 16, limits: Limits = Limits()
) throws(DerootError) -> [HeaderGroup] {
    let feed = Feed(bytes, chunk: chunk)
    let groups = Groups()
    try unsafe TarWalk.run(
        limits: limits, pull: { () throws(DerootError) in unsafe feed.next() },
        found: { (group) throws(DerootError) in groups.all.append(copy group) })
    return groups.all
}

/// Frames a raw tar stream that comes in pieces of these sizes, the last one repeated.
package func framed(
    _ bytes: [UInt8], chunks: [Int] = [1 << 16], limits: Limits = Limits()
) throws(DerootError) -> [HeaderGroup] {
    let feed = Feed(bytes, chunk: bytes.count)
    let groups = Groups()
    var framer = TarFramer(limits: limits)
    var rest = unsafe feed.next()
    var step = 0
    while rest.count > 0 {
        let size = min(chunks[min(step, chunks.count - 1)], rest.count)
        step += 1
        let piece = unsafe UnsafeRawBufferPointer(rebasing: rest[..<size])
        try unsafe framer.feed(piece) { (group) throws(DerootError) in
            groups.all.append(copy group)
        }
        unsafe rest = UnsafeRawBufferPointer(rebasing: rest[size...])
    }
    try framer.finish()
    return groups.all
}

/// The only entry of a stream that holds one.
package func single(_ bytes: [UInt8]) throws(DerootError) -> HeaderGroup {
    let groups = try walked(bytes)
    guard let group = groups.first, groups.count == 1 else {
        throw DerootError(.malformed, "\(groups.count) entries where one was expected")
    }
    return group
}

/// What is known of a raw stream's entries, as a layer's listing has it.
package func listing(_ bytes: [UInt8]) throws(DerootError) -> LayerListing {
    var listing = LayerListing()
    for group in try walked(bytes) { try listing.append(group) }
    return listing
}

/// A stream with edits applied, the slow and simple way.
package func applying(_ edits: [Edit], to bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var position = 0
    for edit in edits {
        out += bytes[position..<Int(edit.offset)]
        out += edit.insert
        position = Int(edit.end)
    }
    return out + bytes[position...]
}

private final class Groups {
    var all: [HeaderGroup] = []
}

/// Bytes handed out in pieces, each in memory of its own, as from a decoder.
@safe
package final class Feed {
    private let memory: HeapBuffer
    private let chunk: Int
    private var position = 0

    /// Hands out these bytes, `chunk` at a time.
    package init(_ bytes: [UInt8], chunk: Int) {
        memory = HeapBuffer(count: max(1, bytes.count))
        unsafe memory.bytes.copyBytes(from: bytes)
        count = bytes.count
        self.chunk = max(1, chunk)
    }

    private let count: Int

    /// The next piece; empty at the end.
    package func next() -> UnsafeRawBufferPointer {
        let end = min(count, position + chunk)
        defer { position = end }
        return unsafe memory.part(position..<end)
    }
}
