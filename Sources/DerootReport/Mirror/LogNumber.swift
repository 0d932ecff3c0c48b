import DerootOCI

/// Numbers of logs, held to bounds where they enter: the sums and differences of a page cannot overflow.
enum LogNumber {
    /// The last millisecond of the year 9999, in milliseconds since 1970.
    static let latest: Int64 = 253_402_300_799_999
    /// The largest duration, count and sum: what is larger, few readers of JSON know (RFC 8259, section 6).
    static let most: Int64 = 1 << 53

    /// Milliseconds since 1970; nil for what is absent or no time of these millennia.
    static func time(_ json: JSON?) -> Int64? {
        guard let time = json?.integer, (0...latest).contains(time) else { return nil }
        return time
    }

    /// When something that began at a time was over.
    static func end(_ start: Int64, after milliseconds: Int64) -> Int64 {
        min(start + milliseconds, latest)
    }

    /// A duration or a count; nil where it is absent.
    static func count(_ json: JSON?) -> Int64? { json?.integer.map { max(0, min($0, most)) } }

    /// Two counts together.
    static func sum(_ one: Int64, _ other: Int64) -> Int64 { min(one + other, most) }
}
