import CCrypto

/// Computes a digest over a stream with libcrypto, which uses the CPU's own instructions.
@safe
package struct DigestHasher: ~Copyable {
    private let context: OpaquePointer
    /// What is computed.
    package let algorithm: Digest.Algorithm
    /// How many bytes went in.
    package private(set) var count: UInt64 = 0

    /// Starts a digest.
    package init(_ algorithm: Digest.Algorithm = .sha256) {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
        let method = unsafe algorithm == .sha256 ? EVP_sha256() : EVP_sha512()
        let status = unsafe EVP_DigestInit_ex(context, method, nil)
        precondition(status == 1, "libcrypto has no \(algorithm.rawValue)")
        unsafe self.context = context
        self.algorithm = algorithm
    }

    private init(copying other: borrowing DigestHasher) {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
        let status = unsafe EVP_MD_CTX_copy_ex(context, other.context)
        precondition(status == 1, "libcrypto cannot copy a digest's state")
        unsafe self.context = context
        algorithm = other.algorithm
        count = other.count
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// A second digest that starts with everything this one has seen.
    package borrowing func fork() -> DigestHasher { DigestHasher(copying: self) }

    /// Adds bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        let status = unsafe EVP_DigestUpdate(context, base, bytes.count)
        precondition(status == 1, "libcrypto failed to digest")
        count += UInt64(bytes.count)
    }

    /// Adds bytes.
    package mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// The digest of everything seen so far; the state stays usable.
    package borrowing func digest() -> Digest {
        let copy = fork()
        var value = [UInt8](repeating: 0, count: algorithm.hexLength / 2)
        let status = unsafe value.withUnsafeMutableBufferPointer { buffer in
            unsafe EVP_DigestFinal_ex(copy.context, buffer.baseAddress, nil)
        }
        precondition(status == 1, "libcrypto failed to finish a digest")
        return Digest(algorithm: algorithm, bytes: value)
    }
}

extension Digest {
    /// The digest of bytes in memory.
    package static func of(_ bytes: [UInt8], algorithm: Algorithm = .sha256) -> Digest {
        var hasher = DigestHasher(algorithm)
        hasher.update(bytes)
        return hasher.digest()
    }
}
