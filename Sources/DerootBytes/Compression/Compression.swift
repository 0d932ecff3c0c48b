/// How a blob is compressed, told by its first bytes and never by its media type.
public enum Compression: String, Sendable, Hashable, CaseIterable {
    /// Plain bytes.
    case none
    /// RFC 1952, one or more members.
    case gzip
    /// RFC 8878, one or more frames, skippable ones included.
    case zstd
}
