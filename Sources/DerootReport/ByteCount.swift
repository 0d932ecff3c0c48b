/// Sizes for people.
package enum ByteCount {
    /// `113.2 MB`: powers of ten, one decimal from a kilobyte up.
    package static func text(_ bytes: UInt64) -> String {
        guard bytes >= 1000 else { return "\(bytes) B" }
        var value = bytes
        var unit = 0
        while value >= 999_950 {
            value /= 1000
            unit += 1
        }
        let tenths = (value + 50) / 100
        return "\(tenths / 10).\(tenths % 10) \(["kB", "MB", "GB", "TB", "PB", "EB"][unit])"
    }

    /// Sizes together; the largest number where it is more.
    static func sum(_ sizes: some Sequence<UInt64>) -> UInt64 {
        sizes.reduce(0) { sum, size in
            let (more, isOver) = sum.addingReportingOverflow(size)
            return isOver ? .max : more
        }
    }

    /// `+0.4 %`: the change from one size to another, one decimal.
    package static func change(from before: UInt64, to after: UInt64) -> String {
        guard before > 0 else { return "" }
        let isGrowth = after >= before
        let difference = isGrowth ? after - before : before - after
        // Twice as wide, since sizes that a report states can be any.
        let thousandths = (UInt128(difference) * 1000 + UInt128(before / 2)) / UInt128(before)
        return "\(isGrowth ? "+" : "-")\(thousandths / 10).\(thousandths % 10) %"
    }
}
