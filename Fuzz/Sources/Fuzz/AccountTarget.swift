import DerootBytes
import DerootCore
import DerootTar

/// Account files and `User`, held against a reading of our own of what container engines do.
enum AccountTarget {
    /// `User`, passwd and group, with a NUL between.
    ///
    /// A user that is taken for non-root must not be
    /// root to an engine, neither by its old spelling nor as the numbers that the result gets.
    static func run(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return }
        let (passwd, group) = (Array(parts[1]), Array(parts[2]))
        guard let accounts = try? accounts(passwd, group) else { return }
        let user = String(decoding: parts[0], as: UTF8.self)
        guard let identity = try? Identity(.auto, imageUser: user, in: accounts) else { return }
        demand(identity.uid > 0 && identity.uid <= 2_147_483_647, "uid \(identity.uid)")
        let after = identity.passwdRow.map { accounts.passwd.appending($0) } ?? passwd
        let engine = EngineUser(identity.user, passwd: after)
        demand(engine.uid == Int(identity.uid), "\(identity.user) is \(engine.uid ?? -1)")
        guard case .nonRoot(let uid, _) = try? ImageUser(user, in: accounts) else { return }
        demand(EngineUser(user, passwd: passwd).uid == Int(uid), "'\(user)' is not \(uid)")
    }

    private static func accounts(
        _ passwd: [UInt8], _ group: [UInt8]
    ) throws(DerootError) -> Accounts {
        let stream =
            file("etc/passwd", passwd) + file("etc/group", group)
            + [UInt8](repeating: 0, count: 1024)
        let feed = MemoryFeed(stream, chunk: 1 << 16)
        let found = Found()
        try unsafe TarWalk.run(
            limits: Limits(), pull: { () throws(DerootError) in unsafe feed.next() },
            found: { (entry) throws(DerootError) in try found.listing.append(entry) })
        return try Accounts(in: FileTree([found.listing])) { (entry) throws(DerootError) in
            entry.index == 0 ? passwd : group
        }
    }

    private final class Found {
        var listing = LayerListing()
    }

    private static func file(_ name: String, _ body: [UInt8]) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8)
        }
        let digits = String(body.count, radix: 8)
        put(name, at: 0)
        put("0000644", at: 100)
        put(String(repeating: "0", count: 11 - digits.count) + digits, at: 124)
        put("0ustar", at: 156)
        put("00", at: 263)
        let sum = String(TarNumber.checksums(header[...]).unsigned, radix: 8)
        put(String(repeating: "0", count: 6 - sum.count) + sum, at: 148)
        header[155] = 0x20
        let padding = (512 - body.count % 512) % 512
        return header + body + [UInt8](repeating: 0, count: padding)
    }
}

/// Whom an engine would run as, read as Go's engines read: white space is trimmed, numbers that are
/// none count as 0, a numeric name is always an id.
private struct EngineUser {
    /// nil where the engine refuses.
    let uid: Int?

    init(_ spec: String, passwd: [UInt8]) {
        let name =
            spec.utf8.split(separator: 0x3A, omittingEmptySubsequences: false).first ?? [][...]
        let wanted = Array(name)
        let number = Self.atoi(wanted)
        for line in passwd.split(separator: 0x0A) {
            let text = Self.trimmed(line)
            guard !text.isEmpty else { continue }
            let fields = text.split(separator: 0x3A, omittingEmptySubsequences: false).map(
                Array.init)
            let uid = fields.count > 2 ? Self.atoi(fields[2]) ?? 0 : 0
            let fits =
                wanted.isEmpty ? uid == 0 : number.map { $0 == uid } ?? (fields[0] == wanted)
            if fits {
                self.uid = uid
                return
            }
        }
        uid = wanted.isEmpty ? 0 : number
    }

    private static func atoi(_ bytes: [UInt8]) -> Int? {
        Int(String(decoding: bytes, as: UTF8.self))
    }

    /// What Go's unicode.IsSpace takes for a blank, in UTF-8.
    private static let blanks: [[UInt8]] =
        (Array(0x09...0x0D) + [0x20, 0x85, 0xA0, 0x1680] + Array(0x2000...0x200A)
        + [0x2028, 0x2029, 0x202F, 0x205F, 0x3000])
        .compactMap { (value: UInt32) in Unicode.Scalar(value).map { Array(String($0).utf8) } }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
        var line = line
        while let blank = blanks.first(where: { line.starts(with: $0) }) {
            line = line.dropFirst(blank.count)
        }
        while let blank = blanks.first(where: { line.suffix($0.count).elementsEqual($0) }) {
            line = line.dropLast(blank.count)
        }
        return Array(line)
    }
}
