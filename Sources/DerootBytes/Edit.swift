/// A change of a raw byte stream: at `offset` of the *original*, `delete` bytes go, `insert` comes.
///
/// The one currency between the rooms: tar code makes edits, compression code applies them, and
/// neither knows of the other. A list of edits is in ascending order and does not overlap; two
/// edits may touch.
package struct Edit: Sendable, Hashable {
    /// Bytes from the start of the original raw stream.
    package let offset: UInt64
    /// How many original bytes go.
    package let delete: Int
    /// What stands there instead.
    package let insert: [UInt8]

    /// Makes an edit.
    package init(offset: UInt64, delete: Int, insert: [UInt8]) {
        self.offset = offset
        self.delete = delete
        self.insert = insert
    }

    /// The first original byte after the deleted ones.
    package var end: UInt64 { offset + UInt64(delete) }
}
