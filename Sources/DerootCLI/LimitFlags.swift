import ArgumentParser
import DerootBytes

/// Bounds on what an input may make deroot do, and how much of the machine it may use.
struct LimitFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp("Largest layer, uncompressed: 64G, 500M, bytes.", valueName: "bytes"))
    var maxLayerBytes: String?

    @Option(help: ArgumentHelp("Most uncompressed bytes for one compressed byte.", valueName: "n"))
    var maxRatio: UInt64?

    @Option(help: ArgumentHelp("Most tar entries of one image.", valueName: "n"))
    var maxEntries: Int?

    @Option(
        help: ArgumentHelp("Layers that are worked on at once; default: the cores.", valueName: "n")
    )
    var jobs: Int?

    /// The limits with what was given.
    ///
    /// - Throws: `.usage` for a value that is none.
    func limits() throws(DerootError) -> Limits {
        var limits = Limits()
        if let maxLayerBytes { limits.layerBytes = try Self.bytes(maxLayerBytes) }
        if let maxRatio {
            guard maxRatio > 0 else { throw DerootError(.usage, "--max-ratio is 0") }
            limits.ratio = maxRatio
        }
        if let maxEntries { limits.entries = maxEntries }
        if let jobs, jobs < 1 {
            throw DerootError(.usage, "--jobs is \(jobs), at least 1 is needed")
        }
        return limits
    }

    /// A number of bytes: 64G, 500M, 1000.
    ///
    /// - Throws: `.usage` for what is none; `name` is the option's.
    static func bytes(
        _ text: String, _ name: String = "--max-layer-bytes"
    ) throws(DerootError) -> UInt64 {
        let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        let unit = text.last.flatMap { units[Character($0.uppercased())] }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard let value = UInt64(digits),
            case let product = value.multipliedReportingOverflow(by: unit ?? 1),
            !product.overflow
        else {
            throw DerootError(
                .usage, "\(name) is '\(printable(text.utf8))', not a number of bytes")
        }
        return product.partialValue
    }
}
