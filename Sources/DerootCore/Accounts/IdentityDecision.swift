import DerootBytes

extension Identity {
    /// How an account was chosen.
    package enum Origin: Sendable, Hashable {
        /// On the command line.
        case asked
        /// The image's own user, only as numbers.
        case image
        /// What a recipe or a start script names; the text says which, for people.
        case adopted(String)
        /// 65532:65532, since nothing names an account.
        case assigned
    }

    /// An account that something in the image, or a recipe, names.
    package struct Proposal: Sendable, Hashable {
        package enum Account: Sendable, Hashable {
            /// As a config's User spells it: `redis`, `redis:redis`, `999:1000`.
            case spelled(String)
            /// Numbers, which need no row, and what a new row says.
            case numbers(uid: UInt32, gid: UInt32, name: String?, home: String?)
        }

        package let account: Account
        /// Where it comes from, for people.
        package let source: String
        /// True where only `--user adopt` takes it: the start script calls the tool as whoever it is,
        /// so that a user who is not root does not come so far.
        package var needsAdopt = false

        package init(_ account: Account, from source: String, needsAdopt: Bool = false) {
            self.account = account
            self.source = source
            self.needsAdopt = needsAdopt
        }
    }

    /// The numbers, before it is known what rows they need.
    struct Decision {
        var uid = Identity.defaultID
        var gid = Identity.defaultID
        var origin = Origin.assigned
        /// Of a new row.
        var name: String?
        var home: String?
        /// True where the account had its supplementary groups until now.
        var losesGroups = false

        init(
            _ choice: Choice, imageUser: String?, in accounts: Accounts, _ proposals: [Proposal],
            avoidsHighIDs: Bool
        ) throws(DerootError) {
            switch choice {
            case .auto, .adopt:
                if case .nonRoot(let uid, let gid) = try ImageUser(imageUser, in: accounts),
                    !avoidsHighIDs || uid < EntryPolicy.firstHighID && gid < EntryPolicy.firstHighID
                {
                    (self.uid, self.gid, origin) = (uid, gid, .image)
                    losesGroups = imageUser?.utf8.contains(UInt8(ascii: ":")) == false
                    return
                }
                if take(proposals, choice, accounts) { return }
                guard choice == .auto else {
                    throw DerootError(
                        .blocked, "--user adopt: nothing in the image names an account",
                        advice: "name one with --user NAME or --user UID:GID")
                }
            case .numbers(let uid, let gid):
                let group = gid ?? accounts.passwd.row(id: uid)?.groupID ?? uid
                guard group <= 2_147_483_647 else {
                    throw DerootError(
                        .blocked,
                        "--user \(uid): that account's group \(group) is above 2147483647",
                        advice: "name a group as well: --user \(uid):GID")
                }
                (self.uid, self.gid, origin) = (uid, group, .asked)
            case .name(let name):
                guard case .nonRoot(let uid, let gid) = try ImageUser(name, in: accounts) else {
                    throw DerootError(
                        .blocked, "--user \(name): that account is root in this image",
                        advice: "choose another, or numbers")
                }
                (self.uid, self.gid, origin) = (uid, gid, .asked)
                losesGroups = true
            }
        }

        /// Takes the first proposal that resolves to somebody who is not root.
        private mutating func take(
            _ proposals: [Proposal], _ choice: Choice, _ accounts: Accounts
        ) -> Bool {
            for proposal in proposals where !proposal.needsAdopt || choice == .adopt {
                switch proposal.account {
                case .numbers(let uid, let gid, let name, let home):
                    guard choice == .auto else { continue }
                    (self.uid, self.gid, self.name, self.home) = (uid, gid, name, home)
                    origin = .adopted(proposal.source)
                    return true
                case .spelled(let user):
                    guard let found = try? ImageUser(user, in: accounts),
                        case .nonRoot(let uid, let gid) = found
                    else { continue }
                    (self.uid, self.gid, origin) = (uid, gid, .adopted(proposal.source))
                    losesGroups = !user.utf8.contains(UInt8(ascii: ":"))
                    return true
                }
            }
            return false
        }
    }

    /// What people should know of the choice: where it comes from, what it loses, which gates mind.
    package var notes: [String] {
        var notes: [String] = []
        if case .adopted(let source) = origin {
            notes.append("runs as \(user) (\(printable(userName))): \(source)")
        }
        if !lostGroups.isEmpty {
            notes.append(
                "NR006 \(printable(userName)) was a member of \(lostGroups.joined(separator: ", ")) "
                    + "too, which UID:GID leaves out")
        }
        let gates = Self.gates(refusing: uid)
        if !gates.isEmpty {
            notes.append("NR007 the uid \(uid) fails \(gates.joined(separator: ", "))")
        }
        return notes
    }

    /// The gates that want another uid, by name.
    package static func gates(refusing uid: UInt32) -> [String] {
        var gates: [String] = []
        if !(1000...65534).contains(uid) { gates.append("OpenShift restricted-v3 (1000…65534)") }
        if uid <= 10000 { gates.append("Trivy KSV-0020 (above 10000)") }
        if uid >= EntryPolicy.firstHighID {
            gates.append("rootless engines with 65536 subordinate ids")
        }
        return gates
    }
}
