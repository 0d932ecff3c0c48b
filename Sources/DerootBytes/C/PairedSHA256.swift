import CDigest

/// The SHA-256 of one stream; two streams together take little more time than one alone.
@safe
final class PairedSHA256 {
    /// True where the CPU has the instructions; elsewhere libcrypto has to do.
    static let isAvailable = digest_sha256_available() != 0

    private let state: UnsafeMutablePointer<digest_sha256>

    /// Starts a digest; only where `isAvailable`.
    init() {
        unsafe state = .allocate(capacity: 1)
        unsafe digest_sha256_start(state)
    }

    /// Starts a digest with everything that another one has seen.
    init(copying other: PairedSHA256) {
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: other.state.pointee)
    }

    deinit { unsafe state.deallocate() }

    /// Adds bytes.
    func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe digest_sha256_update(
            state, bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count)
    }

    /// Adds bytes to this digest and as many to another one.
    func update(
        _ bytes: UnsafeRawBufferPointer, with other: PairedSHA256,
        _ otherBytes: UnsafeRawBufferPointer
    ) {
        precondition(bytes.count == otherBytes.count && self !== other)
        unsafe digest_sha256_update_two(
            state, bytes.assumingMemoryBound(to: UInt8.self).baseAddress, other.state,
            otherBytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count)
    }

    /// The digest of everything seen so far; the state stays usable.
    func digest() -> Digest {
        var value = [UInt8](repeating: 0, count: 32)
        unsafe value.withUnsafeMutableBufferPointer { buffer in
            unsafe digest_sha256_finish(state, buffer.baseAddress)
        }
        return Digest(algorithm: .sha256, bytes: value)
    }
}
