package import DerootBytes

/// An http or https URL, parsed strictly, so that no two readers see two hosts in it.
///
/// User names, backslashes, spaces, escapes in the host and all that is not ASCII are refused
/// (RFC 3986; what curl and browsers forgive is how hosts are confused). A fragment is dropped.
package struct WebAddress: Sendable, Hashable {
    /// The two schemes that registries use.
    package enum Scheme: String, Sendable, Hashable {
        /// Plain.
        case http
        /// Over TLS.
        case https

        /// The port where none is named.
        var port: UInt16 { self == .http ? 80 : 443 }
    }

    /// Who answers: credentials go nowhere else.
    package struct Origin: Sendable, Hashable {
        /// How it is spoken to.
        package let scheme: Scheme
        /// Lower case; an IPv6 address without its brackets.
        package let host: String
        /// The port, named or not.
        package let port: UInt16
    }

    /// Scheme, host and port.
    package let origin: Origin
    /// Path and query, beginning with a slash.
    package let target: String

    /// Parses an absolute URL.
    ///
    /// - Throws: `.malformed`; the text is not part of the message, since it may hold a signature.
    package init(parsing text: some StringProtocol) throws(DerootError) {
        let refuse = { (why: String) in DerootError(.malformed, "a URL is not well-formed: \(why)")
        }
        guard text.utf8.count <= 16_384 else { throw refuse("it is too long") }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
        else { throw refuse("it holds characters that no URL has") }
        let bytes = Array(text.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let scheme = Scheme(
                rawValue: String(decoding: bytes[..<colon], as: UTF8.self).lowercased()),
            bytes[colon...].starts(with: "://".utf8)
        else { throw refuse("it is neither http:// nor https://") }
        let rest = bytes[(colon + 3)...]
        let end = rest.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        origin = try Self.origin(scheme, rest[..<end])
        target = Self.target(rest[end...])
    }

    /// A target, which begins with a slash, at an origin.
    init(_ origin: Origin, target: String) {
        self.origin = origin
        self.target = target
    }

    private static func target(_ bytes: ArraySlice<UInt8>) -> String {
        let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self)
        return text.hasPrefix("/") ? text : "/" + text
    }

    private static func origin(
        _ scheme: Scheme, _ authority: ArraySlice<UInt8>
    ) throws(DerootError) -> Origin {
        let refuse = { (why: String) in DerootError(.malformed, "a URL is not well-formed: \(why)")
        }
        var host = authority
        var port = ArraySlice<UInt8>()
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else {
                throw refuse("a bracket is not closed")
            }
            host = authority[(authority.startIndex + 1)..<end]
            port = authority[(end + 1)...]
            // No zone (RFC 6874): it means something on one machine only, and readers differ on it.
            guard PeerAddress(String(decoding: host, as: UTF8.self)) != nil,
                host.contains(UInt8(ascii: ":")), !host.contains(UInt8(ascii: "%"))
            else { throw refuse("what is in brackets is no IPv6 address") }
        } else {
            if let colon = authority.firstIndex(of: UInt8(ascii: ":")) {
                host = authority[..<colon]
                port = authority[colon...]
            }
            let isName = host.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                    || (0x61...0x7A).contains(byte) || "-._".utf8.contains(byte)
            }
            guard isName, !host.isEmpty, host.count <= 255, host.first != UInt8(ascii: ".") else {
                throw refuse("its host is none")
            }
        }
        var number = scheme.port
        if !port.isEmpty {
            let digits = String(decoding: port.dropFirst(), as: UTF8.self)
            guard port.first == UInt8(ascii: ":"), let named = UInt16(digits), named > 0,
                digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
            else { throw refuse("its port is none") }
            number = named
        }
        return Origin(
            scheme: scheme, host: String(decoding: host, as: UTF8.self).lowercased(), port: number)
    }

    /// The root of a registry's host, `host[:port]` or `[ipv6][:port]`.
    ///
    /// - Throws: `.malformed`.
    package init(_ scheme: Scheme, host: String) throws(DerootError) {
        try self.init(parsing: "\(scheme.rawValue)://\(host)/")
    }

    /// Another target at the same origin; it begins with a slash.
    package func at(_ target: String) -> WebAddress { WebAddress(origin, target: target) }

    /// What a Location header means here (RFC 3986, section 5.2, without dot segments).
    ///
    /// - Throws: `.malformed`.
    package func resolving(_ reference: String) throws(DerootError) -> WebAddress {
        let text = reference.filter { $0 != " " && $0 != "\t" }
        guard text.utf8.count == reference.trimmed.utf8.count else {
            throw DerootError(.malformed, "a URL holds spaces")
        }
        if text.utf8.starts(with: "//".utf8) {
            return try WebAddress(parsing: "\(origin.scheme.rawValue):\(text)")
        }
        let path = target.prefix { $0 != "?" }
        let prefix =
            if text.hasPrefix("/") {
                ""
            } else if text.isEmpty || text.hasPrefix("?") || text.hasPrefix("#") {
                String(path)
            } else if text.prefix(while: { !"/?#".contains($0) }).contains(":") {
                nil as String?
            } else {
                String(path[...(path.lastIndex(of: "/") ?? path.startIndex)])
            }
        guard let prefix else { return try WebAddress(parsing: text) }
        return try WebAddress(parsing: "\(origin)\(prefix)\(text)")
    }

    /// The same address with one more parameter; what the query has stays (distribution-spec,
    /// "Pushing a blob in chunks": a Location may carry a state of the registry's own).
    package func adding(_ name: String, _ value: String) -> WebAddress {
        let separator = !target.contains("?") ? "?" : target.hasSuffix("?") ? "" : "&"
        return at("\(target)\(separator)\(name)=\(Self.escaped(value))")
    }

    /// A text as a parameter's value: all but letters, digits and `-._~` is escaped.
    package static func escaped(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || "-._~".utf8.contains(byte)
            out += isPlain ? String(UnicodeScalar(byte)) : "%" + hexadecimal([byte]).uppercased()
        }
        return out
    }
}

extension WebAddress.Origin: CustomStringConvertible {
    /// `https://host[:port]`.
    package var description: String { "\(scheme.rawValue)://\(shortHost)" }

    /// The host with its port, where that is not the scheme's own.
    package var shortHost: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == scheme.port ? name : "\(name):\(port)"
    }
}

extension WebAddress: CustomStringConvertible {
    /// For people: without the query, which may hold a signature.
    package var description: String { "\(origin)\(target.prefix { $0 != "?" })" }

    /// For the wire.
    var full: String { "\(origin)\(target)" }
}

extension StringProtocol {
    /// Without spaces and tabs at its ends.
    var trimmed: String {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let bytes = Array(utf8.drop(while: isSpace))
        let end = bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? 0
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
