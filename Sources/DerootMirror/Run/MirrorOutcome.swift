package import DerootBytes
package import DerootOCI

/// What became of one item of a plan.
package struct MirrorOutcome: Sendable {
    /// How it ended.
    package enum Ending: Sendable, Hashable {
        /// It was converted and its tags name the result.
        case converted(Digest)
        /// It needed no change and its tags name the source's own digest.
        case unchanged(Digest)
        /// The ledger knew the result; `retagged` says how many tags had to be set.
        case reused(Digest, retagged: Int)
        /// It cannot be converted; `isRemembered` says whether the ledger holds that.
        case refused(code: String, message: String, isRemembered: Bool)
        /// Something else stands in the way that a rerun alone does not remove.
        case failed(code: String, message: String)
        /// It is worth another try.
        case transient(message: String)

        /// A word for logs and figures.
        package var name: String {
            switch self {
            case .converted: "converted"
            case .unchanged: "unchanged"
            case .reused: "reused"
            case .refused: "refused"
            case .failed: "failed"
            case .transient: "transient"
            }
        }

        /// The result; nil where there is none.
        package var result: Digest? {
            switch self {
            case .converted(let digest), .unchanged(let digest), .reused(let digest, _): digest
            case .refused, .failed, .transient: nil
            }
        }
    }

    package let item: MirrorPlan.Item
    package let ending: Ending
    /// How long it took.
    package let seconds: Double
    /// When it was begun, in seconds since 1970.
    package var started: Double = 0
    /// Which try this was in this run, from 1.
    package var attempt = 1
    /// What went wrong without where, so that the same reasons can be counted; nil: nothing did.
    package var reason: String?
    package var traffic = MirrorTraffic()
    /// The name of its page in the folder of reports.
    package var report: String?

    /// Whether another try may help.
    package var isTransient: Bool { if case .transient = ending { true } else { false } }

    /// All words, in the order in which they are reported.
    package static let names = [
        "converted", "unchanged", "reused", "refused", "failed", "transient",
    ]

    /// The process exit status for outcomes and for what the plan could not look at: 75 as long as
    /// another try may help, else 1 where something is missing, else 0.
    package static func exitStatus(
        _ outcomes: [MirrorOutcome], problems: [MirrorPlan.Problem]
    ) -> Int32 {
        if outcomes.contains(where: \.isTransient) || problems.contains(where: \.isTransient) {
            return 75
        }
        return problems.isEmpty && outcomes.allSatisfy { $0.ending.result != nil } ? 0 : 1
    }

    /// An error of a conversion, as an ending.
    ///
    /// Only what follows from the image itself is remembered. A mismatch may have come about on the
    /// way here, unless the content was compared with its digest and contradicts itself; what a registry
    /// or a proxy answers, and what happens at the destination (`isPublishing`), says nothing of the image.
    package static func ending(_ error: DerootError, isPublishing: Bool) -> Ending {
        let message = error.description
        let isOfImage = !isPublishing && !error.isOfTransport
        switch error.code {
        case .transient, .io: return .transient(message: message)
        // The host was found when the plan was made.
        case _ where error.mayPass: return .transient(message: message)
        case .blocked, .refused, .malformed, .truncated, .unsupported, .limit, .disagreement,
            .hostile:
            return isOfImage
                ? .refused(code: error.code.name, message: message, isRemembered: true)
                : .failed(code: error.code.name, message: message)
        // Of an index without the platform that the recipe asks for.
        case .notFound where isOfImage && error.isOfContent:
            return .refused(code: error.code.name, message: message, isRemembered: true)
        case .mismatch where !isPublishing:
            return .refused(
                code: error.code.name, message: message,
                isRemembered: error.isOfContent && isOfImage)
        case .mismatch: return .transient(message: message)
        default: return .failed(code: error.code.name, message: message)
        }
    }
}

extension MirrorOutcome {
    /// A line of the log; `time` is RFC 3339.
    package func json(time: String, shard: Shard? = nil) -> JSON {
        var object: JSONObject = ["time": .string(time), "event": .string("image")]
        if let shard { object["shard"] = .string(shard.description) }
        object.members += result.members
        return .object(object)
    }

    private var result: JSONObject {
        var object: JSONObject = [
            "source": .string(item.source),
            "digest": .string(item.digest.description), "key": .string(item.key.description),
            "repository": .string(item.repository), "tags": .strings(item.tags),
            "outcome": .string(ending.name),
            "started": .number(Int64(max(0, started) * 1000)),
            "milliseconds": .number(Int64(max(0, min(seconds, 1e9)) * 1000)),
            "attempt": .number(attempt), "layerBytes": .number(item.bytes),
            "bytes": .object([
                "received": .number(traffic.received), "sent": .number(traffic.sent),
                "mounted": .number(traffic.mounted), "present": .number(traffic.present),
            ]), "retries": .number(traffic.retries),
        ]
        if let result = ending.result { object["result"] = .string(result.description) }
        switch ending {
        case .refused(let code, let message, let isRemembered):
            object["code"] = .string(code)
            object["message"] = .string(message)
            object["remembered"] = .bool(isRemembered)
        case .failed(let code, let message):
            object["code"] = .string(code)
            object["message"] = .string(message)
        case .transient(let message):
            object["code"] = .string("transient")
            object["message"] = .string(message)
        case .reused(_, let retagged): object["retagged"] = .number(retagged)
        case .converted, .unchanged: break
        }
        if let reason { object["reason"] = .string(reason) }
        if let report { object["report"] = .string(report) }
        return object
    }
}
