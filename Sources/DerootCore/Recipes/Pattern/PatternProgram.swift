import DerootBytes

/// A pattern as steps of a machine that has no way back.
struct PatternProgram: Sendable {
    /// A condition on a place in the line.
    enum Assertion: Sendable {
        case start, end, wordBorder
    }

    enum Step: Sendable {
        /// Takes one byte of the set.
        case byte(ByteSet)
        /// Goes on at both, the first preferred.
        case split(Int, Int)
        case jump(Int)
        /// Notes the place as a group's border.
        case save(Int)
        case assert(Assertion)
        case match
    }

    private(set) var steps: [Step] = []
    /// How often a node was compiled: one that takes no step may still be repeated without end.
    private var visits = 0
    let groupCount: Int
    /// True where a match can only begin at the line's start.
    private(set) var isAnchored = true
    /// The bytes that a match can begin with; nil where it may be empty.
    private(set) var first: ByteSet? = ByteSet()

    /// Reads and compiles a pattern.
    init(_ text: String) throws(DerootError) {
        var parser = PatternParser(text)
        let node = try parser.parse()
        groupCount = parser.groupCount
        steps.append(.save(0))
        try compile(node)
        steps += [.save(1), .match]
        look()
    }

    private mutating func add(_ step: Step) throws(DerootError) {
        guard steps.count < LinePattern.largest else { throw Self.tooLarge }
        steps.append(step)
    }

    private static let tooLarge = DerootError(
        .limit, "a pattern that takes more than \(LinePattern.largest) steps",
        advice: "use smaller counts in {m,n}")

    private mutating func compile(_ node: PatternNode) throws(DerootError) {
        visits += 1
        guard visits <= 16 * LinePattern.largest else { throw Self.tooLarge }
        switch node {
        case .empty: break
        case .set(let set): try add(.byte(set))
        case .assertion(let assertion): try add(.assert(assertion))
        case .sequence(let nodes): for node in nodes { try compile(node) }
        case .group(let node, let number):
            if let number { try add(.save(number * 2)) }
            try compile(node)
            if let number { try add(.save(number * 2 + 1)) }
        case .choice(let nodes): try compile(choice: nodes)
        case .times(let node, let least, let most):
            for _ in 0..<least { try compile(node) }
            guard let most else {
                let start = steps.count
                try add(.match)
                try compile(node)
                try add(.jump(start))
                steps[start] = .split(start + 1, steps.count)
                return
            }
            var splits: [Int] = []
            for _ in least..<max(least, most) {
                splits.append(steps.count)
                try add(.match)
                try compile(node)
            }
            for split in splits { steps[split] = .split(split + 1, steps.count) }
        }
    }

    private mutating func compile(choice nodes: [PatternNode]) throws(DerootError) {
        var jumps: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index < nodes.count - 1 else {
                try compile(node)
                break
            }
            let split = steps.count
            try add(.match)
            try compile(node)
            jumps.append(steps.count)
            try add(.match)
            steps[split] = .split(split + 1, steps.count)
        }
        for jump in jumps { steps[jump] = .jump(steps.count) }
    }

    /// Finds what a match can begin with, so that most places of most lines are passed over.
    private mutating func look() {
        var seen = Array(repeating: [false, false], count: steps.count)
        var stack: [(step: Int, isAnchored: Bool)] = [(0, false)]
        while let (index, anchored) = stack.popLast() {
            guard !seen[index][anchored ? 1 : 0] else { continue }
            seen[index][anchored ? 1 : 0] = true
            switch steps[index] {
            case .byte(let set):
                first = first?.union(set)
                if !anchored { isAnchored = false }
            case .match:
                first = nil
                if !anchored { isAnchored = false }
            case .split(let a, let b): stack += [(a, anchored), (b, anchored)]
            case .jump(let target): stack.append((target, anchored))
            case .save: stack.append((index + 1, anchored))
            case .assert(let assertion):
                var isStart = false
                if case .start = assertion { isStart = true }
                stack.append((index + 1, anchored || isStart))
            }
        }
    }
}

/// A pattern as its author thinks of it.
indirect enum PatternNode: Sendable {
    case empty
    case set(ByteSet)
    case assertion(PatternProgram.Assertion)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// With its number where it is captured.
    case group(PatternNode, Int?)
    case times(PatternNode, least: Int, most: Int?)
}
