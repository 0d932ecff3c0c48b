/// A moment as documents spell it (RFC 3339, section 5.6), to the second.
///
/// `created` decides the mtime of added entries and may be clamped by SOURCE_DATE_EPOCH; fractions
/// of a second count for neither.
package struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted; may be negative.
    package let seconds: Int64

    /// Makes a moment of seconds since the epoch.
    package init(seconds: Int64) { self.seconds = seconds }

    /// Reads `2024-05-14T19:20:00.123Z` or the like with an offset; nil where it is anything else.
    ///
    /// As strict as Go's time.Time, which reads these documents: upper-case T and Z, days that exist.
    package init?(parsing text: String) {
        var rest = Substring(text).utf8
        guard let year = number(&rest, 4), skip(&rest, "-"), let month = number(&rest, 2),
            skip(&rest, "-"), let day = number(&rest, 2), skip(&rest, "T"),
            let hour = number(&rest, 2), skip(&rest, ":"), let minute = number(&rest, 2),
            skip(&rest, ":"), let second = number(&rest, 2),
            (1...12).contains(month), (1...daysIn(month, of: year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        if skip(&rest, ".") {
            let fraction = rest.prefix(while: isDigit)
            guard !fraction.isEmpty else { return nil }
            rest = rest.dropFirst(fraction.count)
        }
        var offset: Int64 = 0
        if !skip(&rest, "Z") {
            let sign: Int64 = rest.first == UInt8(ascii: "-") ? -1 : 1
            guard skip(&rest, "+") || skip(&rest, "-"), let hours = number(&rest, 2),
                skip(&rest, ":"), let minutes = number(&rest, 2), hours < 24, minutes < 60
            else { return nil }
            offset = sign * (hours * 3600 + minutes * 60)
        }
        guard rest.isEmpty else { return nil }
        seconds =
            daysSinceEpoch(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
    }

    /// `2024-05-14T19:20:00Z`; years outside 0…9999 have no such spelling and are clamped.
    package var description: String {
        let least = daysSinceEpoch(0, 1, 1) * 86400
        let most = daysSinceEpoch(10000, 1, 1) * 86400 - 1
        let clamped = min(max(seconds, least), most)
        let days = floor(clamped, 86400)
        let time = clamped - days * 86400
        let (year, month, day) = date(daysSinceEpoch: days)
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T"
            + padded(time / 3600, 2) + ":" + padded(time / 60 % 60, 2) + ":"
            + padded(time % 60, 2) + "Z"
    }

    /// Earlier moments are less.
    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.seconds < b.seconds }
}

// The proleptic Gregorian calendar, in eras of 400 years that begin on 1 March: the leap day is then
// the last one of a year, and the lengths of the months follow (153 m + 2) / 5.

private let daysInEra: Int64 = 146_097
private let epochSinceMarch0: Int64 = 719_468

private func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let marchYear = month > 2 ? year : year - 1
    let era = floor(marchYear, 400)
    let yearOfEra = marchYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * daysInEra + dayOfEra - epochSinceMarch0
}

private func date(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let era = floor(days + epochSinceMarch0, daysInEra)
    let dayOfEra = days + epochSinceMarch0 - era * daysInEra
    let yearOfEra =
        (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / (daysInEra - 1)) / 365
    let dayOfYear = dayOfEra - (yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
}

private func daysIn(_ month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
}

private func floor(_ a: Int64, _ b: Int64) -> Int64 { (a >= 0 ? a : a - b + 1) / b }

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

private func skip(_ rest: inout Substring.UTF8View, _ byte: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: byte) else { return false }
    rest.removeFirst()
    return true
}

private func number(_ rest: inout Substring.UTF8View, _ digits: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<digits {
        guard let digit = rest.popFirst(), isDigit(digit) else { return nil }
        value = value * 10 + Int64(digit - 0x30)
    }
    return value
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
