import DerootBytes

/// One search of a pattern in a line: all ways to match at once, the preferred first.
struct PatternRun {
    /// The ways that are alive at one place, in order of preference.
    private struct Threads {
        var steps: [Int] = []
        /// The borders that each has noted, one after another.
        var borders: [Int] = []
        /// The round in which a step was last added: no way is followed twice.
        var seen: [Int]

        mutating func clear() {
            steps.removeAll(keepingCapacity: true)
            borders.removeAll(keepingCapacity: true)
        }
    }

    private enum Task {
        case follow(Int)
        case restore(slot: Int, value: Int)
    }

    private let program: PatternProgram
    private let line: ArraySlice<UInt8>
    private let slots: Int
    private var round = 0
    private var tasks: [Task] = []

    init(_ program: PatternProgram, _ line: ArraySlice<UInt8>) {
        self.program = program
        self.line = line
        slots = (program.groupCount + 1) * 2
    }

    mutating func match(
        from start: Int, work: inout Int
    ) throws(DerootError) -> LinePattern.Match? {
        guard let begin = firstPlace(from: start) else {
            work -= 1
            return nil
        }
        let none = Array(repeating: -1, count: slots)
        let blank = Threads(seen: Array(repeating: -1, count: program.steps.count))
        var now = blank
        var next = blank
        var found: [Int]?
        var at = begin
        while true {
            if found == nil, now.steps.isEmpty {
                guard let place = firstPlace(from: at) else { break }
                work -= (place - at) / 64
                at = place
            }
            // A later start is the least preferred of all ways.
            if found == nil, !program.isAnchored || at == line.startIndex {
                if now.steps.isEmpty { round += 1 }
                follow(0, at, none, &now, &work)
            }
            guard !now.steps.isEmpty else {
                // Nothing is alive: a condition on the place did not hold, so the next one is tried.
                guard found == nil, !program.isAnchored, at < line.endIndex else { break }
                at += 1
                work -= 1
                continue
            }
            round += 1
            next.clear()
            for (index, step) in now.steps.enumerated() {
                let borders = now.borders[(index * slots)..<((index + 1) * slots)]
                switch program.steps[step] {
                case .byte(let set):
                    guard at < line.endIndex, set.contains(line[at]) else { continue }
                    follow(step + 1, at + 1, Array(borders), &next, &work)
                default:
                    found = Array(borders)
                }
                // What is less preferred than a match is of no interest.
                if case .match = program.steps[step] { break }
            }
            work -= now.steps.count + 1
            guard work > 0 else {
                throw DerootError(
                    .limit, "a pattern takes more steps than all edits of a recipe may take")
            }
            swap(&now, &next)
            guard at < line.endIndex else { break }
            at += 1
        }
        return found.map { borders in
            LinePattern.Match(
                groups: (0..<(slots / 2)).map { group in
                    let (from, to) = (borders[group * 2], borders[group * 2 + 1])
                    return from < 0 || to < 0 ? nil : from..<to
                })
        }
    }

    /// The next place where a match can begin; nil where there is none.
    private func firstPlace(from start: Int) -> Int? {
        if program.isAnchored, start > line.startIndex { return nil }
        guard let first = program.first else { return start }
        if program.isAnchored {
            return start < line.endIndex && first.contains(line[start]) ? start : nil
        }
        return line[start...].firstIndex { first.contains($0) }
    }

    /// Follows everything that takes no byte; on a stack of its own, patterns may be deep.
    private mutating func follow(
        _ step: Int, _ at: Int, _ borders: [Int], _ threads: inout Threads, _ work: inout Int
    ) {
        var borders = borders
        tasks.append(.follow(step))
        while let task = tasks.popLast() {
            guard case .follow(let step) = task else {
                if case .restore(let slot, let value) = task { borders[slot] = value }
                continue
            }
            guard threads.seen[step] != round else { continue }
            threads.seen[step] = round
            work -= 1
            switch program.steps[step] {
            case .jump(let target): tasks.append(.follow(target))
            case .split(let first, let second): tasks += [.follow(second), .follow(first)]
            case .save(let slot):
                tasks += [.restore(slot: slot, value: borders[slot]), .follow(step + 1)]
                borders[slot] = at
            case .assert(let assertion):
                if holds(assertion, at) { tasks.append(.follow(step + 1)) }
            case .byte, .match:
                threads.steps.append(step)
                threads.borders += borders
            }
        }
    }

    private func holds(_ assertion: PatternProgram.Assertion, _ at: Int) -> Bool {
        switch assertion {
        case .start: return at == line.startIndex
        case .end: return at == line.endIndex
        case .wordBorder:
            let before = at > line.startIndex && ByteSet.word.contains(line[at - 1])
            let after = at < line.endIndex && ByteSet.word.contains(line[at])
            return before != after
        }
    }
}
