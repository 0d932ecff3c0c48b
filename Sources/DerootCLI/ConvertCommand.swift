package import ArgumentParser
import DerootBytes
import DerootCore
import DerootOCI
import DerootRegistry
import DerootReport
import DerootStore
import DerootTar

/// `deroot convert`: the main job.
package struct ConvertCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Turn a root image into a non-root one, losslessly.",
        discussion: """
            SRC and DST are docker://NAME[:TAG] in a registry, oci:PATH[:REF|@N], \
            oci-archive:FILE[:REF], docker-archive:FILE[:REF|@N] (- is standard input or output), or \
            a path whose kind shows by its content; all other names are of registries. Without DST \
            the result of a local image is written beside it as NAME-nonroot.

            A plan made with --dry-run fits the destination it was made for: name it there too where \
            the transports differ.

            Standard output gets the result's reference and digest; everything else goes to standard \
            error. Exit status: 0 done, 1 stopped by a blocking finding, 2 not possible, 64 usage, \
            75 worth \
            another try, 130/143 interrupted. Whatever happens, the destination is as it was or complete.
            """)

    @Argument(help: ArgumentHelp("The image to read.", valueName: "src"), completion: .image)
    var source: String

    @Argument(help: ArgumentHelp("Where the result goes.", valueName: "dst"), completion: .image)
    var destination: String?

    @OptionGroup(title: "What changes") var conversion: ConversionFlags

    @Flag(help: "Print the plan and write nothing.")
    var dryRun = false

    @Flag(help: "Convert even where a finding says that the result would not start.")
    var force = false

    @Option(
        help: ArgumentHelp("Apply this plan, made by --dry-run --format json.", valueName: "file"),
        completion: .json)
    var plan: String?

    @Option(
        help: ArgumentHelp("Write a JSON report: every path, layer and drop.", valueName: "file"),
        completion: .json)
    var report: String?

    @Flag(
        help: ArgumentHelp(
            "Attach the report and an unsigned provenance statement to the result.",
            discussion: "In registries as OCI 1.1 referrers, in layouts as entries of index.json."))
    var attach = false

    @Option(
        help: ArgumentHelp(
            "Where results in registries are remembered, so that a second tag is only a tag; or none.",
            valueName: "dir"), completion: .directory)
    var cache: String?

    @Option(
        help: ArgumentHelp("Write the result's digest to this file.", valueName: "file"),
        completion: .file())
    var digestfile: String?

    @OptionGroup(title: "Registries") var registries: RegistryFlags
    @OptionGroup(title: "Limits") var limits: LimitFlags
    @OptionGroup(title: "Output") var output: OutputFlags

    package init() {}

    package func run() throws {
        try Failure.reported { () throws(DerootError) in try work() }
    }

    private func work() throws(DerootError) {
        let from = try TransportReference(parsing: source)
        // A plan is for a destination as well: what becomes of plain layers depends on it.
        let target = try destination != nil || !dryRun ? target(from) : nil
        let to = dryRun ? nil : target
        let limits = try limits.limits()
        if plan != nil, !conversion.isDefault {
            throw DerootError(
                .usage, "--plan decides everything",
                advice: "leave the other options to --dry-run, which makes the plan")
        }
        // Options are looked at before any work is done.
        let options = try conversion.options(
            compressesPlain: from.isDockerArchive && target?.isDockerArchive == false)
        let platform = try conversion.wantedPlatform()
        let given = try plan.map { (path) throws(DerootError) in
            try ConversionPlan(parsing: try InputFile.read(path, atMost: 1 << 30))
        }
        let progress = ProgressLine(output)
        defer { progress.clear() }
        // Read once in a process, while the source is opened.
        let builtIn = Background { (try? RecipeLibrary.builtIn()) != nil }
        defer { withExtendedLifetime(builtIn) {} }
        let image = try from.openSource(limits: limits) { () throws(DerootError) in
            try registries.client(.source, observer: progress.show)
        }
        var conversion = Conversion(image, given?.options ?? options)
        conversion.platform =
            try given?.platform.map { (text) throws(DerootError) in
                try Platform(parsing: text)
            } ?? platform
        conversion.recipes = try self.conversion.recipes.library()
        conversion.limits = limits
        conversion.pool = WorkerPool(jobs: self.limits.jobs)
        conversion.observer = { progress.show($0) }
        conversion.usesLabels = to?.isDockerArchive ?? false
        conversion.stopsAtFindings = !force
        for remark in image.remarks { output.note("deroot: note: \(remark)") }
        guard let to else {
            try printPlan(try conversion.plan(), progress)
            return
        }
        let place = try to.openDestination(mounting: from, limits: limits) {
            () throws(DerootError) in
            try registries.client(.destination, observer: progress.show)
        }
        let attachments = attach ? try place.requireAttachments() : nil
        let known = given == nil ? try KnownResult(cache, conversion, from: from, to: to) : nil
        // A report tells about every path, which only a conversion knows.
        if report == nil, !attach, output.format == .text, let root = try known?.reused(in: place) {
            progress.clear()
            output.note("deroot: this image was converted before, only the tag was new")
            try printReference(root.digest, to)
            return
        }
        let result = try conversion.convert(into: try place.begin(), applying: given)
        let report = reportJSON(result, to)
        try attachments?.attach(
            Provenance.attachments(result, destination: to.description, report: report))
        progress.clear()
        if let remark = known?.keep(result.root) { output.note("deroot: note: \(remark)") }
        try printResult(result, to, report)
    }

    private func target(_ source: TransportReference) throws(DerootError) -> TransportReference {
        guard let destination else { return try source.defaultDestination() }
        return try TransportReference(parsing: destination)
    }

    private func printPlan(
        _ planned: Conversion.Planned, _ progress: ProgressLine
    ) throws(DerootError) {
        progress.clear()
        let listings = planned.plan.images.map { image in
            image.layers.compactMap { planned.layers[$0.digest]?.pass.listing }
        }
        if output.format == .json {
            let document = PlanJSON.document(planned.plan, listings: listings)
            try output.result(
                String(decoding: document.serialized(indented: true), as: UTF8.self) + "\n")
            return
        }
        let text = ConversionText(listings: listings, isDetailed: output.verbose)
        try output.result(text.lines(planned.plan).joined(separator: "\n") + "\n")
    }

    /// The report; empty where nobody wants it, since it has a line for every changed path.
    private func reportJSON(_ result: ConversionResult, _ to: TransportReference) -> [UInt8] {
        guard report != nil || attach || output.format == .json else { return [] }
        let document = ConversionReport.document(
            result, listings: result.listings, destination: to.description)
        return document.serialized(indented: true) + [0x0A]
    }

    private func printResult(
        _ result: ConversionResult, _ to: TransportReference, _ json: [UInt8]
    ) throws(DerootError) {
        let listings = result.listings
        let text = ConversionText(listings: listings, isDetailed: output.verbose)
        for line in text.lines(result) { output.note(line) }
        if let report { try OutputFile.write(json, to: report) }
        guard output.format == .json, !to.isStandardStream || output.output != nil else {
            try printReference(result.root.digest, to)
            return
        }
        try writeDigest(result.root.digest)
        try output.result(String(decoding: json, as: UTF8.self))
    }

    private func printReference(
        _ digest: Digest, _ to: TransportReference
    ) throws(DerootError) {
        try writeDigest(digest)
        // Where the archive itself went to standard output, nothing may follow it there.
        if to.isStandardStream, output.output == nil {
            output.note("\(to)@\(digest)")
        } else {
            try output.result("\(to)@\(digest)\n")
        }
    }

    private func writeDigest(_ digest: Digest) throws(DerootError) {
        guard let digestfile else { return }
        try OutputFile.write(Array("\(digest)\n".utf8), to: digestfile)
    }
}

extension TransportReference {
    /// True for docker-archive files, whose layers are plain and which have no manifest.
    var isDockerArchive: Bool {
        if case .local(let reference) = self {
            reference.transport == .dockerArchive
        } else {
            false
        }
    }

    /// True for `-`.
    var isStandardStream: Bool {
        if case .local(let reference) = self { reference.isStandardStream } else { false }
    }
}
