/// What a token allows (distribution, docs/spec/auth/scope.md).
struct Scope: Sendable, Hashable, CustomStringConvertible {
    /// What is allowed.
    enum Action: String, Sendable, Hashable {
        case pull, push, delete
        /// Everything.
        case any = "*"
    }

    /// With what, as type and name: `repository:team/app`.
    let resource: String
    /// What is allowed with it.
    let actions: [Action]

    /// A repository: pulling, and pushing and deleting where they are asked for.
    init(repository: String, isPush: Bool, isDelete: Bool = false) {
        resource = "repository:\(repository)"
        actions = [.pull] + (isPush ? [.push] : []) + (isDelete ? [.delete] : [])
    }

    private init(resource: String, actions: [Action]) {
        self.resource = resource
        self.actions = actions
    }

    /// The list of all repositories (distribution, handlers/app.go, `appendCatalogAccessRecord`).
    static let catalog = Scope(resource: "registry:catalog", actions: [.any])

    /// As a token server is asked for it.
    var description: String { "\(resource):\(actions.map(\.rawValue).joined(separator: ","))" }

    /// Whether this allows all that the other one does.
    func covers(_ other: Scope) -> Bool {
        resource == other.resource && other.actions.allSatisfy(actions.contains)
    }
}

/// What a request needs a token for.
struct Need: Sendable {
    /// What most requests to the same place need.
    let usual: [Scope]
    /// What this one needs besides: another repository to mount from, or the right to delete.
    ///
    /// Token servers may refuse a whole request for it, so that no other request depends on it.
    var special: Scope?

    /// Whether it is no more than to pull from repositories.
    var isPull: Bool { special == nil && usual.allSatisfy { $0.actions == [.pull] } }
}

/// Bearer tokens of one registry by what they allow, until they expire.
struct TokenCache: Sendable {
    private struct Token {
        let text: String
        let scopes: [Scope]
        let isSpecial: Bool
        let expires: Double
    }

    private var tokens: [Token] = []
    /// All that was usually needed: one token for it is better than one for each request.
    private var wanted: [Scope] = []

    /// A token that allows all of this and is still good; nil where there is none.
    ///
    /// One with special rights is not for others: some servers give less than they are asked for.
    func token(for need: Need, now: Double) -> String? {
        let wishes = need.usual + [need.special].compactMap(\.self)
        return tokens.last { token in
            token.expires > now && token.isSpecial == (need.special != nil)
                && wishes.allSatisfy { wish in token.scopes.contains { $0.covers(wish) } }
        }?.text
    }

    /// What to ask for when this is needed: it, and what was usually needed before, each once.
    mutating func union(with need: Need) -> [Scope] {
        for scope in need.usual where !wanted.contains(where: { $0.covers(scope) }) {
            wanted.removeAll { scope.covers($0) }
            wanted.append(scope)
        }
        guard let special = need.special else { return wanted }
        return wanted.filter { !special.covers($0) } + [special]
    }

    /// Keeps a token; it counts as expired a little before it is.
    mutating func keep(
        _ text: String, _ scopes: [Scope], isSpecial: Bool = false, lifetime: Double, now: Double
    ) {
        tokens.removeAll { $0.expires <= now }
        let slack = min(lifetime / 10, 10)
        tokens.append(
            Token(
                text: text, scopes: scopes, isSpecial: isSpecial,
                expires: now + lifetime - slack))
    }

    /// Forgets a token that was refused.
    mutating func drop(_ text: String) { tokens.removeAll { $0.text == text } }
}
