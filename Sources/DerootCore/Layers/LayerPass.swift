package import DerootBytes
package import DerootTar

/// One pass over a layer: read, verified, listed, and on the way rewritten where that is asked for.
///
/// Reading and rewriting are the same pass, so that a conversion whose changes can be foretold from
/// each entry alone inflates every layer once.
package struct LayerPass: Sendable {
    /// What the pass has found and done.
    package struct Outcome: Sendable {
        /// The entries.
        package let listing: LayerListing
        /// Digests and sizes, old and new.
        package let blob: BlobPatcher.Result
        /// The changes that had an effect, in the entries' order.
        package let changes: [EntryChange]
        /// Entries that were asked for, with their headers and bodies, by entry.
        package let captured: [Int: CapturedEntry]
        /// Beginnings of bodies that were asked for, by entry.
        package let beginnings: [Int: [UInt8]]
    }

    /// Says what is to change in the listing's last entry; nil or empty: nothing.
    package typealias Decide = @Sendable (LayerListing) -> HeaderChange?

    package var limits = Limits()
    /// How the blob and its raw stream are digested: as the source's documents do.
    package var digestAlgorithm = Digest.Algorithm.sha256
    package var diffIDAlgorithm = Digest.Algorithm.sha256
    /// Entries whose headers and bodies are kept; bodies up to 1 MiB.
    package var captures: @Sendable (LayerListing) -> Bool = { _ in false }
    /// How many bytes of the last entry's body are kept, from its start; 0: none.
    package var beginnings: @Sendable (LayerListing) -> UInt64 = { _ in 0 }
    package var decide: Decide = { _ in nil }
    /// Told how many compressed bytes were read since the last time.
    package var progress: @Sendable (UInt64) -> Void = { _ in }

    package init() {}

    /// Reads a layer to its last byte.
    ///
    /// The sink takes the rewritten blob; without one the changes are noted and not made. The record
    /// takes the headers as they are.
    ///
    /// - Throws: Everything that is wrong with the layer, with its offset.
    package func run(
        _ blob: consuming FileSlice, sink: ByteSink?, record: LayerRecorder? = nil
    ) throws(DerootError) -> Outcome {
        let patcher = try unsafe BlobPatcher(
            source: blob, sink: sink, limits: limits, digestAlgorithm: digestAlgorithm,
            diffIDAlgorithm: diffIDAlgorithm)
        let reading = LayerReading(patcher, pass: self)
        try unsafe TarWalk.run(
            limits: limits,
            pull: { () throws(DerootError) in try unsafe reading.pull() },
            found: { (group) throws(DerootError) in
                record?.add(group)
                try reading.found(group)
            },
            settled: { (offset) throws(DerootError) in reading.settled = offset })
        return try reading.finish()
    }
}

/// An entry kept whole: its raw headers, for copying what we do not interpret, and its body.
package struct CapturedEntry: Sendable {
    package let group: HeaderGroup
    package internal(set) var body: [UInt8]
}

/// The state of a pass between the callbacks of the walk.
@safe
private final class LayerReading {
    private let patcher: BlobPatcher
    private let pass: LayerPass
    private var listing = LayerListing()
    private var changes: [EntryChange] = []
    private var captured: [Int: CapturedEntry] = [:]
    /// Bodies that are not complete yet: entry and range in the raw stream.
    private var wanted: [(index: Int, range: Range<UInt64>)] = []
    private var beginnings: [Int: [UInt8]] = [:]
    private var begun: [(index: Int, range: Range<UInt64>)] = []
    private var edits: [Edit] = []
    private var piece = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    private var pieceStart: UInt64 = 0
    private var reported: UInt64 = 0
    var settled: UInt64 = 0

    init(_ patcher: BlobPatcher, pass: LayerPass) {
        self.patcher = patcher
        self.pass = pass
    }

    func pull() throws(DerootError) -> UnsafeRawBufferPointer {
        try completePiece()
        try Interruption.check()
        pieceStart += UInt64(unsafe piece.count)
        let isFirst = unsafe pieceStart == 0 && piece.count == 0
        unsafe piece = try patcher.next()
        if isFirst { try refuseForeignFormat() }
        let read = patcher.bytesRead
        pass.progress(read - reported)
        reported = read
        return unsafe piece
    }

    /// Puts to use what was learnt from the last piece, before its memory goes.
    private func completePiece() throws(DerootError) {
        let end = pieceStart + UInt64(unsafe piece.count)
        for (index, range) in wanted where range.lowerBound < end && range.upperBound > pieceStart {
            let from = max(range.lowerBound, pieceStart) - pieceStart
            let to = min(range.upperBound, end) - pieceStart
            unsafe captured[index]?.body.append(contentsOf: piece[Int(from)..<Int(to)])
        }
        wanted.removeAll { $0.range.upperBound <= end }
        for (index, range) in begun where range.lowerBound < end && range.upperBound > pieceStart {
            let from = max(range.lowerBound, pieceStart) - pieceStart
            let to = min(range.upperBound, end) - pieceStart
            unsafe beginnings[index]?.append(contentsOf: piece[Int(from)..<Int(to)])
        }
        begun.removeAll { $0.range.upperBound <= end }
        for edit in edits { try patcher.add(edit) }
        edits.removeAll(keepingCapacity: true)
        try patcher.decide(upTo: settled)
    }

    private func refuseForeignFormat() throws(DerootError) {
        guard patcher.compression == .none,
            let format = unsafe Compression.foreignFormat(magic: Array(piece.prefix(6)))
        else { return }
        throw DerootError(
            .unsupported, "the layer is \(format), not a tar stream", at: .init(offset: 0),
            advice: "deroot reads tar, tar+gzip and tar+zstd")
    }

    func found(_ group: borrowing HeaderGroup) throws(DerootError) {
        // Ours for the time of the call: handing out a member would count references each time.
        var listing = LayerListing()
        swap(&listing, &self.listing)
        defer { swap(&listing, &self.listing) }
        let index = listing.count
        try listing.append(group)
        let start = group.offset + UInt64(group.bytes.count)
        let count = min(pass.beginnings(listing), group.meaning.bodySize)
        if count > 0 {
            beginnings[index] = []
            begun.append((index, start..<(start + count)))
        }
        if pass.captures(listing), group.meaning.bodySize <= Accounts.sizeLimit {
            captured[index] = CapturedEntry(group: copy group, body: [])
            wanted.append((index, start..<(start + group.meaning.bodySize)))
        }
        guard let change = pass.decide(listing), !change.isEmpty else { return }
        let made = group.edits(for: change)
        guard !made.isEmpty else { return }
        changes.append(EntryChange(index: index, change: change))
        edits += made
    }

    func finish() throws(DerootError) -> LayerPass.Outcome {
        try completePiece()
        let result = try patcher.finish()
        return LayerPass.Outcome(
            listing: listing, blob: result, changes: changes, captured: captured,
            beginnings: beginnings)
    }
}
