package import DerootBytes

/// What a result is filed under: the digest of source and recipe.
package struct LedgerKey: Sendable, Hashable, CustomStringConvertible {
    /// 160 bits, highest first; the last word ends with 32 zeros.
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64

    /// The first 40 hex digits, as tags hold them.
    package var description: String {
        String(hexadecimal(words: [first, second, third]).prefix(40))
    }

    /// The key of a source and a recipe.
    ///
    /// `name` is the source's `host/path:tag`: recipes may look at its last two parts, without the
    /// tag, so that one image under two names may have two results.
    package init(source: Digest, name: String, recipe: Digest) {
        let path = name.prefix { $0 != "@" }.split(separator: "/").suffix(2)
        let bare = (path.dropLast() + [(path.last ?? "").prefix { $0 != ":" }])
            .joined(separator: "/")
        let digest = Digest.of(Array("\(source)\n\(bare)\n\(recipe)\n".utf8))
        guard let key = LedgerKey(parsing: digest.hex.prefix(40)) else {
            preconditionFailure("a digest has 40 hex digits")
        }
        self = key
    }

    /// Reads 40 lower-case hex digits; nil for anything else.
    package init?(parsing text: some StringProtocol) {
        let padded = Array(text.utf8) + repeatElement(UInt8(ascii: "0"), count: 8)
        guard let words = hexWords(padded, count: 3) else { return nil }
        (first, second, third) = (words[0], words[1], words[2])
    }
}

/// What the ledger says of a key.
package enum LedgerState: Sendable, Hashable {
    /// The result's digest.
    case done(Digest)
    /// The image cannot be converted with this recipe.
    case refused

    /// The tag that says so (at most 108 characters); nil for a digest that does not fit into one.
    package func tag(_ key: LedgerKey) -> String? {
        switch self {
        case .refused: return "v1-\(key)-refused"
        case .done(let digest):
            return digest.algorithm == .sha256 ? "v1-\(key)-\(digest.hex)" : nil
        }
    }

    /// Reads a tag; nil for one that is not the ledger's.
    package static func parse(_ tag: String) -> (key: LedgerKey, state: LedgerState)? {
        let parts = tag.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "v1", let key = LedgerKey(parsing: parts[1]) else {
            return nil
        }
        if parts[2] == "refused" { return (key, .refused) }
        guard let digest = try? Digest(parsing: "sha256:\(parts[2])") else { return nil }
        return (key, .done(digest))
    }
}

/// The ledger as a list of tags shows it.
package struct LedgerView: Sendable {
    /// What counts of a key.
    private var states: [LedgerKey: LedgerState] = [:]
    private var contradicting: Set<LedgerKey> = []

    /// Reads tags; those that are not the ledger's are passed over.
    package init(tags: [String] = []) {
        for tag in tags { add(tag: tag) }
    }

    /// Reads a tag; one that is not the ledger's is passed over.
    package mutating func add(tag: String) {
        if let (key, state) = LedgerState.parse(tag) { add(state, for: key) }
    }

    /// Adds an entry.
    package mutating func add(_ state: LedgerState, for key: LedgerKey) {
        switch (states[key], state) {
        case (nil, _), (.refused, _): states[key] = state
        case (.done, .refused): return
        case (.done(let known), .done(let digest)):
            guard known != digest else { return }
            contradicting.insert(key)
            if digest.precedes(known) { states[key] = state }
        }
    }

    /// What is known of a key; a result beats a refusal, and of several results the least counts.
    package subscript(key: LedgerKey) -> LedgerState? { states[key] }

    /// Keys with several results: conversions that did not give the same bytes.
    package var contradictions: [LedgerKey] {
        contradicting.sorted { $0.description < $1.description }
    }

    /// All keys.
    package var keys: Set<LedgerKey> { Set(states.keys) }
}
