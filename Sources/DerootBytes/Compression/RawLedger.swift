/// The digests and checksums of a raw stream, as it was and as it becomes.
struct RawLedger: ~Copyable {
    private var old: DigestHasher
    private var new: DigestHasher
    private var isChanged = false
    private var oldMember = CRC32()
    private var newMember = CRC32()
    private var isMemberChanged = false
    private let hasMembers: Bool
    /// Where the original stream stands.
    private(set) var position: UInt64 = 0
    /// Up to here original bytes are deleted.
    private(set) var deletedUpTo: UInt64 = 0

    /// Starts; `hasMembers`: the stream has the checksums of gzip members.
    init(_ algorithm: Digest.Algorithm, hasMembers: Bool) {
        old = DigestHasher(algorithm)
        new = DigestHasher(algorithm)
        self.hasMembers = hasMembers
    }

    /// Takes an edit at `position`; `insert` follows it.
    mutating func take(_ edit: Edit) {
        if !isChanged { new = old.fork() }
        isChanged = true
        if !isMemberChanged {
            newMember = oldMember
            isMemberChanged = true
        }
        deletedUpTo = edit.end
        new.update(edit.insert)
        if hasMembers {
            unsafe edit.insert.withUnsafeBytes { unsafe newMember.update($0) }
        }
    }

    /// Takes original bytes; gives those back that stay.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        unsafe old.update(bytes)
        if hasMembers { unsafe oldMember.update(bytes) }
        let gone = deletedUpTo > position ? min(UInt64(bytes.count), deletedUpTo - position) : 0
        let kept = unsafe UnsafeRawBufferPointer(rebasing: bytes[Int(gone)...])
        position += UInt64(bytes.count)
        if isChanged { unsafe new.update(kept) }
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
    var digest: Digest { old.digest() }
    /// The new stream's size and digest; nil without an edit.
    var changed: (size: UInt64, digest: Digest)? {
        isChanged ? (new.count, new.digest()) : nil
    }
}
