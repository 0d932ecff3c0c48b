import DerootOCI
import Testing

@Suite("timestamps")
struct TimestampTests {
    // Seconds by GNU date.
    @Test(
        "RFC 3339 is read",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2024-05-14T19:20:00Z", 1_715_714_400),
            ("2024-05-14T19:20:00.999999999Z", 1_715_714_400),
            ("2024-05-14T21:20:00+02:00", 1_715_714_400),
            ("2024-05-14T14:50:00.5-04:30", 1_715_714_400),
            ("1969-12-31T23:59:59Z", -1), ("2000-02-29T00:00:00Z", 951_782_400),
            ("0001-01-01T00:00:00Z", -62_135_596_800), ("9999-12-31T23:59:59Z", 253_402_300_799),
        ])
    func read(_ spelled: String, _ seconds: Int64) {
        #expect(Timestamp(parsing: spelled)?.seconds == seconds)
    }

    @Test(
        "anything else is not",
        arguments: [
            "", "2024", "2024-05-14", "2024-05-14T19:20:00", "2024-05-14 19:20:00Z",
            "2024-05-14t19:20:00z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z",
            "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-04-31T00:00:00Z",
            "2024-05-00T00:00:00Z", "2024-05-14T24:00:00Z", "2024-05-14T19:60:00Z",
            "2024-05-14T19:20:60Z", "2024-05-14T19:20:00.Z", "2024-05-14T19:20:00+2:00",
            "2024-05-14T19:20:00+24:00", "2024-05-14T19:20:00ZZ", " 2024-05-14T19:20:00Z",
            "-024-05-14T19:20:00Z", "２024-05-14T19:20:00Z", "12024-05-14T19:20:00Z",
        ])
    func refuse(_ spelled: String) {
        #expect(Timestamp(parsing: spelled) == nil)
    }

    @Test("every day from 1583 to 2500 is written as it is read, one after the other")
    func everyDay() throws {
        var day = try #require(Timestamp(parsing: "1583-01-01T12:34:56Z")).seconds
        var previous = ""
        while day < 16_725_225_600 {
            let spelled = Timestamp(seconds: day).description
            guard Timestamp(parsing: spelled)?.seconds == day, previous < spelled else {
                Issue.record("\(day) is written as \(spelled), after \(previous)")
                break
            }
            previous = spelled
            day += 86400
        }
        #expect(previous == "2499-12-31T12:34:56Z")
    }

    @Test("what has no spelling is clamped")
    func clamped() {
        #expect(Timestamp(seconds: .max).description == "9999-12-31T23:59:59Z")
        #expect(Timestamp(seconds: .min).description == "0000-01-01T00:00:00Z")
        #expect(Timestamp(seconds: -1).description == "1969-12-31T23:59:59Z")
        #expect(Timestamp(seconds: -1) < Timestamp(seconds: 0))
    }
}
