package import DerootBytes

/// What a config's `User` means in the image it belongs to, in every runtime.
package enum ImageUser: Sendable, Hashable {
    /// Absent, empty, or any spelling of uid 0.
    case root
    /// A user that is not root, as numbers.
    case nonRoot(uid: UInt32, gid: UInt32)

    /// Resolves `User` as moby/sys/user does, and refuses where runtimes would come to different ends.
    ///
    /// Forms: `NAME`, `UID`, either with `:GROUP` or `:GID` (OCI image-spec, config.md, "User").
    /// - Throws: `.blocked` for names that do not resolve (NR003) and for numbers outside
    ///   1…2147483647 or not canonical (CVE-2024-40635, CVE-2026-46680).
    package init(_ user: String?, in accounts: Accounts) throws(DerootError) {
        guard let user, !user.isEmpty else {
            self = .root
            return
        }
        let parts = user.utf8.split(
            separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        let name = Array(parts[0])
        let group = parts.count > 1 ? Array(parts[1]) : []
        let row: AccountFile.Row?
        let uid: UInt32
        if name.isEmpty {
            self = .root
            return
        }
        if name.allSatisfy({ (0x30...0x39).contains($0) }) {
            if name.allSatisfy({ $0 == 0x30 }) {
                self = .root
                return
            }
            uid = try Self.canonical(name, of: user)
            row = accounts.passwd.row(id: uid)
        } else {
            guard let found = accounts.passwd.row(named: name) else {
                throw Self.refuse(user, "no row of /etc/passwd has that name")
            }
            // A field that is no number counts as 0 in runtimes: that would be root under a name.
            guard let id = found.id, found.groupID != nil else {
                throw Self.refuse(user, "its row in /etc/passwd, line \(found.line), is malformed")
            }
            if id == 0 {
                self = .root
                return
            }
            uid = try Self.canonical(Array(String(id).utf8), of: user)
            row = found
        }
        let gid = try Self.group(group, of: user, row: row, in: accounts)
        self = .nonRoot(uid: uid, gid: gid)
    }

    private static func group(
        _ group: [UInt8], of user: String, row: AccountFile.Row?, in accounts: Accounts
    ) throws(DerootError) -> UInt32 {
        // Without a group the row's counts; without a row runtimes take 0, the image's own choice.
        if group.isEmpty { return try inRange(row?.groupID ?? 0, of: user) }
        if group.allSatisfy({ $0 == 0x30 }) { return 0 }
        if group.allSatisfy({ (0x30...0x39).contains($0) }) {
            return try canonical(group, of: user)
        }
        guard let found = accounts.group.row(named: group), let gid = found.id else {
            throw refuse(user, "no well-formed row of /etc/group has that group's name")
        }
        return try inRange(gid, of: user)
    }

    /// Runtimes refuse larger ids, also where a row names them.
    private static func inRange(_ gid: UInt32, of user: String) throws(DerootError) -> UInt32 {
        guard gid <= 2_147_483_647 else {
            throw refuse(user, "its group's id \(gid) is above 2147483647")
        }
        return gid
    }

    private static func canonical(_ text: [UInt8], of user: String) throws(DerootError) -> UInt32 {
        guard let value = AccountFile.number(text), value > 0, value <= 2_147_483_647 else {
            throw refuse(user, "ids are canonical decimals from 1 to 2147483647")
        }
        return value
    }

    private static func refuse(_ user: String, _ why: String) -> DerootError {
        DerootError(
            .blocked, "the user '\(printable(user.utf8))' does not resolve: \(why)",
            advice: "name the account to use with --user UID:GID")
    }
}
