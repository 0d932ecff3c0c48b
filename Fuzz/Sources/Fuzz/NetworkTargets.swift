import DerootBytes

@testable import DerootRegistry

/// What a server says.
enum NetworkTargets {
    /// The value of one `WWW-Authenticate`.
    static func challenge(_ bytes: [UInt8]) {
        let header = String(decoding: bytes, as: UTF8.self)
        let found = Challenge.parse(header)
        demand(found.count <= header.utf8.count, "more challenges than bytes")
        for challenge in found {
            demand(!challenge.scheme.isEmpty, "a challenge without a scheme")
            demand(challenge.parameters.count <= 32, "parameters without end")
        }
    }

    /// An address that is read has a host, means the same once it was written, and shows none of
    /// what confuses other readers.
    static func address(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let address = try? WebAddress(parsing: text) else { return }
        demand(!address.origin.host.isEmpty, "no host in \(text)")
        demand(address.target.hasPrefix("/"), "the target is \(address.target)")
        demand(!address.origin.host.contains { "@\\/?#% ".contains($0) }, "\(address.origin.host)")
        let again = try? WebAddress(parsing: "\(address.origin)\(address.target)")
        demand(again == address, "\(address) changes on its way")
    }
}
