package import DerootBytes
package import DerootCore
package import DerootOCI

/// What a run did, in numbers.
package struct MirrorFigures: Sendable {
    package let shard: Shard
    package let outcomes: [MirrorOutcome]
    package let problems: [MirrorPlan.Problem]
    /// Bytes of bodies that came from registries and went to them.
    package let received: UInt64
    package let sent: UInt64
    /// How often layers were worked on, and how often that was spared.
    package let layers: LayerMemory.Figures
    package let seconds: Double
    /// What ended the run early; nil: it came to its end.
    package let failure: DerootError?

    /// Layers that did not have to be read again.
    package var reusedLayers: Int { layers.reused }
    /// What all images' ways cost.
    package var traffic: MirrorTraffic {
        outcomes.reduce(MirrorTraffic()) { $0 + $1.traffic }
    }

    package init(
        shard: Shard, outcomes: [MirrorOutcome], problems: [MirrorPlan.Problem], received: UInt64,
        sent: UInt64, layers: LayerMemory.Figures, seconds: Double,
        failure: DerootError? = nil
    ) {
        self.shard = shard
        self.outcomes = outcomes
        self.problems = problems
        self.received = received
        self.sent = sent
        self.layers = layers
        self.seconds = seconds
        self.failure = failure
    }

    /// How many images ended in a way.
    package func count(_ name: String) -> Int { outcomes.count { $0.ending.name == name } }

    /// The process exit status.
    package var exitStatus: Int32 {
        failure?.exitStatus ?? MirrorOutcome.exitStatus(outcomes, problems: problems)
    }

    /// A line for people.
    package var text: String {
        let counts = MirrorOutcome.names.filter { count($0) > 0 }.map { "\(count($0)) \($0)" }
        let unresolved = problems.isEmpty ? [] : ["\(problems.count) not looked at"]
        let all = counts + unresolved
        return "shard \(shard): " + (all.isEmpty ? "nothing to do" : all.joined(separator: ", "))
    }

    /// The summary, with a list of what is missing.
    package func json(time: String) -> JSON {
        var object = summary(time: time)
        if let failure { object["error"] = .string(failure.description) }
        return .object(object)
    }

    private func summary(time: String) -> JSONObject {
        [
            "time": .string(time), "event": .string("summary"),
            "shard": .string(shard.description),
            "images": .object(
                JSONObject(
                    members: MirrorOutcome.names.map {
                        .init(name: JSONString($0), value: .number(count($0)))
                    })),
            "bytes": .object([
                "received": .number(received), "sent": .number(sent),
                "mounted": .number(traffic.mounted), "present": .number(traffic.present),
            ]), "retries": .number(traffic.retries),
            "layers": .object(
                JSONObject(
                    members: layerCounts.map {
                        .init(name: JSONString($0.name), value: .number($0.count))
                    })),
            "milliseconds": .number(Int64(seconds * 1000)), "exit": .number(exitStatus),
            "missing": .array(
                outcomes.filter { $0.ending.result == nil }.map { $0.json(time: time) }
                    + problems.map { problem in
                        .object([
                            "source": .string(problem.source), "code": .string(problem.code),
                            "message": .string(problem.message),
                            "transient": .bool(problem.isTransient),
                        ])
                    }),
        ]
    }

    private var layerCounts: [(name: String, count: Int)] {
        [
            ("read", layers.read), ("reused", layers.reused), ("recalled", layers.recalled),
            ("rewritten", layers.rewritten), ("recalledForms", layers.recalledForms),
        ]
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
            ("mounted_bytes", traffic.mounted), ("present_bytes", traffic.present),
            ("retries", UInt64(traffic.retries)), ("read_layers", UInt64(layers.read)),
            ("reused_layers", UInt64(reusedLayers)),
            ("recalled_layers", UInt64(layers.recalled)),
            ("rewritten_layers", UInt64(layers.rewritten)),
            ("recalled_forms", UInt64(layers.recalledForms)),
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
