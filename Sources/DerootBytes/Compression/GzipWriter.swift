/// Follows a gzip blob, first in thought, then, from the first edit on, on paper.
@safe
final class GzipWriter {
    /// Edits larger than this are not compared with what they replace.
    private static let comparedBytes = 1 << 16

    private let windowBytes: Int
    private var splicer: DeflateSplicer?
    private var waiting = Queue<Edit>()
    private var memberRaw: UInt64 = 0
    /// True where the first segment has been begun, and then how.
    private var isInUnit = false
    private var isDirty = false
    /// New trailers, in the order of the members.
    var trailers = Queue<[UInt8]>()

    /// Starts; `windowBytes`: how much of the blob is read again at a time.
    init(windowBytes: Int) { self.windowBytes = windowBytes }

    /// Passes segments before which no edit can come, as long as nothing is written.
    func pass(_ segments: inout Queue<GzipSegment>, limit: UInt64) {
        while let segment = segments.first {
            switch segment.kind {
            case .header: memberRaw = segment.rawStart
            case .unit, .trailer, .trailing:
                guard segment.isClosed, segment.rawEnd < limit else { return }
            }
            segments.removeFirst()
        }
    }

    /// Begins to write at the first segment.
    func start(
        _ segments: borrowing Queue<GzipSegment>, source: borrowing FileSlice
    ) throws(DerootError) {
        guard let segment = segments.first else { return }
        let first = try Self.byte(at: segment.start / 8, of: source)
        splicer = DeflateSplicer(at: segment.start, first: first, windowBytes: windowBytes)
        splicer?.enter(at: segment.start, rawStart: memberRaw, raw: segment.rawStart)
    }

    /// Adds an edit, in order.
    func add(_ edit: Edit) { waiting.append(edit) }

    /// Writes all that is certain before `limit`.
    func advance(
        _ segments: inout Queue<GzipSegment>, limit: UInt64, tape: borrowing RawTape,
        source: borrowing FileSlice, into output: BlobOutput
    ) throws(DerootError) {
        convert(tape, segments)
        let limit = min(limit, waiting.first?.offset ?? .max)
        while let segment = segments.first {
            switch segment.kind {
            case .header:
                try output.copy(segment.bytes, of: source)
                memberRaw = segment.rawStart
                splicer?.enter(at: segment.end, rawStart: memberRaw, raw: memberRaw)
            case .unit:
                guard
                    try splice(segment, limit: limit, tape: tape, source: source, into: output)
                else { return }
            case .trailer:
                guard let trailer = trailers.first else { return }
                let last = try Self.byte(at: segment.start / 8 - 1, of: source)
                try splicer?.align(last: last, into: output)
                try output.write(trailer)
                trailers.removeFirst()
            case .trailing:
                try output.copy(segment.bytes, of: source)
            }
            segments.removeFirst()
        }
    }

    /// The first raw byte that an edit which is not begun needs.
    var firstWaiting: UInt64? { waiting.first?.offset }

    private func splice(
        _ unit: GzipSegment, limit: UInt64, tape: borrowing RawTape,
        source: borrowing FileSlice, into output: BlobOutput
    ) throws(DerootError) -> Bool {
        if !isInUnit {
            let isReached = splicer?.zoneEnd ?? 0 > unit.rawStart
            let isChanged = splicer?.nextChange ?? .max <= unit.rawEnd
            isDirty = isReached || isChanged
            // A clean unit is certain only when it is over.
            guard isDirty || unit.isClosed && unit.rawEnd < limit else { return false }
            isInUnit = true
        }
        let isDone =
            try splicer?.splice(
                unit, isDirty: isDirty, limit: limit, tape: tape, source: source, into: output)
            ?? true
        if isDone { isInUnit = false }
        return isDone
    }

    /// Turns edits into changes as soon as what they replace has been read.
    private func convert(
        _ tape: borrowing RawTape, _ segments: borrowing Queue<GzipSegment>
    ) {
        while let edit = waiting.first {
            let isComparable =
                edit.delete > 0 && !edit.insert.isEmpty && edit.delete <= Self.comparedBytes
            guard !isComparable || edit.end <= tape.end else { return }
            // What comes in belongs to the member at whose end, or in which, it comes in.
            let reachesOver = segments.contains {
                $0.kind == .trailer && $0.rawEnd >= edit.offset && $0.rawEnd < edit.end
            }
            if isComparable && !reachesOver {
                unsafe replace(edit, original: Array(tape.part(edit.offset..<edit.end)))
            } else {
                splicer?.insert(edit.insert, at: edit.offset)
                splicer?.delete(edit.delete, at: edit.offset)
            }
            waiting.removeFirst()
        }
    }

    /// Cuts an edit in three so that most bytes stay: a beginning, the difference in size, an end.
    private func replace(_ edit: Edit, original: [UInt8]) {
        let new = edit.insert
        let common = min(original.count, new.count)
        // The bytes that stay if `head` of the common ones belong to the beginning.
        var same = 0
        for back in 1...common
        where original[original.count - back] == new[new.count - back] { same += 1 }
        var best = same
        var head = 0
        for index in 0..<common {
            if original[index] == new[index] { same += 1 }
            let back = common - index
            if original[original.count - back] == new[new.count - back] { same -= 1 }
            if same > best {
                best = same
                head = index + 1
            }
        }
        let tail = common - head
        splicer?.overlay(new[..<head], at: edit.offset)
        let cut = edit.offset + UInt64(head)
        splicer?.insert(new[head..<(new.count - tail)], at: cut)
        splicer?.delete(original.count - common, at: cut)
        splicer?.overlay(new[(new.count - tail)...], at: edit.end - UInt64(tail))
    }

    private static func byte(
        at offset: UInt64, of source: borrowing FileSlice
    ) throws(DerootError) -> UInt8 {
        let buffer = HeapBuffer(count: 1)
        guard try unsafe source.read(into: buffer.bytes, at: offset) == 1 else { return 0 }
        return unsafe buffer.bytes[0]
    }
}
