package import DerootBytes

/// One `LENGTH KEY=VALUE\n` record of a pax extended header (POSIX.1-2001, pax, "Extended Header").
package struct PaxRecord: Sendable, Hashable {
    /// The keyword, bytes.
    package let key: [UInt8]
    /// The value, bytes without the newline.
    package var value: [UInt8]

    /// Makes a record.
    package init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }

    /// The record as it stands in a header; its length counts its own digits.
    package var encoded: [UInt8] {
        let rest = key.count + value.count + 3
        var length = rest + String(rest).utf8.count
        if String(length).utf8.count != String(rest).utf8.count {
            length = rest + String(length).utf8.count
        }
        return Array(String(length).utf8) + [UInt8(ascii: " ")] + key + [UInt8(ascii: "=")] + value
            + [UInt8(ascii: "\n")]
    }

    /// True where the key is this text.
    package func isNamed(_ text: StaticString) -> Bool {
        guard text.utf8CodeUnitCount == key.count else { return false }
        return unsafe UnsafeBufferPointer(start: text.utf8Start, count: key.count)
            .elementsEqual(key)
    }
}

/// The records of one pax header, in order, duplicates included.
package enum PaxRecords {
    /// Parses as strictly as Go's archive/tar, which containerd, Docker and podman read with.
    ///
    /// - Throws: `.malformed` with the offset inside `data`.
    package static func parse(_ data: ArraySlice<UInt8>) throws(DerootError) -> [PaxRecord] {
        var records: [PaxRecord] = []
        var rest = data
        while let first = rest.first {
            let offset = UInt64(rest.startIndex - data.startIndex)
            func bad(_ what: String) -> DerootError {
                DerootError(.malformed, "pax header: \(what)", at: .init(offset: offset))
            }
            guard (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first) else {
                throw bad("a record does not begin with its length")
            }
            var length = 0
            var index = rest.startIndex
            while index < rest.endIndex, rest[index] != UInt8(ascii: " ") {
                let digit = rest[index] &- UInt8(ascii: "0")
                guard digit <= 9, length <= data.count else {
                    throw bad("a record's length is no number")
                }
                length = length * 10 + Int(digit)
                index += 1
            }
            guard index < rest.endIndex, length <= rest.count,
                rest.startIndex + length > index + 1,
                rest[rest.startIndex + length - 1] == UInt8(ascii: "\n")
            else { throw bad("a record's length does not lead to a newline") }
            let body = rest[(index + 1)..<(rest.startIndex + length - 1)]
            guard let equals = body.firstIndex(of: UInt8(ascii: "=")), equals > body.startIndex
            else { throw bad("a record has no keyword") }
            let key = body[..<equals]
            guard !key.contains(0) else { throw bad("a keyword holds a NUL") }
            records.append(PaxRecord(key: Array(key), value: Array(body[(equals + 1)...])))
            rest = rest[(rest.startIndex + length)...]
        }
        return records
    }

    /// The records as header data, without padding.
    package static func encode(_ records: [PaxRecord]) -> [UInt8] {
        records.flatMap(\.encoded)
    }
}
