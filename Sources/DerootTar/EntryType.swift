/// What kind of file a tar entry makes (POSIX ustar, "typeflag").
package enum EntryType: Sendable, Hashable {
    /// `0`, NUL, `7` (contiguous) and GNU's `S` (old sparse).
    case file
    /// `1`: another name of a file that came before, here or in a lower layer.
    case hardLink
    /// `2`
    case symlink
    /// `3`
    case characterDevice
    /// `4`
    case blockDevice
    /// `5`
    case directory
    /// `6`
    case fifo
    /// Anything else; POSIX tells readers to treat it as a file.
    case other(UInt8)

    /// What a typeflag byte means.
    package init(typeflag: UInt8) {
        switch typeflag {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"): self = .file
        case UInt8(ascii: "1"): self = .hardLink
        case UInt8(ascii: "2"): self = .symlink
        case UInt8(ascii: "3"): self = .characterDevice
        case UInt8(ascii: "4"): self = .blockDevice
        case UInt8(ascii: "5"): self = .directory
        case UInt8(ascii: "6"): self = .fifo
        default: self = .other(typeflag)
        }
    }

    /// True where a setuid or setgid bit in the header reaches a file's inode: files, their further
    /// names (runtimes apply a link entry's own mode to the inode), and what readers take for files.
    package var carriesPrivilege: Bool {
        switch self {
        case .file, .hardLink, .other: true
        default: false
        }
    }

    /// True where the entry has a body in the archive; the others have none, whatever their size says.
    package var hasBody: Bool {
        switch self {
        case .file, .other: true
        default: false
        }
    }
}
