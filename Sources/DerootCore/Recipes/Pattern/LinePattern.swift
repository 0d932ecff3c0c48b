package import DerootBytes

/// A regular expression of a small dialect, looked for in one line of bytes.
///
/// A dialect of our own, since recipes are other people's input: engines that go back (ICU, Swift's
/// Regex) take exponential time on patterns such as `(a+)+$`, and differ in what they accept. This one
/// keeps all possible positions at once (Thompson's construction, with captures as Pike did them), so
/// its time is at most the length of the line times that of the pattern. docs/recipes.md describes it.
package struct LinePattern: Sendable, Hashable {
    /// Where a pattern fits: ranges in the line, the whole first, then the groups.
    package struct Match: Sendable, Hashable {
        /// The whole is at 0; nil for a group that took no part.
        package let groups: [Range<Int>?]

        /// The whole.
        package var range: Range<Int> { groups[0] ?? 0..<0 }
    }

    /// The most bytes that a pattern may have.
    package static let longest = 1000
    /// The most steps that a pattern may become when its repetitions are written out.
    package static let largest = 4000

    /// As it was written.
    package let text: String
    let program: PatternProgram

    /// Reads a pattern.
    ///
    /// - Throws: `.malformed` for what is not of the dialect, naming the byte; `.limit` for what is too
    ///   large.
    package init(_ text: String) throws(DerootError) {
        self.text = text
        program = try PatternProgram(text)
    }

    /// How many groups it has.
    package var groupCount: Int { program.groupCount }

    /// The leftmost match that begins at `start` or later.
    ///
    /// `work` is what may still be done, in steps; it goes down.
    ///
    /// - Throws: `.limit` where `work` is used up.
    package func match(
        in line: ArraySlice<UInt8>, from start: Int? = nil, work: inout Int
    ) throws(DerootError) -> Match? {
        var run = PatternRun(program, line)
        return try run.match(from: start ?? line.startIndex, work: &work)
    }

    /// True where it fits somewhere in the line.
    package func fits(
        _ line: ArraySlice<UInt8>, work: inout Int
    ) throws(DerootError) -> Bool {
        try match(in: line, work: &work) != nil
    }

    package static func == (a: LinePattern, b: LinePattern) -> Bool { a.text == b.text }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
