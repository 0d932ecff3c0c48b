import DerootBytes
import DerootOCI

/// The conversation with a token server (distribution, docs/spec/auth/token.md and oauth.md).
struct TokenRequest {
    /// Where tokens are given out.
    let realm: WebAddress
    /// Whom the token is for, as the registry says; nil where it does not say.
    let service: String?
    /// What it shall allow: ours, never what the challenge says (hostile input F03).
    let scopes: [Scope]
    private let leastReach: PeerAddress.Reach?

    /// Reads a Bearer challenge of a registry.
    ///
    /// The realm may be another host, since Docker Hub's is; it must be https unless the registry
    /// itself is not, and must not be further inside than the registry.
    ///
    /// - Throws: `.hostile`, `.malformed`.
    init(
        _ challenge: Challenge, from registry: WebAddress.Origin, peer: PeerAddress?,
        scopes: [Scope]
    ) throws(DerootError) {
        guard let text = challenge.parameters["realm"] else {
            throw DerootError(
                .malformed, "\(registry.shortHost) wants a token and does not say from where")
        }
        do throws(DerootError) {
            realm = try WebAddress(parsing: text)
        } catch {
            throw DerootError(
                .malformed, "\(registry.shortHost) names a token server that is no URL",
                cause: error)
        }
        try RedirectPolicy.check(from: registry, peer: peer, to: realm, "a token server")
        service = challenge.parameters["service"]
        self.scopes = scopes
        leastReach =
            realm.origin == registry ? nil : RedirectPolicy.reach(of: registry, peer: peer)
    }

    /// The request for somebody: GET with basic authentication, POST with a refresh token.
    func request(_ credentials: RegistryCredentials) -> HTTPRequest {
        var request: HTTPRequest
        switch credentials {
        case .anonymous, .basic:
            var address = realm
            if let service { address = address.adding("service", service) }
            for scope in scopes { address = address.adding("scope", scope.description) }
            request = HTTPRequest(.get, address)
            if case .basic(let user, let secret) = credentials {
                request.address = request.address.adding("account", user)
                request.authorization = BasicAuthentication.header(user, secret)
            }
        case .identityToken(let token):
            request = HTTPRequest(.post, realm)
            let form = [
                ("grant_type", "refresh_token"), ("service", service ?? ""),
                ("client_id", "deroot"),
                ("scope", scopes.map(\.description).joined(separator: " ")),
                ("refresh_token", token),
            ].map { "\($0)=\(WebAddress.escaped($1))" }.joined(separator: "&")
            request.body = .bytes(Array(form.utf8))
            request.isBodySecret = true
            request.fields = [("Content-Type", "application/x-www-form-urlencoded")]
        }
        request.leastReach = leastReach
        request.limit = 1 << 20
        return request
    }

    /// Reads the server's answer: the token and for how many seconds it is good.
    ///
    /// - Throws: `.malformed`; the answer is not part of the message, since it holds a secret.
    static func answer(_ body: [UInt8]) throws(DerootError) -> (token: String, lifetime: Double) {
        do throws(DerootError) {
            guard let object = try JSON.parse(body, depth: 32).object else {
                throw DerootError(.malformed, "no object")
            }
            let names = [try object.text("token"), try object.text("access_token")]
            guard let text = names.compactMap({ $0 }).first(where: { !$0.isEmpty }),
                text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { throw DerootError(.malformed, "no token") }
            // 60 seconds where it does not say so that it can be read (token.md), and never for ever.
            let lifetime = (try? object.field("expires_in")).flatMap(Self.seconds) ?? 60
            return (text, min(max(lifetime, 1), 86_400))
        } catch {
            throw DerootError(.malformed, "the token server's answer holds no token")
        }
    }
}

extension TokenRequest {
    /// A number in any spelling; some servers write it as a string, or with a fraction.
    private static func seconds(_ value: JSON) -> Double? {
        let number =
            switch value.kind {
            case .number(let number): Double(String(decoding: number.lexeme.utf8, as: UTF8.self))
            case .string(let text): Double(text.value)
            default: nil as Double?
            }
        return number.flatMap { $0.isNaN ? nil : $0 }
    }
}

/// RFC 7617.
enum BasicAuthentication {
    /// The value of Authorization.
    static func header(_ user: String, _ secret: String) -> String {
        "Basic " + base64(Array("\(user):\(secret)".utf8))
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = Array(bytes[start..<min(start + 3, bytes.count)])
            let padded = group + [UInt8](repeating: 0, count: 3 - group.count)
            let bits = UInt32(padded[0]) << 16 | UInt32(padded[1]) << 8 | UInt32(padded[2])
            for place in 0..<4 {
                let digit = digits[Int(bits >> (18 - 6 * UInt32(place)) & 63)]
                out.append(place <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
