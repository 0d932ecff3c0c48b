import DerootBytes
import DerootTar
import DerootTestSupport
import Testing

struct PaxRecordsTests {
    @Test(arguments: [
        ("", []), ("6 a=b\n", [PaxRecord("a", "b")]), ("5 a=\n", [PaxRecord("a", "")]),
        ("8 a=b=c\n", [PaxRecord("a", "b=c")]), ("9 a=b\nc\n\n", [PaxRecord("a", "b\nc\n")]),
        ("6 a=b\n6 a=c\n", [PaxRecord("a", "b"), PaxRecord("a", "c")]),
        ("8 a b=c\n", [PaxRecord("a b", "c")]), ("7 a=\0b\n", [PaxRecord("a", "\0b")]),
        ("10 k=123\n\n", [PaxRecord("k", "123\n")]), ("6  =b\n", [PaxRecord(" ", "b")]),
    ])
    func reads(_ text: String, _ records: [PaxRecord]) throws {
        #expect(try PaxRecords.parse(Array(text.utf8)[...]) == records)
    }

    /// What Go's archive/tar refuses is refused (parsePAXRecord and validPAXRecord).
    @Test(arguments: [
        "6 a=b", "6 a=b\0", "7 a=b\n", "5 a=b\n", "0 a=b\n", "-6 a=b\n", "+6 a=b\n", " 6 a=b\n",
        "06 a=b\n", "6a=b\n", "6", "6 ", "x a=b\n", "6 ab\n\n", "4 =\n", "6 =ab\n", "3 \n", "2 \n",
        "1\n", "99999999999999999999999 a=b\n", "8 a\0b=c\n", "6 a=b\n\0", "6 a=b\n6 a=c", "\n",
        "6\ta=b\n",
    ])
    func C03_refusesWhatGoRefuses(_ text: String) throws {
        let data = Array(text.utf8)[...]
        let error = try #require(throws: DerootError.self) { try PaxRecords.parse(data) }
        #expect(error.code == .malformed)
        #expect(error.location.offset != nil)
    }

    @Test func saysWhereInTheHeaderARecordIsBad() throws {
        let data = Array("6 a=b\n6 a=c\n7 a=d\n".utf8)
        let error = try #require(throws: DerootError.self) { try PaxRecords.parse(data[...]) }
        #expect(error.location.offset == 12)
    }

    /// The length counts its own digits, also where they become one more.
    @Test(arguments: 0...130)
    func writesWhatItReads(_ count: Int) throws {
        let record = PaxRecord("key", [UInt8](repeating: 0x61, count: count))
        let text = record.encoded
        let stated = String(decoding: text.prefix { $0 != 0x20 }, as: UTF8.self)
        #expect(Int(stated) == text.count)
        #expect(try PaxRecords.parse(text[...]) == [record])
    }

    @Test func writesLongRecords() throws {
        for count in [985, 986, 987, 988, 989, 990, 9_980, 9_985, 9_990, 99_990] {
            let record = PaxRecord("key", [UInt8](repeating: 0x0A, count: count))
            #expect(try PaxRecords.parse(record.encoded[...]) == [record])
        }
    }
}
