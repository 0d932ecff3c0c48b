import DerootBytes
import DerootOCI

/// A file with credentials: containers' auth.json, Docker's config.json, or the old .dockercfg.
struct AuthFile: Sendable {
    /// What a file says about a repository.
    enum Answer: Sendable {
        /// The credentials themselves.
        case credentials(RegistryCredentials)
        /// The program that has them, for this host by name.
        case helper(String)
    }

    /// The file, for messages.
    let path: String
    private let entries: [String: JSONObject]
    private let helpers: [String: String]
    /// The program that has the credentials of all hosts; nil where there is none.
    let store: String?

    /// Reads a file's content.
    ///
    /// `isLegacy` is true for .dockercfg, which is nothing but a map of entries.
    ///
    /// - Throws: `.malformed`, naming the file and the line or the entry; never with a secret.
    init(parsing bytes: [UInt8], path: String, isLegacy: Bool = false) throws(DerootError) {
        self.path = path
        do throws(DerootError) {
            let root = try Document(parsing: bytes).root
            guard !isLegacy else {
                entries = try Self.entries(root, isLegacy: true)
                helpers = [:]
                store = nil
                return
            }
            entries =
                try root.object("auths").map { (auths) throws(DerootError) in
                    try Self.entries(auths, isLegacy: false)
                } ?? [:]
            var helpers: [String: String] = [:]
            for entry in try root.textMap("credHelpers") {
                helpers[CredentialScope.normalized(entry.name, isLegacy: false)] = entry.value
            }
            self.helpers = helpers
            store = try root.text("credsStore").flatMap { $0.isEmpty ? nil : $0 }
        } catch {
            var refusal = error.located(in: .init(file: path))
            if let offset = error.location.offset {
                let line = SettingsFile.line(of: Int(clamping: offset), in: bytes)
                refusal.message = "line \(line): \(error.message)"
            }
            refusal.advice = error.advice ?? "correct the file, or log in again"
            throw refusal
        }
    }

    private static func entries(
        _ object: JSONObject, isLegacy: Bool
    ) throws(DerootError) -> [String: JSONObject] {
        var entries: [String: JSONObject] = [:]
        var ranks: [String: Int] = [:]
        for member in object.members {
            guard let entry = member.value.object,
                let (key, rank) = CredentialScope.ranked(member.name.value, isLegacy: isLegacy),
                // A key that needs no interpretation beats those that do, and a host one with a path.
                rank <= ranks[key] ?? rank
            else { continue }
            ranks[key] = rank
            entries[key] = entry
        }
        return entries
    }

    /// True where the file has an entry for the host, be it empty, as logging in with a helper
    /// leaves it.
    func names(_ scope: CredentialScope) -> Bool {
        scope.keys.contains { entries[$0] != nil }
    }

    /// What the file itself says: the host's own helper first, then the most specific entry.
    ///
    /// - Throws: `.malformed` for an entry that cannot be read.
    func answer(_ scope: CredentialScope) throws(DerootError) -> Answer? {
        for host in scope.hosts {
            if let name = helpers[host], !name.isEmpty { return .helper(name) }
        }
        return try credentials(scope).map { .credentials($0) }
    }

    /// The credentials of the most specific entry that has any.
    ///
    /// - Throws: `.malformed` for an entry that cannot be read.
    func credentials(_ scope: CredentialScope) throws(DerootError) -> RegistryCredentials? {
        for key in scope.keys {
            guard let entry = entries[key] else { continue }
            do throws(DerootError) {
                if let found = try Self.credentials(entry) { return found }
            } catch {
                throw DerootError(
                    error.code,
                    "the entry '\(printable(key.utf8.prefix(200)))': \(error.message)",
                    at: .init(file: path), advice: "log in again")
            }
        }
        return nil
    }

    private static func credentials(_ entry: JSONObject) throws(DerootError) -> RegistryCredentials?
    {
        if let token = try entry.text("identitytoken"), !token.isEmpty {
            return .identityToken(token)
        }
        if let text = try entry.text("auth"), !text.isEmpty {
            guard let decoded = base64Decoded(text),
                let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
            else { throw DerootError(.malformed, "'auth' is not the base64 of USER:PASSWORD") }
            // Docker pads passwords with zeros in places.
            let password = decoded[(colon + 1)...].reversed().drop { $0 == 0 }.reversed()
            return .basic(
                user: String(decoding: decoded[..<colon], as: UTF8.self),
                secret: String(decoding: password, as: UTF8.self))
        }
        guard let username = try entry.text("username"), !username.isEmpty,
            let password = try entry.text("password")
        else { return nil }
        return .basic(user: username, secret: password)
    }
}
