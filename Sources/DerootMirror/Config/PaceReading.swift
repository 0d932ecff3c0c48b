import DerootBytes
import DerootCore
import DerootRegistry

/// How fast registries may be asked, as mirror.yaml says it.
enum PaceReading {
    /// Pulls that can be left to others.
    static let mostReserve: UInt64 = 1_000_000
    /// Seconds until it is looked again how many are left.
    static let mostSeconds: Int64 = 3_600_000_000

    /// What a mapping says in `ratelimit` and `requests-per-second`; nil where it says nothing.
    ///
    /// What `defaults` say counts for the key that the mapping leaves out.
    static func pace(
        _ mapping: YAMLMapping, over defaults: YAMLMapping? = nil
    ) throws(DerootError) -> RequestPace? {
        guard mapping.has("ratelimit") || mapping.has("requests-per-second") else { return nil }
        var pace = RequestPace()
        if let defaults { pace = try self.pace(defaults) ?? pace }
        if let limit = try mapping.mapping("ratelimit", keys: ["min", "retry"]) {
            let least = try limit.required("min")
            pace.reserve = UInt64(try least.integer(in: 0...Int64(mostReserve)))
            if let retry = try limit.text("retry") {
                guard let seconds = seconds(retry) else {
                    throw (limit["retry"] ?? least).error(
                        "'\(printable(retry.utf8.prefix(40)))' is not a time such as 90s, 15m or 1h"
                    )
                }
                pace.retry = seconds
            }
        }
        if let rate = try mapping.text("requests-per-second") {
            guard let value = Double(rate), value.isFinite, (0.001...100_000).contains(value) else {
                throw (mapping["requests-per-second"] ?? mapping.value).error(
                    "'\(printable(rate.utf8.prefix(40)))' is not a number from 0.001 to 100000")
            }
            pace.perSecond = value
        }
        return pace
    }

    /// A host under the names by which requests go to it.
    static func hosts(of name: String) -> [String] {
        name == "docker.io" ? [name, "registry-1.docker.io"] : [name]
    }

    private static func seconds(_ text: String) -> Double? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
        let unit = text.last.flatMap { units[$0] }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard let value = Int(digits), (1...1_000_000).contains(value) else { return nil }
        return Double(value * (unit ?? 1))
    }
}
