package import DerootBytes

/// passwd(5) or group(5) as bytes and rows: read as moby/sys/user reads them, written by appending.
///
/// Both formats share the fields that matter: name first, number third. Bytes that are there stay.
package struct AccountFile: Sendable, Hashable {
    /// One line that names an account or a group.
    package struct Row: Sendable, Hashable {
        /// From 1.
        package let line: Int
        package let fields: [[UInt8]]

        package var name: [UInt8] { fields[0] }

        /// The third field: the uid of passwd, the gid of group.
        ///
        /// nil where it is no canonical number; runtimes take such a field for 0, which is root.
        package var id: UInt32? { fields.count > 2 ? AccountFile.number(fields[2]) : nil }

        /// The fourth field of passwd: the primary gid.
        package var groupID: UInt32? { fields.count > 3 ? AccountFile.number(fields[3]) : nil }

        /// The sixth field of passwd: the home directory.
        package var home: [UInt8] { fields.count > 5 ? fields[5] : [] }

        /// The fourth field of group: the members' names.
        package var members: [[UInt8]] {
            guard fields.count > 3 else { return [] }
            return fields[3].split(separator: UInt8(ascii: ",")).map(Array.init)
        }
    }

    /// Everything, as read.
    package let bytes: [UInt8]
    /// The rows, comments and NIS lines (`+`, `-`) left out.
    package let rows: [Row]

    /// Reads a file.
    ///
    /// - Throws: `.hostile` for a NUL, and for a name that is all digits: `User: 1000` would mean that
    ///   row in some runtimes, whatever its uid (CVE-2016-3697).
    package init(_ bytes: [UInt8]) throws(DerootError) {
        guard !bytes.contains(0) else { throw DerootError(.hostile, "an account file with a NUL") }
        var rows: [Row] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = Self.trimmed(line)
            // Go trims these as white space, libc does not: the row would have two names.
            let isOdd = text.contains { $0 < 0x20 && $0 != 0x09 }
            let isPadded = Self.isPadded(text)
            guard !isOdd, !isPadded else {
                throw DerootError(
                    .hostile, "line \(index + 1) has a control character or odd blanks")
            }
            guard let first = text.first, ![UInt8]("#+-".utf8).contains(first) else { continue }
            let fields = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            let row = Row(line: index + 1, fields: fields.map(Array.init))
            if !row.name.isEmpty, row.name.allSatisfy({ (0x30...0x39).contains($0) }) {
                throw DerootError(
                    .hostile, "line \(row.line) has the name '\(printable(row.name))', all digits",
                    advice: "runtimes would take a numeric User for this row; remove it")
            }
            rows.append(row)
        }
        self.bytes = bytes
        self.rows = rows
    }

    /// A file that is not there yet.
    package static var empty: AccountFile { AccountFile() }

    private init() {
        bytes = []
        rows = []
    }

    /// What Go's unicode.IsSpace takes for a blank beside ASCII's, in UTF-8.
    private static let unicodeBlanks: [[UInt8]] =
        ([0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000] + (0x2000...0x200A))
        .compactMap { (value: UInt32) in Unicode.Scalar(value).map { Array(String($0).utf8) } }

    private static func isPadded(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.first ?? 0 >= 0x80 || line.last ?? 0 >= 0x80 else { return false }
        return unicodeBlanks.contains { blank in
            line.starts(with: blank) || line.suffix(blank.count).elementsEqual(blank)
        }
    }

    /// True where some row's number is `id` only to lenient readers (`+5`, `005`), as Go's Atoi is.
    package func namesLeniently(_ id: UInt32) -> Bool {
        rows.contains { row in
            guard row.fields.count > 2, row.id == nil else { return false }
            let digits =
                row.fields[2].first == 0x2B ? row.fields[2].dropFirst() : row.fields[2][...]
            let canonical = digits.drop { $0 == 0x30 }
            return AccountFile.number(canonical) == id
        }
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D }
        var line = line.drop(while: isBlank)
        while let last = line.last, isBlank(last) { line = line.dropLast() }
        return line
    }

    /// Canonical decimal digits of at most 2³²−2; nil for everything else (`0x0`, `+5`, `007`, ` 1`).
    package static func number(_ text: some Collection<UInt8>) -> UInt32? {
        guard let first = text.first, text.count <= 10, text.count == 1 || first != 0x30,
            text.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        var value: UInt64 = 0
        for digit in text { value = value * 10 + UInt64(digit - 0x30) }
        return value < 4_294_967_295 ? UInt32(value) : nil
    }

    /// The first row of a name; the first one wins in every runtime.
    package func row(named name: some Collection<UInt8>) -> Row? {
        rows.first { $0.name.elementsEqual(name) }
    }

    /// The first row of a number.
    package func row(id: UInt32) -> Row? { rows.first { $0.id == id } }

    /// The bytes with a line added at the end.
    package func appending(_ line: String) -> [UInt8] {
        var out = bytes
        if let last = out.last, last != UInt8(ascii: "\n") { out.append(UInt8(ascii: "\n")) }
        return out + Array(line.utf8) + [UInt8(ascii: "\n")]
    }
}
