import DerootBytes
import DerootOCI
import DerootStore
import Synchronization

/// A file without a name that a blob arrives in, and that may be read meanwhile.
///
/// It only grows: what was read of it never changes, so that a digest of what was read is one of what
/// is there.
final class ArrivingBlob: Sendable {
    /// What readers have of it.
    let file: BlobFile
    private let target: File
    private let growth = Growth()
    private let room: Mutex<(written: UInt64, ahead: RoomAhead)>

    /// - Throws: `.io` where no file can be made in `directory`.
    init(size: UInt64, in directory: String) throws(DerootError) {
        target = try File.anonymous(in: directory)
        room = Mutex((0, RoomAhead(size)))
        file = BlobFile(FileSlice(try target.duplicate(), growingTo: size, growth))
    }

    /// Appends bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws(DerootError) {
        let range = room.withLock { room in
            room.written += UInt64(bytes.count)
            return room.ahead.range(upTo: room.written)
        }
        if let range { target.setAside(range) }
        try unsafe target.write(bytes)
        growth.advance(by: bytes.count)
    }

    /// The digest of what has come.
    ///
    /// - Throws: `.io`.
    func digest(_ algorithm: Digest.Algorithm) throws(DerootError) -> Digest {
        let written = room.withLock(\.written)
        return try FileSlice(try target.duplicate(), count: written).digest(algorithm)
    }

    /// No more bytes come; `failure` says why, where some are missing.
    func end(_ failure: DerootError? = nil) { growth.end(failure) }
}
