/// The order of things: digest, check, write, forget.
extension BlobPatcher {
    /// Adds raw bytes to the tape; false at the end.
    func read() throws(DerootError) -> Bool {
        let count = sizes.chunk
        if let gzip { return try gzip.decode(&input, into: &tape, count: count, map: &map) }
        if let zstd { return try zstd.decode(&input, into: &tape, count: count, map: &map) }
        if input.unreadCount == 0 && !input.isComplete { try input.fetch() }
        let taken = min(count, input.unreadCount)
        let part = unsafe UnsafeRawBufferPointer(rebasing: input.unread[..<taken])
        unsafe tape.room.copyMemory(from: part)
        tape.append(taken)
        input.skip(taken)
        return taken > 0
    }

    /// Enforces the limits on what comes out (hostile input B01).
    func checkLimits() throws(DerootError) {
        let place = DerootError.Location(offset: input.offset)
        guard tape.end <= limits.layerBytes else {
            throw DerootError(
                .limit, "the layer has more than \(limits.layerBytes) uncompressed bytes",
                at: place, advice: "raise --max-layer-bytes if it is meant to be that large")
        }
        let (allowed, overflow) = input.offset.multipliedReportingOverflow(by: limits.ratio)
        guard tape.end <= 64 << 20 || overflow || tape.end <= allowed else {
            throw DerootError(
                .limit, "the layer grows to more than \(limits.ratio) times its size", at: place,
                advice: "raise --max-ratio if it is meant to be that sparse")
        }
    }

    /// Digests, checks and writes what has been decided.
    func settle() throws(DerootError) {
        let bound = min(decided, tape.end)
        while true {
            let position = ledger.position
            if let edit = edits.first, edit.offset == position {
                edits.removeFirst()
                try apply(edit)
                continue
            }
            if let boundary = map.boundaries.first, boundary.raw == position, decided > position {
                map.boundaries.removeFirst()
                try pass(boundary)
                continue
            }
            let stop = min(bound, edits.first?.offset ?? .max, map.boundaries.first?.raw ?? .max)
            guard stop > position else { break }
            let kept = unsafe ledger.take(tape.part(position..<stop))
            guard let output else { continue }
            if compression == .none { try unsafe output.write(kept) }
            try unsafe zstdWriter?.encode(kept, into: output)
        }
        let limit = min(decided, edits.first?.offset ?? .max)
        guard let output else { return passUnchanged(before: limit) }
        try gzipWriter?.advance(
            &map.segments, limit: limit, tape: tape, source: input.source, into: output)
    }

    /// Forgets what no edit can change any more, as long as nothing is written.
    private func passUnchanged(before limit: UInt64) {
        gzipWriter?.pass(&map.segments, limit: limit)
        input.passCheckpoints(before: prefixEnd)
    }

    /// Where the part of the blob ends that comes before all edits, in bytes.
    private var prefixEnd: UInt64 {
        switch compression {
        case .none: ledger.position
        case .gzip: (map.segments.first?.start ?? 0) / 8
        case .zstd: frameStart
        }
    }

    /// Begins to write: the first edit comes at the ledger's position.
    private func start() throws(DerootError) -> BlobOutput {
        if let output { return output }
        passUnchanged(before: ledger.position)
        let end = prefixEnd
        let checkpoint = input.checkpoint(before: end)
        guard let sink = unsafe sink else {
            throw DerootError(.malformed, "an edit without a sink")
        }
        let output = try unsafe BlobOutput(
            sink, copying: input.source, upTo: end, from: checkpoint,
            algorithm: digestAlgorithm, on: lane, isHashing: !isRawDigestEnough)
        try gzipWriter?.start(map.segments, source: input.source)
        self.output = output
        return output
    }

    private func apply(_ edit: Edit) throws(DerootError) {
        let output = try start()
        let place = ledger.position
        ledger.take(edit)
        switch compression {
        case .none: try output.write(edit.insert)
        case .gzip: gzipWriter?.add(edit)
        case .zstd:
            try zstdWriter?.open(at: place, of: input.source, into: output)
            try unsafe edit.insert.span.bytes.withUnsafeBytes { (bytes) throws(DerootError) in
                try unsafe zstdWriter?.encode(bytes, into: output)
            }
        }
    }

    private func pass(_ boundary: BlobBoundary) throws(DerootError) {
        switch compression {
        case .none: break
        case .gzip:
            let trailer = try ledger.pass(boundary)
            if output != nil { gzipWriter?.trailers.append(trailer) }
        case .zstd:
            frameStart = boundary.end
            if let output {
                let isCut = ledger.deletedUpTo > ledger.position
                try zstdWriter?.pass(boundary, isCut: isCut, of: input.source, into: output)
            } else {
                zstdWriter?.pass(boundary)
            }
        }
    }

    /// What was written; nil where nothing was.
    func summary() -> Written? {
        guard let output, let raw = ledger.changed else { return nil }
        return Written(
            digest: isRawDigestEnough ? raw.digest : output.sum.digest, size: output.sum.size,
            diffID: DiffID(raw.digest), rawSize: raw.size)
    }
}
