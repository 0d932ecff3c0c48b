/// Bounds on what an input may make deroot read, hold or produce.
///
/// Every message about a limit names it and the flag that raises it.
public struct Limits: Sendable, Hashable {
    /// Uncompressed bytes of one layer (`--max-layer-bytes`).
    public var layerBytes: UInt64 = 64 << 30
    /// Uncompressed bytes for one compressed byte, looked at beyond the first 64 MiB (`--max-ratio`).
    public var ratio: UInt64 = 1100
    /// Tar entries of one image (`--max-entries`).
    public var entries: Int = 4_000_000
    /// Bytes of one extension header (pax, GNU long name); Go's archive/tar has the same cap.
    public var extensionHeaderBytes: Int = 1 << 20
    /// Bytes of an index or manifest (containers/image: 4 MiB).
    public var manifestBytes: Int = 4 << 20
    /// Bytes of an image config.
    public var configBytes: Int = 8 << 20
    /// Nested indexes, depth.
    public var indexDepth: Int = 8
    /// Manifests and indexes under one reference.
    public var indexNodes: Int = 10_000
    /// zstd's window, as a power of two (libzstd's own default: 27 = 128 MiB).
    public var zstdWindowLog: Int = 27

    /// The defaults.
    public init() {}
}
