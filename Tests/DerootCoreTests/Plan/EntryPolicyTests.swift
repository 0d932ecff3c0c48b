import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// What changes in an entry, seen alone (privileges: D01 to D09; owners).
struct EntryPolicyTests {
    static let owner = HeaderChange.Owner(
        uid: 65532, gid: 65532, userName: Array("nonroot".utf8), groupName: Array("nonroot".utf8))
    static let capability = PaxRecord(
        "SCHILY.xattr.security.capability", [1, 0, 0, 2] + [UInt8](repeating: 0, count: 16))
    static let permitted = PaxRecord(
        "SCHILY.xattr.security.capability", [0, 0, 0, 2] + [UInt8](repeating: 0, count: 16))

    private func policy(
        owning: [String] = [], keep: [String] = [], _ options: ConversionOptions = .init()
    ) throws -> EntryPolicy {
        var options = options
        for text in keep { options.keep.append(try PathPattern(text)) }
        var policy = EntryPolicy(options)
        policy.owner = owning.isEmpty ? nil : Self.owner
        policy.ownedRoots = owning.map { TarPath($0) }
        return policy
    }

    /// The change of the last entry.
    private func change(_ policy: EntryPolicy, _ build: @escaping Build) throws -> HeaderChange? {
        let listing = try #require(try listings([build]).first)
        return policy.change(of: listing.count - 1, in: listing)
    }

    private func clears(_ type: Character, _ mode: UInt64) throws -> UInt16 {
        let header = RawHeader("f", type: type, mode: mode)
        return try change(policy()) { $0.header(header) }?.clear ?? 0
    }

    @Test(arguments: [0o4755, 0o2755, 0o6755, 0o4000, 0o6644, 0o4754, 0o7777] as [UInt64])
    func D01_clearsSetuidAndSetgidOfFiles(_ mode: UInt64) throws {
        for type in ["0", "\0", "7", "1", "Z"] as [Character] {
            #expect(try clears(type, mode) == UInt16(mode & 0o6000))
        }
    }

    @Test(arguments: ["5", "2", "3", "4", "6"] as [Character])
    func D05_leavesTheBitsOfEverythingElse(_ type: Character) throws {
        #expect(try clears(type, 0o7777) == 0)
    }

    @Test func D02_clearsSetgidOfDirectoriesWhereAskedFor() throws {
        var options = ConversionOptions()
        options.stripsSetgidDirectories = true
        let policy = try policy(options)
        #expect(try change(policy) { $0.directory("d", mode: 0o7775) }?.clear == 0o2000)
        #expect(try change(policy) { $0.directory("d", mode: 0o5775) } == nil)
    }

    private func policy(_ options: ConversionOptions) throws -> EntryPolicy {
        try policy(owning: [], keep: [], options)
    }

    @Test func D06_clearsWhoeverOwnsItAndWhateverItIs() throws {
        let script: Build = { $0.file("s", "#!/bin/sh", mode: 0o4644, uid: 1000) }
        #expect(try change(policy(), script)?.clear == 0o4000)
    }

    @Test(
        arguments: [
            (ConversionOptions.Capabilities.strip, FileCapability.Treatment.strip, .strip),
            (.permit, .permit, nil), (.keep, nil, nil),
        ]
            as [(
                ConversionOptions.Capabilities, FileCapability.Treatment?, FileCapability.Treatment?
            )])
    func D07_treatsCapabilities(
        _ option: ConversionOptions.Capabilities, _ effective: FileCapability.Treatment?,
        _ permitted: FileCapability.Treatment?
    ) throws {
        var options = ConversionOptions()
        options.capabilities = option
        let policy = try policy(options)
        #expect(
            try change(policy) {
                $0.pax([Self.capability]); $0.file("f")
            }?.capabilities == effective)
        #expect(
            try change(policy) {
                $0.pax([Self.permitted]); $0.file("f")
            }?.capabilities == permitted)
        #expect(
            try change(policy) {
                $0.pax(["SCHILY.xattr.security.selinux": "x"]); $0.file("f")
            } == nil)
    }

    @Test func D07_stripsOfAnyType() throws {
        for type in ["0", "1", "2", "5"] as [Character] {
            let change = try change(policy()) { tar in
                tar.pax([Self.capability])
                tar.link("f", to: "g", type: type)
            }
            #expect(change?.capabilities == .strip)
        }
    }

    @Test func ownsWhatIsAtOrBelow() throws {
        let policy = try policy(owning: ["app", "var/lib/x"])
        for (path, isOwned) in [
            ("app", true), ("app/a/b", true), ("apple", false), ("a", false), ("var/lib", false),
            ("var/lib/x/y", true), ("var/lib/xy", false),
        ] {
            #expect(try change(policy) { $0.file(path) }?.owner == (isOwned ? Self.owner : nil))
        }
        #expect(try change(self.policy(owning: ["/"])) { $0.file("any") }?.owner == Self.owner)
    }

    @Test func leavesAnOwnerThatIsRightAlready() throws {
        let policy = try policy(owning: ["/"])
        for (uid, user, changes) in [
            (65532, "", false), (65532, "nonroot", false), (65532, "root", true), (0, "", true),
        ] as [(UInt64, String, Bool)] {
            var header = RawHeader("f", uid: uid, gid: 65532)
            header.put(user, at: TarField.userName)
            let raw = header
            #expect(try (change(policy) { $0.header(raw) } != nil) == changes, "\(uid) \(user)")
        }
    }

    @Test func neverOwnsDevicesMarkersAndWhatIsProtected() throws {
        let policy = try policy(owning: ["/"])
        #expect(try change(policy) { $0.header(RawHeader("d", type: "3")) } == nil)
        #expect(try change(policy) { $0.header(RawHeader("d", type: "4")) } == nil)
        #expect(try change(policy) { $0.header(RawHeader("p", type: "6")) }?.owner == Self.owner)
        for path in ["a/.wh.b", ".wh..wh..opq", "etc/passwd", "usr/bin/env", "dev/x"] {
            #expect(try change(policy) { $0.file(path) } == nil)
        }
    }

    @Test func keepsWhatIsOnTheList() throws {
        let policy = try policy(owning: ["/"], keep: ["/bin/p*", "/opt/**"])
        #expect(try change(policy) { $0.file("bin/ping", mode: 0o4755) } == nil)
        #expect(
            try change(policy) {
                $0.pax([Self.capability]); $0.file("opt/a/b")
            } == nil)
        #expect(try change(policy) { $0.file("srv/su", mode: 0o4755) }?.clear == 0o4000)
        #expect(
            try change(policy) { $0.link("x", to: "/bin/ping", type: "1", mode: 0o4755) } == nil)
    }

    /// Its owner could run it with the capabilities, and could once have it do something else.
    @Test func neverOwnsAFileWhoseCapabilitiesStay() throws {
        for option in [ConversionOptions.Capabilities.keep, .permit] {
            var options = ConversionOptions()
            options.capabilities = option
            let policy = try policy(owning: ["/"], options)
            #expect(
                try change(policy) {
                    $0.pax([Self.capability]); $0.file("f")
                }?.owner == nil)
        }
        let stripping = try policy(owning: ["/"])
        let change = try change(stripping) {
            $0.pax([Self.capability]); $0.file("f", mode: 0o4755)
        }
        #expect(change?.owner == Self.owner)
        #expect(change?.capabilities == .strip)
        #expect(change?.clear == 0o4000)
    }
}
