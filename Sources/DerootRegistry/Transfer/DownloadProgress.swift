import DerootBytes

/// How far one blob has come, and what an answer means for it.
///
/// Without I/O.
///
/// What has arrived stays; the rest is asked for by Range. A registry that ignores Range, or answers
/// with another part, makes us start again (hostile input F11).
struct DownloadProgress: Sendable {
    /// What to do with an answer's body.
    enum Start: Equatable {
        /// Append it.
        case append
        /// It is the blob from its start: forget what was there.
        case restart
        /// It is not what was asked for; ask for all of it, from the start.
        case reject
        /// It is no part of the blob.
        case refuse
    }

    /// The blob's size in bytes.
    let size: UInt64
    /// How much of it is there.
    private(set) var offset: UInt64 = 0
    private var avoidsRanges = false

    init(size: UInt64) { self.size = size }

    /// The value of the Range header; nil where all is wanted.
    var range: String? { offset > 0 && !avoidsRanges ? "bytes=\(offset)-" : nil }

    /// Whether all has arrived.
    var isComplete: Bool { offset == size }

    /// Looks at an answer before its body comes.
    mutating func begin(_ response: HTTPResponse) -> Start {
        switch response.status {
        case 200:
            let isFirst = offset == 0
            offset = 0
            return isFirst ? .append : .restart
        case 206 where range != nil && isRest(response): return .append
        case 206, 416:
            guard !avoidsRanges else { return .refuse }
            avoidsRanges = true
            offset = 0
            return .reject
        default: return .refuse
        }
    }

    /// Counts bytes.
    ///
    /// - Throws: `.mismatch` for more than the descriptor says (hostile input F20).
    mutating func advance(_ count: Int) throws(DerootError) {
        let (sum, overflow) = offset.addingReportingOverflow(UInt64(count))
        guard !overflow, sum <= size else {
            throw DerootError(
                .mismatch, "the registry sends more than the \(size) bytes of the blob")
        }
        offset = sum
    }

    /// Whether `Content-Range: bytes a-b/n` is what is missing.
    private func isRest(_ response: HTTPResponse) -> Bool {
        guard let text = response["content-range"]?.lowercased().trimmed,
            text.hasPrefix("bytes ")
        else { return false }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        let ends = (parts.first ?? "").split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, ends.count == 2, let first = UInt64(ends[0].trimmed),
            let last = UInt64(ends[1].trimmed)
        else { return false }
        let isWhole = parts[1] == "*" || UInt64(parts[1].trimmed) == size
        return first == offset && last >= first && last < size && isWhole
    }
}
