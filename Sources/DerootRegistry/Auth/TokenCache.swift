/// What a token allows in one repository (distribution, docs/spec/auth/scope.md).
struct Scope: Sendable, Hashable, CustomStringConvertible {
    /// The repository.
    let repository: String
    /// Whether pushing is among it; pulling always is.
    let isPush: Bool

    /// As a token server is asked for it.
    var description: String { "repository:\(repository):\(isPush ? "pull,push" : "pull")" }

    /// Whether this allows all that the other one does.
    func covers(_ other: Scope) -> Bool {
        repository == other.repository && (isPush || !other.isPush)
    }
}

/// Bearer tokens of one registry by what they allow, until they expire.
struct TokenCache: Sendable {
    private struct Token {
        let text: String
        let scopes: [Scope]
        let expires: Double
    }

    private var tokens: [Token] = []
    /// All that was ever asked for: one token for it is better than one for each request.
    private var wanted: [Scope] = []

    /// A token that allows all of this and is still good; nil where there is none.
    func token(for scopes: [Scope], now: Double) -> String? {
        tokens.last { token in
            token.expires > now
                && scopes.allSatisfy { wish in token.scopes.contains { $0.covers(wish) } }
        }?.text
    }

    /// What to ask for when these are needed: they, and what was needed before, each once.
    mutating func union(with scopes: [Scope]) -> [Scope] {
        for scope in scopes where !wanted.contains(where: { $0.covers(scope) }) {
            wanted.removeAll { scope.covers($0) }
            wanted.append(scope)
        }
        return wanted
    }

    /// Keeps a token; it counts as expired a little before it is.
    mutating func keep(_ text: String, _ scopes: [Scope], lifetime: Double, now: Double) {
        tokens.removeAll { $0.expires <= now }
        let slack = min(lifetime / 10, 10)
        tokens.append(Token(text: text, scopes: scopes, expires: now + lifetime - slack))
    }

    /// Forgets a token that was refused.
    mutating func drop(_ text: String) { tokens.removeAll { $0.text == text } }
}
