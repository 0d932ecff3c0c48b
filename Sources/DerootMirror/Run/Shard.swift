package import DerootBytes

/// Which part of a plan this process does.
package struct Shard: Sendable, Hashable, CustomStringConvertible {
    /// From 0.
    package let index: Int
    package let count: Int

    /// All of it.
    package static let whole = Shard(index: 0, count: 1)

    package init(index: Int, count: Int) {
        self.index = index
        self.count = count
    }

    /// As `--shard` spells it.
    package var description: String { "\(index + 1)/\(count)" }
}

extension Shard {
    /// A shard and how it was found out, for people.
    package struct Decision: Sendable, Hashable {
        package let shard: Shard
        package let reason: String
    }

    private struct Engine {
        let index: String
        let count: String
        let first: Int
    }

    /// Finds out the shard: the flag, our own variables, then what the known engines set.
    ///
    /// An index without a total is never taken for everything: all tasks would do all the work, as it
    /// happened elsewhere.
    ///
    /// - Throws: `.usage` for what is no shard, or only half of one.
    package static func detect(
        flag: String?, variables: [String: String]
    ) throws(DerootError) -> Decision {
        if let flag {
            let parts = flag.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let index = number(parts[0]), let count = number(parts[1]),
                (1...max(count, 1)).contains(index), count > 0
            else {
                throw DerootError(
                    .usage, "--shard is '\(printable(flag.utf8.prefix(40)))', not such as 3/8")
            }
            return Decision(shard: Shard(index: index - 1, count: count), reason: "--shard")
        }
        let variables = variables.filter { !$0.value.isEmpty }
        if let found = try pair(
            .init(index: "DEROOT_SHARD_INDEX", count: "DEROOT_SHARD_COUNT", first: 0), variables)
        {
            return found
        }
        // Kubernetes says which completion this is, and nothing of how many there are.
        if variables["JOB_COMPLETION_INDEX"] != nil {
            return try require(
                .init(index: "JOB_COMPLETION_INDEX", count: "DEROOT_SHARD_COUNT", first: 0),
                variables)
        }
        if variables["SLURM_ARRAY_TASK_ID"] != nil { return try slurm(variables) }
        let isGitLab = variables["GITLAB_CI"] != nil
        for engine in [
            Engine(index: "CI_NODE_INDEX", count: "CI_NODE_TOTAL", first: isGitLab ? 1 : 0),
            Engine(
                index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE", first: 0),
            Engine(index: "CLOUD_RUN_TASK_INDEX", count: "CLOUD_RUN_TASK_COUNT", first: 0),
            Engine(index: "CIRCLE_NODE_INDEX", count: "CIRCLE_NODE_TOTAL", first: 0),
            Engine(
                index: "BUILDKITE_PARALLEL_JOB", count: "BUILDKITE_PARALLEL_JOB_COUNT", first: 0),
            Engine(
                index: "BITBUCKET_PARALLEL_STEP", count: "BITBUCKET_PARALLEL_STEP_COUNT", first: 0),
        ] {
            if let found = try pair(engine, variables) { return found }
        }
        return Decision(shard: .whole, reason: "no engine's variables are set")
    }

    private static func number(_ text: some StringProtocol) -> Int? {
        let isPlain = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isPlain && text.utf8.count <= 9 ? Int(text) : nil
    }

    /// Two variables; nil where the index is not set.
    private static func pair(
        _ engine: Engine, _ variables: [String: String]
    ) throws(DerootError) -> Decision? {
        variables[engine.index] == nil ? nil : try require(engine, variables)
    }

    private static func require(
        _ engine: Engine, _ variables: [String: String]
    ) throws(DerootError) -> Decision {
        let index = try value(engine.index, variables) - engine.first
        guard variables[engine.count] != nil else {
            throw DerootError(
                .usage, "\(engine.index) is set and \(engine.count) is not",
                advice: "say how many tasks there are; without it each would do everything")
        }
        let count = try value(engine.count, variables)
        guard (0..<count).contains(index) else {
            throw DerootError(
                .usage,
                "\(engine.index) is \(index + engine.first), but \(engine.count) is \(count)")
        }
        return Decision(
            shard: Shard(index: index, count: count), reason: "\(engine.index), \(engine.count)")
    }

    private static func value(
        _ name: String, _ variables: [String: String]
    ) throws(DerootError) -> Int {
        guard let text = variables[name], let value = number(text) else {
            let shown = printable((variables[name] ?? "").utf8.prefix(40))
            throw DerootError(.usage, "\(name) is '\(shown)', not a number")
        }
        return value
    }

    /// Slurm counts the tasks that there are, so that an array of 1,3 has a count of 2: the place in
    /// the range is what tells tasks apart, and a range with holes cannot be divided.
    private static func slurm(_ variables: [String: String]) throws(DerootError) -> Decision {
        var values: [String: Int] = [:]
        for part in ["ID", "MIN", "MAX", "STEP", "COUNT"] {
            let name = "SLURM_ARRAY_TASK_\(part)"
            // The step is 1 where an old Slurm does not say.
            values[part] =
                part == "STEP" && variables[name] == nil ? 1 : try value(name, variables)
        }
        guard let id = values["ID"], let least = values["MIN"], let most = values["MAX"],
            let step = values["STEP"], let tasks = values["COUNT"], step > 0, least <= id,
            id <= most, (id - least) % step == 0
        else { throw DerootError(.usage, "the SLURM_ARRAY_TASK variables contradict each other") }
        let count = (most - least) / step + 1
        guard tasks == count else {
            throw DerootError(
                .usage, "the Slurm array has \(tasks) tasks in a range for \(count)",
                advice: "use a range without holes, such as --array=0-7")
        }
        return Decision(
            shard: Shard(index: (id - least) / step, count: count), reason: "SLURM_ARRAY_TASK_ID")
    }
}
