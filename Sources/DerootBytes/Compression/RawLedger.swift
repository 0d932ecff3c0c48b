/// The digests and checksums of a raw stream, as it was and as it becomes.
struct RawLedger: ~Copyable {
    private let lane: DigestLane
    private let old: DigestLane.Slot
    /// The changed stream's; nil as long as both streams are the same.
    private var new: DigestLane.Slot?
    private var newCount: UInt64 = 0
    private var oldMember = CRC32()
    private var newMember = CRC32()
    private var isMemberChanged = false
    private let hasMembers: Bool
    /// Where the original stream stands.
    private(set) var position: UInt64 = 0
    /// Up to here original bytes are deleted.
    private(set) var deletedUpTo: UInt64 = 0

    /// Starts; `hasMembers`: the stream has the checksums of gzip members.
    init(_ algorithm: Digest.Algorithm, on lane: DigestLane, hasMembers: Bool) {
        self.lane = lane
        old = lane.open(algorithm)
        self.hasMembers = hasMembers
    }

    /// Takes an edit at `position`; `insert` follows it.
    mutating func take(_ edit: Edit) {
        let new: DigestLane.Slot
        if let begun = self.new {
            new = begun
        } else {
            new = lane.fork(old)
            newCount = position
            self.new = new
        }
        if !isMemberChanged {
            newMember = oldMember
            isMemberChanged = true
        }
        deletedUpTo = edit.end
        lane.update(new, with: edit.insert)
        newCount += UInt64(edit.insert.count)
        if hasMembers {
            unsafe edit.insert.withUnsafeBytes { unsafe newMember.update($0) }
        }
    }

    /// Takes original bytes; gives those back that stay.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if hasMembers { unsafe oldMember.update(bytes) }
        let gone = deletedUpTo > position ? min(UInt64(bytes.count), deletedUpTo - position) : 0
        let kept = unsafe UnsafeRawBufferPointer(rebasing: bytes[Int(gone)...])
        position += UInt64(bytes.count)
        if gone == 0 {
            unsafe lane.update(old, also: new, with: bytes)
        } else {
            unsafe lane.update(old, with: bytes)
            if let new { unsafe lane.update(new, with: kept) }
        }
        newCount += UInt64(kept.count)
        if hasMembers && isMemberChanged { unsafe newMember.update(kept) }
        return unsafe kept
    }

    /// Passes the end of a gzip member, whose new trailer it gives.
    ///
    /// - Throws: `.mismatch` where the old one is not what the bytes say.
    mutating func pass(_ boundary: BlobBoundary) throws(DerootError) -> [UInt8] {
        guard oldMember.value == boundary.crc else {
            throw DerootError(
                .mismatch, "a gzip member's checksum is wrong", at: .init(offset: boundary.end))
        }
        guard UInt32(truncatingIfNeeded: oldMember.count) == boundary.size else {
            throw DerootError(
                .mismatch, "a gzip member's size is not the stated one",
                at: .init(offset: boundary.end + 4))
        }
        let trailer = isMemberChanged ? newMember.trailer : oldMember.trailer
        oldMember = CRC32()
        newMember = CRC32()
        isMemberChanged = deletedUpTo > position
        return trailer
    }

    /// The original stream's digest.
    var digest: Digest { lane.digest(old) }
    /// The new stream's size and digest; nil without an edit.
    var changed: (size: UInt64, digest: Digest)? {
        new.map { (newCount, lane.digest($0)) }
    }
}
