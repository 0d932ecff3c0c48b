import CSystem

extension File {
    /// Asks the system to begin writing a range to the disk, so that a later `sync` waits for less.
    ///
    /// A hint only: what could not be begun is still written by `sync`, which also tells of errors.
    package borrowing func startWriting(_ range: Range<UInt64>) {
        _ = deroot_start_writing(
            descriptor, Int64(clamping: range.lowerBound), Int64(clamping: range.count))
    }
}
