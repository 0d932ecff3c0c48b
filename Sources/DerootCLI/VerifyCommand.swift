package import ArgumentParser
import DerootBytes
import DerootCore
import DerootOCI
import DerootRegistry
import DerootStore
import Glibc

/// `deroot verify`: proves a conversion.
package struct VerifyCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Prove that DST is SRC converted and nothing else, and that no privilege is left.",
        discussion: """
            The conversion is done again with the same options and compared with DST: every raw layer, \
            every member of the config. Then DST is read to its last byte. Without options they are \
            taken from DST's own notes. Exit status: 0 proven, 1 differences, 2 not readable.
            """)

    @Argument(
        help: ArgumentHelp("The image that was converted.", valueName: "src"), completion: .image)
    var source: String

    @Argument(help: ArgumentHelp("What came out.", valueName: "dst"), completion: .image)
    var destination: String

    @OptionGroup(title: "What changed") var conversion: ConversionFlags
    @OptionGroup(title: "Registries") var registries: RegistryFlags
    @OptionGroup(title: "Limits") var limits: LimitFlags
    @OptionGroup(title: "Output") var output: OutputFlags

    package init() {}

    package func run() throws {
        var isProven = false
        try Failure.reported { () throws(DerootError) in isProven = try work() }
        if !isProven { throw ExitCode(1) }
    }

    private func work() throws(DerootError) -> Bool {
        let limits = try limits.limits()
        let from = try TransportReference(parsing: source)
        let to = try TransportReference(parsing: destination)
        let progress = ProgressLine(output)
        defer { progress.clear() }
        let result = try to.openSource(limits: limits) { () throws(DerootError) in
            try registries.client(.destination, observer: progress.show)
        }
        let original = try from.openSource(limits: limits) { () throws(DerootError) in
            try registries.client(.source, observer: progress.show)
        }
        let asked = try conversion.wantedPlatform()
        let only = try asked == nil ? narrowed(original, result, limits) : nil
        let platform = asked ?? only
        let options = try options(
            noted: result, platform: platform, limits: limits, from: from, to: to)
        var again = Conversion(original, options)
        again.platform = platform
        again.recipes = try conversion.recipes.library()
        again.limits = limits
        again.pool = WorkerPool(jobs: self.limits.jobs)
        again.observer = { progress.show($0) }
        again.usesLabels = to.isDockerArchive
        let scratch = try Scratch()
        defer { scratch.remove() }
        let transaction = try scratch.reference.openDestination(limits: limits).begin()
        let outcome = try Verification(again, against: result, scratch: transaction).run()
        progress.clear()
        try print(outcome)
        return outcome.differences.isEmpty
    }

    /// The platform of a result that is one image of a source with several.
    private func narrowed(
        _ original: any ImageSource, _ result: any ImageSource, _ limits: Limits
    ) throws(DerootError) -> Platform? {
        let images = try ImageGraph(reading: original, limits: limits).images
        let found = try ImageGraph(reading: result, limits: limits)
        guard images.count > 1, found.indexes.isEmpty, found.images.count == 1 else { return nil }
        return found.images.first?.config.platform
    }

    /// The options given, or those that the result's own notes name.
    private func options(
        noted result: any ImageSource, platform: Platform?, limits: Limits,
        from: TransportReference, to: TransportReference
    ) throws(DerootError) -> ConversionOptions {
        let compresses = from.isDockerArchive && !to.isDockerArchive
        guard conversion.isDefault else {
            return try conversion.options(compressesPlain: compresses)
        }
        let graph = try ImageGraph(reading: result, platform: platform, limits: limits)
        let image = graph.images.first { image in image.fact(Facts.options) != nil }
        guard let text = image?.fact(Facts.options), !text.isEmpty else {
            return try conversion.options(compressesPlain: compresses)
        }
        output.note("deroot: options as noted in the result: \(printable(text.utf8))")
        guard let flags = try? ConversionFlags.parse(ShellWords.split(text)) else {
            throw DerootError(
                .malformed, "the result notes options that this version does not know",
                at: .init(file: destination), advice: "give them on the command line")
        }
        return try flags.options(compressesPlain: compresses)
    }

    private func print(_ outcome: Verification.Outcome) throws(DerootError) {
        let images = outcome.images == 1 ? "1 image" : "\(outcome.images) images"
        let layers = outcome.layers == 1 ? "1 layer" : "\(outcome.layers) layers"
        let summary = "\(images), \(layers), \(outcome.entries) entries"
        if output.format == .json {
            let differences = outcome.differences.map { difference in
                JSON.object([
                    "place": .string(difference.place), "what": .string(difference.what),
                ])
            }
            let document = JSON.object([
                "deroot": .string("verification"), "version": .number(1),
                "holds": .bool(outcome.differences.isEmpty),
                "images": .number(outcome.images), "layers": .number(outcome.layers),
                "entries": .number(outcome.entries), "sameDigest": .bool(outcome.isSameDigest),
                "differences": .array(differences), "notes": .strings(outcome.notes),
            ])
            let text = String(decoding: document.serialized(indented: true), as: UTF8.self)
            try output.result(text + "\n")
            return
        }
        if outcome.differences.isEmpty {
            let digest = outcome.isSameDigest ? ", the digest is the same" : ""
            let notes = outcome.notes.map { "note: \($0)\n" }.joined()
            try output.result(notes + "verified: \(summary)\(digest)\n")
            return
        }
        var lines = outcome.differences.map { "\($0.place): \($0.what)" }
        lines.append("not verified: \(summary)")
        try output.result(lines.joined(separator: "\n") + "\n")
    }
}

extension ImageGraph.Image {
    /// What a conversion noted in the image: a manifest annotation, or a label for Docker.
    fileprivate func fact(_ name: String) -> String? {
        manifest.annotations[name] ?? config.labels[name]
    }
}

/// A folder for work that is thrown away.
private struct Scratch {
    let path: String

    init() throws(DerootError) {
        let base = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/deroot-verify-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return false }
            return unsafe mkdtemp(base) != nil
        }
        guard made else { throw .system(errno, "cannot create a folder", base) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var reference: TransportReference {
        .local(LocalReference(.oci, path: path + "/layout"))
    }

    /// The transaction has removed what was in it.
    func remove() { _ = unsafe rmdir(path) }
}
