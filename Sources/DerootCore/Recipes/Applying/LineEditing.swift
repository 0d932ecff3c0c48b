package import DerootBytes

/// Makes edits in the content of one file, line by line.
///
/// Bytes that no edit touches stay, a missing last line feed included. Lines end at a line feed; a
/// carriage return before it belongs to the line.
package struct LineEditing: Sendable {
    /// The most bytes that a file may have, before and after.
    package static let largest = 1 << 20
    /// The steps that all edits of one image may take together: a second or so of work.
    package static let work = 50_000_000

    private let values: RecipeValues
    /// What is left of `work`.
    package private(set) var work = Self.work

    /// Edits with these values for variables.
    package init(_ values: RecipeValues) { self.values = values }

    /// The content after an edit, and how often it hit.
    ///
    /// - Throws: `.limit` where the content becomes too large or the work too much; what variables throw.
    package mutating func apply(
        _ edit: RecipeEdit, to content: [UInt8]
    ) throws(DerootError) -> (content: [UInt8], hits: Int) {
        let made = try make(edit, content)
        guard made.content.count <= Self.largest else {
            throw DerootError(.limit, "a file becomes larger than \(Self.largest) bytes")
        }
        return made
    }

    /// True where a line says that an edit was made already.
    package mutating func isDone(
        _ edit: RecipeEdit, in content: [UInt8]
    ) throws(DerootError) -> Bool {
        guard let done = edit.done else { return false }
        return try has(done, in: content)
    }

    /// True where a line of the content fits.
    package mutating func has(
        _ pattern: LinePattern, in content: [UInt8]
    ) throws(DerootError) -> Bool {
        for line in Self.lines(of: content) where try pattern.fits(line, work: &work) {
            return true
        }
        return false
    }

    private static func lines(of content: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private mutating func make(
        _ edit: RecipeEdit, _ content: [UInt8]
    ) throws(DerootError) -> (content: [UInt8], hits: Int) {
        let endsLine = content.last == UInt8(ascii: "\n")
        switch edit.action {
        case .append(let text):
            let gap: [UInt8] = content.isEmpty || endsLine ? [] : [UInt8(ascii: "\n")]
            return (content + gap + (try block(text)), 1)
        case .prepend(let text): return (try block(text) + content, 1)
        default: break
        }
        var out: [UInt8] = []
        out.reserveCapacity(content.count + 256)
        var hits = 0
        var isInside = edit.section == nil
        let lines = Self.lines(of: content)
        for (index, line) in lines.enumerated() {
            let end: [UInt8] = index < lines.count - 1 || endsLine ? [UInt8(ascii: "\n")] : []
            if let section = edit.section {
                if isInside { isInside = !(try section.to.fits(line, work: &work)) }
                if !isInside, try section.from.fits(line, work: &work) {
                    isInside = true
                    out += line + end
                    continue
                }
            }
            guard isInside else {
                out += line + end
                continue
            }
            hits += try change(edit.action, line, end, &out)
            guard out.count <= Self.largest else {
                throw DerootError(.limit, "a file becomes larger than \(Self.largest) bytes")
            }
        }
        return (out, hits)
    }

    /// Appends what becomes of a line and says how often the edit hit in it.
    private mutating func change(
        _ action: RecipeEdit.Action, _ line: ArraySlice<UInt8>, _ end: [UInt8],
        _ out: inout [UInt8]
    ) throws(DerootError) -> Int {
        switch action {
        case .substitute(let pattern, let text):
            return try substitute(pattern, text, line, end, &out)
        case .replace(let old, let text):
            let new = try text.filled(values)
            var rest = line
            var hits = 0
            work -= line.count * old.count / 16 + 1
            while let place = rest.firstRange(of: old) {
                out += rest[..<place.lowerBound] + new
                rest = rest[place.upperBound...]
                hits += 1
                try checkWork()
            }
            out += rest + end
            return hits
        case .delete(let pattern):
            if try pattern.fits(line, work: &work) { return 1 }
            out += line + end
            return 0
        case .insertAfter(let pattern, let text):
            let fits = try pattern.fits(line, work: &work)
            out += line + (fits && end.isEmpty ? [UInt8(ascii: "\n")] : end)
            if fits { out += try block(text) }
            return fits ? 1 : 0
        case .insertBefore(let pattern, let text):
            let fits = try pattern.fits(line, work: &work)
            if fits { out += try block(text) }
            out += line + end
            return fits ? 1 : 0
        case .append, .prepend: return 0
        }
    }

    private mutating func substitute(
        _ pattern: LinePattern, _ text: RecipeText, _ line: ArraySlice<UInt8>, _ end: [UInt8],
        _ out: inout [UInt8]
    ) throws(DerootError) -> Int {
        var hits = 0
        var at = line.startIndex
        var last: Int?
        while at <= line.endIndex,
            let match = try pattern.match(in: line, from: at, work: &work)
        {
            // An empty match right behind another is none, as in sed.
            if match.range.isEmpty, match.range.lowerBound == last {
                if at < line.endIndex { out.append(line[at]) }
                at += 1
                last = nil
                continue
            }
            hits += 1
            let groups = match.groups.map { range in range.map { line[$0] } ?? [] }
            out += line[at..<match.range.lowerBound]
            out += try text.filled(values, groups: groups)
            at = match.range.upperBound
            last = at
            if match.range.isEmpty {
                // An empty match must not be found again.
                if at < line.endIndex { out.append(line[at]) }
                at += 1
            }
            try checkWork()
            guard out.count <= Self.largest else {
                throw DerootError(.limit, "a file becomes larger than \(Self.largest) bytes")
            }
        }
        if at < line.endIndex { out += line[at...] }
        out += end
        return hits
    }

    private func checkWork() throws(DerootError) {
        guard work > 0 else {
            throw DerootError(.limit, "the edits of a recipe take more than \(Self.work) steps")
        }
    }

    /// A text as whole lines.
    private func block(_ text: RecipeText) throws(DerootError) -> [UInt8] {
        let bytes = try text.filled(values)
        return bytes.isEmpty || bytes.last == UInt8(ascii: "\n")
            ? bytes : bytes + [UInt8(ascii: "\n")]
    }
}
