/// How much a `BlobPatcher` reads and gives at a time, in bytes.
package struct BufferSizes: Sendable, Hashable {
    /// Of the blob; at least 2,048.
    package var input = 1 << 18
    /// Of the raw stream, at most.
    package var chunk = 1 << 17
    /// Of the blob, where it is read again to be changed; 2,048 up to 65,536.
    package var window = 1 << 16

    /// The sizes that are used unless a test wants others.
    package init() {}
}
