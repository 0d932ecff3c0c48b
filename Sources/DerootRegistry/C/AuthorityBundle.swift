import CCurl
import DerootBytes
import Synchronization

/// The CA certificates for hosts that have some of their own.
///
/// libcurl takes one bundle, and setting it hides the one it was built with. podman trusts both, so
/// both go into one; a folder that it was built with stays in use anyway.
enum AuthorityBundle {
    /// Bytes of one file at most; the system's has a quarter of a megabyte.
    private static let most: UInt64 = 8 << 20
    private static let known = Mutex<[[String]: [UInt8]]>([:])

    /// The certificates of these files and of the system, as PEM.
    ///
    /// - Throws: `.notFound`, `.io`, `.limit`.
    static func bytes(adding authorities: [String]) throws(DerootError) -> [UInt8] {
        if let bytes = known.withLock({ $0[authorities] }) { return bytes }
        var bytes: [UInt8] = []
        if unsafe deroot_curl_ca_folder() == nil, let file = unsafe deroot_curl_ca_file() {
            bytes += (try? contents(unsafe String(cString: file))) ?? []
        }
        for path in authorities { bytes += try contents(path) + [0x0A] }
        known.withLock { $0[authorities] = bytes }
        return bytes
    }

    private static func contents(_ path: String) throws(DerootError) -> [UInt8] {
        var file = try FileSlice(try File.reading(path))
        guard file.count <= most else {
            throw DerootError(
                .limit, "a file of CA certificates has more than \(most) bytes",
                at: .init(file: path))
        }
        var bytes: [UInt8] = []
        let buffer = HeapBuffer(count: 64 << 10)
        while case let count = try unsafe file.read(into: buffer.bytes), count > 0 {
            unsafe bytes.append(contentsOf: buffer.part(0..<count))
        }
        return bytes
    }
}
