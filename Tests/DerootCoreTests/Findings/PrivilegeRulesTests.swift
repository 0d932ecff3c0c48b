import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// NR050 to NR052: setuid, setgid and capabilities, as they are and after conversion.
struct PrivilegeRulesTests {
    /// cap_net_raw, permitted and effective.
    static let rawNet = PaxRecord(
        "SCHILY.xattr.security.capability",
        [1, 0, 0, 2, 0, 0x20, 0, 0] + [UInt8](repeating: 0, count: 12))

    static let privileged: Build = { tar in
        tar.file("bin/su", mode: 0o4755)
        tar.file("bin/chage", mode: 0o2755, gid: 42)
        tar.pax([rawNet])
        tar.file("bin/ping", mode: 0o755)
    }

    @Test func privilegesAreFoundWithLayerAndEntry() throws {
        let found = try check(Self.privileged)
        #expect(found.ids.isSuperset(of: ["NR050", "NR051", "NR052"]))
        let setuid = try #require(found["NR050"])
        #expect(setuid.places == ["/bin/su"])
        #expect(setuid.severity == .error)
        #expect(setuid.evidence.first?.entry == 0)
        #expect(setuid.evidence.first?.layer != nil)
        #expect(setuid.evidence.first?.before == "4755 0:0")
        #expect(found["NR051"]?.places == ["/bin/chage"])
        #expect(found["NR052"]?.places == ["/bin/ping"])
        #expect(found["NR052"]?.evidence.first?.before == "cap_net_raw=ep")
    }

    @Test func nothingOfItIsLeftAfterwards() throws {
        let found = try check(converted: true, Self.privileged)
        #expect(found.ids.isDisjoint(with: ["NR050", "NR051", "NR052"]))
    }

    @Test func hiddenFilesAreOnlyAWarning() throws {
        let found = try check(Self.privileged, { $0.file("bin/su", mode: 0o755) })
        #expect(found["NR050"]?.severity == .warn)
    }

    @Test func manyPlacesAreCounted() throws {
        let found = try check { tar in
            for number in 0..<70 { tar.file("bin/su\(number)", mode: 0o4755) }
        }
        #expect(found["NR050"]?.evidence.count == 50)
        #expect(found["NR050"]?.omitted == 20)
    }
}
