import DerootTar
import DerootTestSupport
import Testing

/// `security.capability` in every disguise that a reader would see through.
struct FileCapabilityTests {
    private static let zeros = [UInt8](repeating: 0, count: 32)
    private static func value(_ version: UInt8, effective: Bool) -> [UInt8] {
        let count = [1: 12, 2: 20, 3: 24][version] ?? 20
        return [effective ? 1 : 0, 0, 0, version, 0, 0x20] + zeros.prefix(count - 6)
    }

    @Test(arguments: [
        "SCHILY.xattr.security.capability", "LIBARCHIVE.xattr.security.capability",
        "schily.xattr.security.capability", "SCHILY.XATTR.SECURITY.CAPABILITY",
        "Libarchive.Xattr.Security.Capability", "LIBARCHIVE.xattr.security%2Ecapability",
        "LIBARCHIVE.xattr.%73ecurity.capability", "LIBARCHIVE.xattr.security.capabilit%79",
        "LIBARCHIVE.xattr.security%2ecapability", "LIBARCHIVE.xattr.%53ecurity.capability",
    ])
    func D07_recognisesACapability(_ key: String) {
        #expect(FileCapability.isCapability(PaxRecord(key, "x")))
    }

    @Test(arguments: [
        "SCHILY.xattr.security.selinux", "SCHILY.xattr.user.security.capability",
        "SCHILY.xattr.security.capabilityx", "SCHILY.xattr.security%2Ecapability",
        "security.capability", "xattr.security.capability", "LIBARCHIVE.xattr.security.capabilit%7",
        "LIBARCHIVE.xattr.security.capability%", "SCHILY.acl.access", "path", "",
    ])
    func D07_leavesOtherRecordsAlone(_ key: String) {
        #expect(!FileCapability.isCapability(PaxRecord(key, "x")))
    }

    @Test(arguments: [1, 2, 3] as [UInt8], [true, false])
    func D07_readsTheEffectiveFlag(_ version: UInt8, _ effective: Bool) {
        let record = PaxRecord(
            "SCHILY.xattr.security.capability", Self.value(version, effective: effective))
        #expect(FileCapability.isEffective(record) == effective)
    }

    @Test(arguments: [1, 2, 3] as [UInt8])
    func D07_permitClearsNothingButTheFlag(_ version: UInt8) throws {
        let record = PaxRecord(
            "SCHILY.xattr.security.capability", Self.value(version, effective: true))
        let permitted = try #require(FileCapability.permitted(record))
        #expect(permitted.key == record.key)
        #expect(permitted.value == Self.value(version, effective: false))
        #expect(FileCapability.permitted(permitted) == permitted)
    }

    /// `cap_net_raw=ep` of v2, in base64 with padding and without.
    @Test(arguments: [
        ("AQAAAgAgAAAAAAAAAAAAAAAAAAA=", "AAAAAgAgAAAAAAAAAAAAAAAAAAA="),
        ("AQAAAgAgAAAAAAAAAAAAAAAAAAA", "AAAAAgAgAAAAAAAAAAAAAAAAAAA"),
        ("AQAAAwAgAAAAAAAAAAAAAAAAAADoAwAA", "AAAAAwAgAAAAAAAAAAAAAAAAAADoAwAA"),
    ])
    func D07_permitWorksInBase64(_ old: String, _ new: String) throws {
        let record = PaxRecord("LIBARCHIVE.xattr.security.capability", old)
        #expect(FileCapability.isEffective(record))
        let permitted = try #require(FileCapability.permitted(record))
        #expect(permitted == PaxRecord("LIBARCHIVE.xattr.security.capability", new))
        #expect(!FileCapability.isEffective(permitted))
    }

    /// What the kernel would not take is not worth keeping, and counts as effective until then.
    @Test(arguments: [0, 1, 11, 13, 19, 21, 23, 25])
    func D07_permitRemovesAMalformedValue(_ count: Int) {
        let value = [UInt8](repeating: 1, count: count)
        let record = PaxRecord("SCHILY.xattr.security.capability", value)
        #expect(FileCapability.permitted(record) == nil)
        #expect(FileCapability.isEffective(record))
    }

    @Test(arguments: ["", "!!!!", "AQ AA", "A\nQ"])
    func D07_base64ThatIsNoneCountsAsEffective(_ text: String) {
        let record = PaxRecord("LIBARCHIVE.xattr.security.capability", text)
        #expect(FileCapability.isEffective(record))
        #expect(FileCapability.permitted(record) == nil)
    }
}
