import CSystem

extension File {
    /// Asks the system to set room aside for a range, which is written faster then.
    ///
    /// A hint only: where there is no room, or none can be set aside, writing tells.
    package borrowing func setAside(_ range: Range<UInt64>) {
        _ = deroot_set_aside(
            descriptor, Int64(clamping: range.lowerBound), Int64(clamping: range.count))
    }

    /// Asks the system to begin writing a range to the disk, so that a later `sync` waits for less.
    ///
    /// A hint only: what could not be begun is still written by `sync`, which also tells of errors.
    package borrowing func startWriting(_ range: Range<UInt64>) {
        _ = deroot_start_writing(
            descriptor, Int64(clamping: range.lowerBound), Int64(clamping: range.count))
    }
}
