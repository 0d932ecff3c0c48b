import DerootBytes

/// The raw header bytes of one tar entry: extension headers, their data, and the main header.
///
/// The unit in which entries are read, compared with libarchive's view, and edited. Its offset is
/// what libarchive calls the header position.
package struct HeaderGroup: Sendable {
    /// One extension header with its data, inside `bytes`.
    package struct Part: Sendable, Hashable {
        /// What an extension header extends.
        package enum Kind: Sendable, Hashable { case pax, paxGlobal, longName, longLink }

        package let kind: Kind
        /// Where its 512-byte header starts in the group.
        package let header: Int
        /// Its data without padding.
        package let data: Range<Int>

        /// Header, data and padding.
        package var extent: Range<Int> { header..<(data.lowerBound + padded(data.count)) }
    }

    /// Bytes from the start of the raw tar stream.
    package internal(set) var offset: UInt64 = 0
    /// All bytes of the group, a multiple of 512.
    package internal(set) var bytes: [UInt8] = []
    /// The extension headers, in order.
    package internal(set) var parts: [Part] = []
    /// Where the main header starts in `bytes`.
    package internal(set) var main = 0
    /// What the headers together say.
    package internal(set) var meaning = HeaderMeaning()

    /// The 512 bytes of the main header.
    package var mainHeader: ArraySlice<UInt8> { bytes[main..<(main + 512)] }

    /// A field of the header that starts at `header` in the group.
    package func field(_ range: Range<Int>, of header: Int) -> ArraySlice<UInt8> {
        bytes[(header + range.lowerBound)..<(header + range.upperBound)]
    }

    /// A field of the main header.
    package func field(_ range: Range<Int>) -> ArraySlice<UInt8> { field(range, of: main) }

    mutating func reset(at position: UInt64) {
        offset = position
        bytes.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
        main = 0
    }
}

/// A length rounded up to whole 512-byte blocks.
package func padded(_ count: Int) -> Int { (count + 511) & ~511 }
