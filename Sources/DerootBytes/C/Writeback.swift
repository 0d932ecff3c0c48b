import CSystem

extension File {
    /// Asks the system to set room aside for so many bytes, which are written faster then.
    ///
    /// A hint only: where there is no room, or none can be set aside, writing tells. A size that
    /// somebody else states must not fill the disk, so that 256 MiB are the most.
    package borrowing func setAside(_ count: UInt64) {
        _ = deroot_set_aside(descriptor, Int64(clamping: min(count, 256 << 20)))
    }

    /// Asks the system to begin writing a range to the disk, so that a later `sync` waits for less.
    ///
    /// A hint only: what could not be begun is still written by `sync`, which also tells of errors.
    package borrowing func startWriting(_ range: Range<UInt64>) {
        _ = deroot_start_writing(
            descriptor, Int64(clamping: range.lowerBound), Int64(clamping: range.count))
    }
}
