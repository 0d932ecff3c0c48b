import DerootOCI
import Synchronization

/// Who is let into a small registry.
package enum Gate: Sendable {
    /// Everybody.
    case open
    /// Who knows the name and the password (RFC 7617).
    case basic(user: String, password: String)
    /// Who brings a token of the issuer's for the repository (distribution, docs/spec/auth/token.md).
    case bearer(realm: String, TokenIssuer)

    /// The answer to a request that is not let in.
    func refusal(of request: Request) -> Response? {
        let given = request.headers["Authorization"] ?? ""
        switch self {
        case .open: return nil
        case .basic(let user, let password):
            guard given != "Basic " + base64("\(user):\(password)") else { return nil }
            return .error(
                401, "UNAUTHORIZED", headers: ["WWW-Authenticate": #"Basic realm="mini""#])
        case .bearer(let realm, let issuer):
            let needed = Self.scope(of: request)
            let token = given.hasPrefix("Bearer ") ? String(given.dropFirst(7)) : ""
            guard !issuer.honours(token, needed) else { return nil }
            var challenge = #"Bearer realm="\#(realm)",service="mini""#
            if let needed { challenge += #",scope="\#(needed.text)""# }
            if !token.isEmpty { challenge += #",error="invalid_token""# }
            return .error(401, "UNAUTHORIZED", headers: ["WWW-Authenticate": challenge])
        }
    }

    /// What a request needs a token for; nil for `/v2/` itself.
    private static func scope(of request: Request) -> Scope? {
        guard let route = Route(request) else { return nil }
        let reads = request.method == "GET" || request.method == "HEAD"
        return Scope(repository: route.repository, actions: reads ? ["pull"] : ["pull", "push"])
    }
}

/// `repository:NAME:pull,push`.
package struct Scope: Sendable, Hashable {
    package let repository: String
    package let actions: Set<String>

    package init(repository: String, actions: Set<String>) {
        self.repository = repository
        self.actions = actions
    }

    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0] == "repository" else { return nil }
        repository = parts[1..<(parts.count - 1)].joined(separator: ":")
        actions = Set((parts.last ?? "").split(separator: ",").map(String.init))
    }

    var text: String { "repository:\(repository):\(actions.sorted().joined(separator: ","))" }
}

/// A token service, and the registry's knowledge of its tokens.
package final class TokenIssuer: Responder {
    private struct State {
        var tokens: [String: [Scope]] = [:]
        var usesLeft: [String: Int] = [:]
        var next = 1
    }

    private let state = Mutex(State())
    /// The account that gets all it asks for; everybody else may pull.
    private let account: (user: String, password: String)?
    /// The member that holds the token: `token` or `access_token`.
    private let member: String
    /// What the answer says of its life; nil: nothing, which means 60 seconds.
    private let lifetime: Int?
    /// How many requests a token is good for.
    private let uses: Int

    package init(
        account: (user: String, password: String)? = nil, member: String = "token",
        lifetime: Int? = 300, uses: Int = .max
    ) {
        self.account = account
        self.member = member
        self.lifetime = lifetime
        self.uses = uses
    }

    /// Makes all tokens invalid.
    package func expireAll() { state.withLock { $0.tokens = [:] } }

    /// The tokens that were given out so far and are still good.
    package var tokens: [String] { state.withLock { Array($0.tokens.keys) } }

    /// GET with Basic (token.md), or POST with a form (oauth.md).
    package func answer(_ request: Request) -> Response {
        var user = ""
        var password = ""
        if request.method == "POST" {
            user = request.form("username") ?? ""
            password = request.form("password") ?? request.form("refresh_token") ?? ""
        } else if let given = request.headers["Authorization"] {
            guard let account, given == "Basic " + base64("\(account.user):\(account.password)")
            else { return .error(401, "UNAUTHORIZED") }
            (user, password) = account
        }
        let isKnown = account.map { $0.password == password && (user.isEmpty || $0.user == user) }
        guard isKnown != false || password.isEmpty else { return .error(401, "UNAUTHORIZED") }
        let asked =
            request.method == "POST"
            ? (request.form("scope") ?? "").split(separator: " ").map(String.init)
            : request.queries("scope").flatMap { $0.split(separator: " ").map(String.init) }
        let allowed: Set<String> = account == nil || isKnown == true ? ["pull", "push"] : ["pull"]
        let scopes = asked.compactMap(Scope.init).map {
            Scope(repository: $0.repository, actions: $0.actions.intersection(allowed))
        }
        let token = state.withLock { state in
            let token = "token-\(state.next)-of-this-test"
            state.next += 1
            state.tokens[token] = scopes
            state.usesLeft[token] = uses
            return token
        }
        let life = lifetime.map { #","expires_in":\#($0)"# } ?? ""
        return .json(#"{"\#(member)":"\#(token)"\#(life)}"#)
    }

    func honours(_ token: String, _ needed: Scope?) -> Bool {
        state.withLock { state in
            guard let scopes = state.tokens[token], let left = state.usesLeft[token], left > 0
            else {
                return false
            }
            guard let needed else { return true }
            guard
                scopes.contains(where: {
                    $0.repository == needed.repository && $0.actions.isSuperset(of: needed.actions)
                })
            else { return false }
            state.usesLeft[token] = left - 1
            return true
        }
    }
}

/// Padded base64 (RFC 4648, 4), as Basic credentials are written.
package func base64(_ text: String) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var out: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let group = rest.prefix(3)
        rest = rest.dropFirst(3)
        let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
        for place in 0..<4 {
            let value = Int(bits >> (18 - 6 * UInt32(place)) & 63)
            out.append(place <= group.count ? digits[value] : UInt8(ascii: "="))
        }
    }
    return String(decoding: out, as: UTF8.self)
}
