package import DerootBytes

/// The account that the converted image runs as, and what has to be added for it to exist.
package struct Identity: Sendable, Hashable {
    /// Who was asked for on the command line.
    package enum Choice: Sendable, Hashable {
        /// Keep an image's non-root user, as numbers; else what a recipe says, or the account that the
        /// start script is seen to step down to; else 65532:65532.
        case auto
        /// The same, but never an account that the image does not name.
        case adopt
        /// These numbers; without a gid the account's own, or the uid's.
        case numbers(uid: UInt32, gid: UInt32?)
        /// An account of the image.
        case name(String)

        /// Reads the value of `--user`.
        ///
        /// - Throws: `.usage` for root, for numbers out of range, and for names that are none.
        package init(parsing text: String) throws(DerootError) {
            let bad = DerootError(
                .usage,
                "--user '\(printable(text.utf8))' is neither auto, adopt, UID:GID nor a name",
                advice: "ids are decimals, the uid from 1 to 2147483647")
            if text == "auto" {
                self = .auto
                return
            }
            if text == "adopt" {
                self = .adopt
                return
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
    /// How the account was chosen.
    package let origin: Origin
    /// Groups that the account has in /etc/group and that `UID:GID` takes from it (NR006).
    package let lostGroups: [String]

    /// `UID:GID`, as the config says it.
    package var user: String { "\(uid):\(gid)" }

    /// Decides on the account.
    ///
    /// `proposals` are what a recipe or the start script names, the first that resolves counts; with
    /// `groupZero` the group is 0, for platforms that choose the uid themselves.
    ///
    /// Never a second row for one id or name (dockle DKL-LI-0002), never an empty password.
    /// - Throws: `.blocked` where a name does not resolve, or resolves to root.
    package init(
        _ choice: Choice, imageUser: String?, in accounts: Accounts, proposals: [Proposal] = [],
        groupZero: Bool = false, avoidsHighIDs: Bool = false
    ) throws(DerootError) {
        let decision = try Decision(
            choice, imageUser: imageUser, in: accounts, proposals, avoidsHighIDs: avoidsHighIDs)
        let numbers = (uid: decision.uid, gid: groupZero ? 0 : decision.gid)
        uid = numbers.uid
        gid = numbers.gid
        origin = decision.origin
        guard !accounts.passwd.namesLeniently(uid), !accounts.group.namesLeniently(gid) else {
            throw DerootError(
                .hostile,
                "a row of /etc/passwd or /etc/group spells \(uid) or \(gid) in a way that "
                    + "only some readers understand",
                advice: "correct the row, or choose other numbers with --user")
        }
        let wanted = decision.name ?? "nonroot"
        if let row = accounts.group.row(id: gid) {
            groupName = row.name
            groupRow = nil
        } else if gid == 0 {
            groupName = Array("root".utf8)
            groupRow = nil
        } else {
            let name = Self.freeName(wanted, in: accounts.group)
            groupName = Array(name.utf8)
            groupRow = "\(name):x:\(gid):"
        }
        if let row = accounts.passwd.row(id: uid) {
            userName = row.name
            home = row.home
            passwdRow = nil
        } else {
            let name = Self.freeName(wanted, in: accounts.passwd)
            let home = decision.home ?? "/home/\(name)"
            userName = Array(name.utf8)
            self.home = Array(home.utf8)
            passwdRow = "\(name):x:\(uid):\(gid):\(name):\(home):/sbin/nologin"
        }
        lostGroups =
            decision.losesGroups ? Self.groups(of: userName, besides: numbers.gid, accounts) : []
    }

    /// The names of the groups that list an account as a member.
    private static func groups(
        of name: [UInt8], besides gid: UInt32, _ accounts: Accounts
    ) -> [String] {
        accounts.group.rows.filter { $0.id != gid && $0.members.contains(name) }
            .map { printable($0.name) }
    }

    /// The wanted name, or one with a number behind it where that is taken.
    private static func freeName(_ wanted: String, in file: AccountFile) -> String {
        var name = wanted
        var number = 0
        while file.row(named: name.utf8) != nil {
            number += 1
            name = "\(wanted)\(number)"
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
