package import DerootOCI

/// What a run did, in numbers.
package struct MirrorFigures: Sendable {
    package let shard: Shard
    package let outcomes: [MirrorOutcome]
    package let problems: [MirrorPlan.Problem]
    /// Bytes of bodies that came from registries and went to them.
    package let received: UInt64
    package let sent: UInt64
    /// Layers that did not have to be read again.
    package let reusedLayers: Int
    package let seconds: Double

    package init(
        shard: Shard, outcomes: [MirrorOutcome], problems: [MirrorPlan.Problem], received: UInt64,
        sent: UInt64, reusedLayers: Int, seconds: Double
    ) {
        self.shard = shard
        self.outcomes = outcomes
        self.problems = problems
        self.received = received
        self.sent = sent
        self.reusedLayers = reusedLayers
        self.seconds = seconds
    }

    /// How many images ended in a way.
    package func count(_ name: String) -> Int { outcomes.count { $0.ending.name == name } }

    /// The process exit status.
    package var exitStatus: Int32 { MirrorOutcome.exitStatus(outcomes, problems: problems) }

    /// A line for people.
    package var text: String {
        let counts = MirrorOutcome.names.filter { count($0) > 0 }.map { "\(count($0)) \($0)" }
        let unresolved = problems.isEmpty ? [] : ["\(problems.count) not looked at"]
        let all = counts + unresolved
        return "shard \(shard): " + (all.isEmpty ? "nothing to do" : all.joined(separator: ", "))
    }

    /// The summary, with a list of what is missing.
    package func json(time: String) -> JSON {
        .object([
            "time": .string(time), "event": .string("summary"),
            "shard": .string(shard.description),
            "images": .object(
                JSONObject(
                    members: MirrorOutcome.names.map {
                        .init(name: JSONString($0), value: .number(count($0)))
                    })),
            "bytes": .object(["received": .number(received), "sent": .number(sent)]),
            "reusedLayers": .number(reusedLayers),
            "milliseconds": .number(Int64(seconds * 1000)), "exit": .number(exitStatus),
            "missing": .array(
                outcomes.filter { $0.ending.result == nil }.map { $0.json(time: time) }
                    + problems.map { problem in
                        .object([
                            "source": .string(problem.source), "code": .string(problem.code),
                            "message": .string(problem.message),
                        ])
                    }),
        ])
    }

    /// The figures as an OpenMetrics text (openmetrics.io, "Text format"), for node_exporter's
    /// textfile collector; `now` is in seconds since 1970.
    package func metrics(now: Int64) -> String {
        let label = "shard=\"\(shard.index)\""
        var lines = ["# TYPE deroot_mirror_images gauge"]
        for name in MirrorOutcome.names {
            lines.append(
                "deroot_mirror_images{\(label),outcome=\"\(name)\"} \(count(name))")
        }
        lines.append("deroot_mirror_images{\(label),outcome=\"unresolved\"} \(problems.count)")
        for (name, value) in [
            ("received_bytes", received), ("sent_bytes", sent),
            ("reused_layers", UInt64(reusedLayers)),
            ("duration_milliseconds", UInt64(max(0, seconds * 1000))),
            ("finished_timestamp_seconds", UInt64(max(0, now))),
            ("exit_status", UInt64(exitStatus)),
        ] {
            lines.append("# TYPE deroot_mirror_\(name) gauge")
            lines.append("deroot_mirror_\(name){\(label)} \(value)")
        }
        return lines.joined(separator: "\n") + "\n# EOF\n"
    }
}
