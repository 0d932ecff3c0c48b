package import DerootBytes

/// The account that the converted image runs as, and what has to be added for it to exist.
package struct Identity: Sendable, Hashable {
    /// Who was asked for on the command line.
    package enum Choice: Sendable, Hashable {
        /// Keep an image's non-root user, as numbers; else 65532:65532.
        case auto
        /// These numbers; without a gid the account's own, or the uid's.
        case numbers(uid: UInt32, gid: UInt32?)
        /// An account of the image.
        case name(String)

        /// Reads the value of `--user`.
        ///
        /// - Throws: `.usage` for root, for numbers out of range, and for names that are none.
        package init(parsing text: String) throws(DerootError) {
            let bad = DerootError(
                .usage, "--user '\(printable(text.utf8))' is neither auto, UID:GID nor a name",
                advice: "ids are decimals, the uid from 1 to 2147483647")
            if text == "auto" {
                self = .auto
                return
            }
            if text == "adopt" {
                throw DerootError(
                    .unsupported, "--user adopt is not in this version",
                    advice: "name the account: --user NAME")
            }
            let parts = text.utf8.split(
                separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            if let first = parts.first, let uid = AccountFile.number(first) {
                guard parts.count <= 2, uid > 0, uid <= 2_147_483_647 else { throw bad }
                guard parts.count == 2 else {
                    self = .numbers(uid: uid, gid: nil)
                    return
                }
                guard let gid = AccountFile.number(parts[1]), gid <= 2_147_483_647 else {
                    throw bad
                }
                self = .numbers(uid: uid, gid: gid)
                return
            }
            guard parts.count == 1, Identity.isName(text) else { throw bad }
            self = .name(text)
        }
    }

    /// The default: meets every gate at once (above 10000, below 65536, not 0; distroless's number).
    package static let defaultID: UInt32 = 65532

    package let uid: UInt32
    package let gid: UInt32
    /// The account's and the group's name in the result.
    package let userName: [UInt8]
    package let groupName: [UInt8]
    /// The account's home in the result.
    package let home: [UInt8]
    /// The rows to be added; nil where the image has one for the number.
    package let passwdRow: String?
    package let groupRow: String?

    /// `UID:GID`, as the config says it.
    package var user: String { "\(uid):\(gid)" }

    /// Decides on the account.
    ///
    /// Never a second row for one id or name (dockle DKL-LI-0002), never an empty password.
    /// - Throws: `.blocked` where a name does not resolve, or resolves to root.
    package init(
        _ choice: Choice, imageUser: String?, in accounts: Accounts
    ) throws(DerootError) {
        let numbers = try Self.numbers(choice, imageUser: imageUser, in: accounts)
        uid = numbers.uid
        gid = numbers.gid
        guard !accounts.passwd.namesLeniently(uid), !accounts.group.namesLeniently(gid) else {
            throw DerootError(
                .hostile,
                "a row of /etc/passwd or /etc/group spells \(uid) or \(gid) in a way that "
                    + "only some readers understand",
                advice: "correct the row, or choose other numbers with --user")
        }
        if let row = accounts.group.row(id: gid) {
            groupName = row.name
            groupRow = nil
        } else if gid == 0 {
            groupName = Array("root".utf8)
            groupRow = nil
        } else {
            let name = Self.freeName(in: accounts.group)
            groupName = Array(name.utf8)
            groupRow = "\(name):x:\(gid):"
        }
        if let row = accounts.passwd.row(id: uid) {
            userName = row.name
            home = row.home
            passwdRow = nil
        } else {
            let name = Self.freeName(in: accounts.passwd)
            userName = Array(name.utf8)
            home = Array("/home/\(name)".utf8)
            passwdRow = "\(name):x:\(uid):\(gid):\(name):/home/\(name):/sbin/nologin"
        }
    }

    private static func numbers(
        _ choice: Choice, imageUser: String?, in accounts: Accounts
    ) throws(DerootError) -> (uid: UInt32, gid: UInt32) {
        switch choice {
        case .auto:
            switch try ImageUser(imageUser, in: accounts) {
            case .root: return (defaultID, defaultID)
            case .nonRoot(let uid, let gid): return (uid, gid)
            }
        case .numbers(let uid, let gid):
            let group = gid ?? accounts.passwd.row(id: uid)?.groupID ?? uid
            guard group <= 2_147_483_647 else {
                throw DerootError(
                    .blocked, "--user \(uid): that account's group \(group) is above 2147483647",
                    advice: "name a group as well: --user \(uid):GID")
            }
            return (uid, group)
        case .name(let name):
            guard case .nonRoot(let uid, let gid) = try ImageUser(name, in: accounts) else {
                throw DerootError(
                    .blocked, "--user \(name): that account is root in this image",
                    advice: "choose another, or numbers")
            }
            return (uid, gid)
        }
    }

    /// `nonroot`, or `nonroot1` and so on where that is taken.
    private static func freeName(in file: AccountFile) -> String {
        var name = "nonroot"
        var number = 0
        while file.row(named: name.utf8) != nil {
            number += 1
            name = "nonroot\(number)"
        }
        return name
    }

    /// `[a-z_][a-z0-9_-]{0,31}`, as useradd(8) has it.
    package static func isName(_ text: String) -> Bool {
        let isLetter = { (byte: UInt8) in (0x61...0x7A).contains(byte) || byte == 0x5F }
        guard let first = text.utf8.first, isLetter(first), text.utf8.count <= 32 else {
            return false
        }
        return text.utf8.dropFirst().allSatisfy {
            isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2D
        }
    }
}
