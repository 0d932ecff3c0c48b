import CDeflate

/// Changes a few bytes of a deflate stream and keeps the rest as the bits it was.
@safe
struct DeflateSplicer: ~Copyable {
    /// How many raw bytes before the limit must be held.
    static let rawBytes = UInt64(DEFLATE_SPLICE_RAW_BYTES)

    private let splicer: UnsafeMutablePointer<deflate_splicer>
    private let window: HeapBuffer
    private let room = HeapBuffer(count: Int(DEFLATE_SPLICE_OUT_BYTES))
    private let recent = HeapBuffer(count: Int(DEFLATE_RECENT_BYTES))
    private var changes: [deflate_change] = []
    private var changeBytes: [UInt8] = []

    /// Starts at a bit of the blob; `first` is its byte, whose lower bits go out first.
    ///
    /// `windowBytes`: how much of the blob is read at a time, 65,536 at most.
    init(at position: UInt64, first: UInt8, windowBytes: Int) {
        window = HeapBuffer(
            count: min(windowBytes, Int(DEFLATE_SPLICE_SOURCE_BYTES)) + Inflater.padding)
        unsafe splicer = .allocate(capacity: 1)
        unsafe deflate_splice_start(splicer, position, first)
        unsafe splicer.pointee.out = room.bytes.assumingMemoryBound(to: UInt8.self).baseAddress
        unsafe splicer.pointee.out_capacity = room.count
        unsafe splicer.pointee.recent =
            recent.bytes.assumingMemoryBound(to: UInt8.self).baseAddress
        unsafe splicer.pointee.source =
            UnsafePointer(window.bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
    }

    deinit { unsafe splicer.deallocate() }

    /// Goes to a bit of the blob, in a member whose raw stream started at `rawStart`.
    mutating func enter(at position: UInt64, rawStart: UInt64, raw: UInt64) {
        unsafe deflate_splice_member(splicer, position, rawStart, raw)
    }

    /// Up to here a match may reach back to something that has changed.
    var zoneEnd: UInt64 { unsafe splicer.pointee.zone_end }

    /// Where the next change that is not done starts.
    var nextChange: UInt64? {
        let done = unsafe splicer.pointee.changes_done
        return done < changes.count ? changes[done].offset : nil
    }

    /// Bytes that stand in the place of the original ones.
    mutating func overlay(_ bytes: some Collection<UInt8>, at offset: UInt64) {
        add(DEFLATE_OVERLAY, at: offset, count: UInt64(bytes.count))
        changeBytes += bytes
    }

    /// Bytes that come in between.
    mutating func insert(_ bytes: some Collection<UInt8>, at offset: UInt64) {
        add(DEFLATE_INSERT, at: offset, count: UInt64(bytes.count))
        changeBytes += bytes
    }

    /// Original bytes that go.
    mutating func delete(_ count: Int, at offset: UInt64) {
        add(DEFLATE_DELETE, at: offset, count: UInt64(count))
    }

    private mutating func add(_ kind: deflate_change_kind, at offset: UInt64, count: UInt64) {
        let done = unsafe Int(splicer.pointee.changes_done)
        if done > 0 && (done == changes.count || done > 4096) {
            // Those that are done go, with their bytes.
            let kept = done < changes.count ? changes[done].bytes : changeBytes.count
            changes.removeFirst(done)
            changeBytes.removeFirst(kept)
            for index in changes.indices { changes[index].bytes -= kept }
            unsafe splicer.pointee.changes_done = 0
        }
        guard count > 0 else { return }
        changes.append(
            deflate_change(offset: offset, count: count, bytes: changeBytes.count, kind: kind))
    }

    /// Goes through a unit of whole blocks as far as `limit` allows.
    ///
    /// - Parameters:
    ///   - unit: Starts where the last one ended.
    ///   - isDirty: True where it holds a change or starts before `zoneEnd`.
    ///   - limit: No change but those given starts before it.
    ///   - tape: Holds `rawBytes` before the limit.
    ///   - source: The blob.
    ///   - output: Takes the new blob.
    /// - Returns: True at the unit's end.
    /// - Throws: `.mismatch` where the blob is not what it was; what the output throws.
    mutating func splice(
        _ unit: GzipSegment, isDirty: Bool, limit: UInt64, tape: borrowing RawTape,
        source: borrowing FileSlice, into output: BlobOutput
    ) throws(DerootError) -> Bool {
        var bounds = deflate_unit(
            end: unit.end, raw_end: unit.isClosed ? unit.rawEnd : .max,
            has_stored: unit.hasStored ? 1 : 0, is_dirty: isDirty ? 1 : 0)
        unsafe splicer.pointee.limit = limit
        unsafe splicer.pointee.raw =
            tape.held.assumingMemoryBound(to: UInt8.self).baseAddress
        unsafe splicer.pointee.raw_count = tape.held.count
        unsafe splicer.pointee.raw_offset = tape.start
        while true {
            let event = run(&bounds)
            switch event {
            case DEFLATE_UNIT_DONE: return true
            case DEFLATE_WANTS_RAW: return false
            case DEFLATE_WANTS_ROOM: try flush(into: output)
            case DEFLATE_WANTS_SOURCE: try fetch(from: source)
            default:
                throw DerootError(
                    .mismatch, "the blob changed while it was read",
                    at: .init(offset: unsafe splicer.pointee.position / 8))
            }
        }
    }

    private mutating func run(_ unit: inout deflate_unit) -> deflate_splice_event {
        unsafe splicer.pointee.change_count = changes.count
        return unsafe changes.withUnsafeBufferPointer { changes in
            unsafe changeBytes.withUnsafeBufferPointer { bytes in
                unsafe splicer.pointee.changes = changes.baseAddress
                unsafe splicer.pointee.change_bytes = bytes.baseAddress
                return unsafe deflate_splice_unit(splicer, &unit)
            }
        }
    }

    /// Pads to a byte border; `last` is the blob's byte there.
    mutating func align(last: UInt8, into output: BlobOutput) throws(DerootError) {
        unsafe deflate_splice_align(splicer, last)
        try flush(into: output)
    }

    /// Writes the whole bytes that wait.
    mutating func flush(into output: BlobOutput) throws(DerootError) {
        let count = unsafe splicer.pointee.out_count
        unsafe splicer.pointee.out_count = 0
        if count > 0 { try unsafe output.write(room.part(0..<count)) }
    }

    private mutating func fetch(from source: borrowing FileSlice) throws(DerootError) {
        let place = unsafe splicer.pointee.position / 8
        let size = window.count - Inflater.padding
        var filled = 0
        while filled < size {
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: window.bytes[filled..<size])
            let got = try unsafe source.read(into: part, at: place + UInt64(filled))
            if got == 0 { break }
            filled += got
        }
        unsafe UnsafeMutableRawBufferPointer(rebasing: window.bytes[filled...])
            .initializeMemory(as: UInt8.self, repeating: 0)
        unsafe splicer.pointee.source_offset = place
        unsafe splicer.pointee.source_count = filled
        unsafe splicer.pointee.source_is_end = place + UInt64(filled) >= source.count ? 1 : 0
    }
}
