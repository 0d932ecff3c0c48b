import DerootBytes

/// Rows of account files as evidence.
enum AccountLine {
    /// The row as it stands, its password hash left out.
    static func text(_ row: AccountFile.Row) -> String {
        var fields = row.fields.map { printable($0) }
        if fields.count > 1, fields[1].utf8.count > 1 { fields[1] = "…" }
        return fields.joined(separator: ":")
    }
}
