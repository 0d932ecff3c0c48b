package import DerootBytes

/// The members of an archive file, found without reading their bodies.
///
/// For archives whose members are verified by digest afterwards (oci-archive, docker-archive); a
/// layer is read with `TarWalk`, which trusts no single reader.
package struct TarIndex: Sendable {
    /// One member.
    package struct Member: Sendable {
        /// The normalised name.
        package let path: TarPath
        package let type: EntryType
        /// A link's target as the archive spells it.
        package let link: [UInt8]
        /// Where the body starts in the file, in bytes.
        package let bodyStart: UInt64
        /// How long the body is, in bytes.
        package let bodySize: UInt64
    }

    /// In archive order, duplicates included.
    package private(set) var members: [Member] = []

    /// Reads the headers of a plain tar file.
    ///
    /// - Throws: what the framing refuses; `.truncated` where the last body is not whole.
    package init(reading file: consuming FileSlice, limits: Limits) throws(DerootError) {
        var framer = TarFramer(limits: limits)
        let start = file.start
        var members: [Member] = []
        var buffer = [UInt8](repeating: 0, count: 32 << 10)
        var done: UInt64 = 0
        while done < file.count {
            let skip = min(framer.skippable, file.count - done)
            file.skip(skip)
            framer.skip(skip)
            done += skip
            var span = buffer.mutableSpan
            try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
                // Small reads, since most of what follows a header is a body to be skipped.
                let part = unsafe UnsafeMutableRawBufferPointer(rebasing: memory.prefix(2048))
                let count = try unsafe file.read(into: part)
                let bytes = unsafe UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(part)[..<count])
                try unsafe framer.feed(bytes) { (group) throws(DerootError) in
                    members.append(
                        Member(
                            path: TarPath(group.meaning.name), type: group.meaning.type,
                            link: group.meaning.link,
                            bodyStart: start + group.offset + UInt64(group.bytes.count),
                            bodySize: group.meaning.bodySize))
                }
                done += UInt64(count)
            }
        }
        try framer.finish()
        self.members = members
    }
}
