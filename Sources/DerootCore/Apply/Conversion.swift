package import DerootBytes
package import DerootOCI
package import DerootStore
import DerootTar

/// Converts everything under one reference: read, plan, write, in one direction.
package struct Conversion: Sendable {
    /// What was read and decided, before anything is written for good.
    package struct Planned: Sendable {
        package let graph: ImageGraph
        package let plan: ConversionPlan
        /// What was read of each layer, by digest.
        package let layers: [Digest: ScannedLayer]
    }

    package let source: any ImageSource
    package let options: ConversionOptions
    package var platform: Platform?
    package var limits = Limits()
    package var pool = WorkerPool()
    /// Docker's facts go into labels; so do those of results whose format has no manifest.
    package var usesLabels = false
    package var observer: ConversionObserver = { _ in }
    /// What other conversions of this process learnt of layers; nil: each for itself.
    package var memory: LayerMemory?
    /// Stops before anything is written where the result would certainly not start.
    package var stopsAtFindings = false
    /// Rules beside the catalogue's, which may stop it as well.
    package var extraRules: [ExtraRule] = []
    /// The recipes that are looked at; nil: those in the binary.
    package var recipes: RecipeLibrary?

    package init(_ source: any ImageSource, _ options: ConversionOptions) {
        self.source = source
        self.options = options
    }

    /// Reads the image and decides; nothing is written.
    package func plan() throws(DerootError) -> Planned { try plan(staging: nil) }

    /// Converts into a transaction and makes the result visible.
    ///
    /// The transaction is aborted where anything fails; a plan made earlier may be given.
    ///
    /// - Throws: `.planMismatch` for a plan of another source.
    package func convert(
        into transaction: any DestinationTransaction, applying given: ConversionPlan? = nil
    ) throws(DerootError) -> ConversionResult {
        do throws(DerootError) {
            let (planned, result) = try written(into: transaction, applying: given)
            try Interruption.check()
            observer(.committing)
            // To close large files takes a while, in which registries can answer.
            let disposal = Background { [source] in
                source.letGo()
                withExtendedLifetime(planned) {}
            }
            try transaction.commit(root: result.root, name: source.imageName)
            withExtendedLifetime(disposal) {}
            return result
        } catch {
            transaction.abort()
            throw error
        }
    }

    /// Converts into a transaction and leaves the rest to the caller.
    package func build(
        into transaction: any DestinationTransaction, applying given: ConversionPlan? = nil
    ) throws(DerootError) -> ConversionResult {
        try written(into: transaction, applying: given).result
    }

    private func written(
        into transaction: any DestinationTransaction, applying given: ConversionPlan?
    ) throws(DerootError) -> (planned: Planned, result: ConversionResult) {
        let planned: Planned
        if let given {
            planned = try adopt(given, staging: transaction)
        } else {
            planned = try plan(staging: transaction)
        }
        let writer = ResultWriter(conversion: self, planned: planned, transaction)
        return (planned, try writer.write())
    }

    private func adopt(
        _ plan: ConversionPlan, staging transaction: any DestinationTransaction
    ) throws(DerootError) -> Planned {
        let graph = try ImageGraph(reading: source, platform: platform, limits: limits)
        guard plan.digest == graph.root.digest else {
            throw DerootError(
                .planMismatch, "the plan is for \(plan.digest), the source is \(graph.root.digest)",
                at: .init(file: source.name), advice: "make a new plan with --dry-run")
        }
        let expected = graph.convertible.map(\.descriptor.digest)
        guard plan.images.map(\.manifest) == expected else {
            throw DerootError(
                .planMismatch, "the plan's images are not those of the source",
                at: .init(file: source.name), advice: "give the same --platform as to --dry-run")
        }
        for (image, planned) in zip(graph.convertible, plan.images) {
            let layers = image.manifest.layers.map(\.digest)
            guard planned.layers.map(\.digest) == layers,
                planned.layers.map(\.diffID) == image.config.diffIDs,
                planned.userBefore == image.config.exactUser
            else {
                throw DerootError(
                    .planMismatch, "the plan's layers are not those of the image",
                    at: .init(file: source.name, blob: image.descriptor.digest))
            }
        }
        for image in graph.convertible { try check(image) }
        let isRewriting = options.layers == .rewrite
        let layers = try scan(graph.convertible, transaction) { image in
            let number = expected.firstIndex(of: image.descriptor.digest)
            return number.map { plan.images[$0].layers.map { isRewriting ? $0.decide : nil } } ?? []
        }
        return Planned(graph: graph, plan: plan, layers: layers)
    }

    private func plan(
        staging transaction: (any DestinationTransaction)?
    ) throws(DerootError) -> Planned {
        let graph = try ImageGraph(reading: source, platform: platform, limits: limits)
        guard !graph.convertible.isEmpty else {
            throw DerootError(
                .unsupported, "there are only Windows images, whose users are no numbers",
                at: .init(file: source.name))
        }
        for image in graph.convertible { try check(image) }
        let library = try library()
        let layers = try scan(graph.convertible, transaction) { image in
            let policy = EntryPolicy.foretold(options, image.config, library)
            let decide = policy.map { policy -> LayerPass.Decide in
                { listing in policy.change(of: listing.count - 1, in: listing) }
            }
            return image.manifest.layers.map { _ in decide }
        }
        var plans: [ImagePlan] = []
        for image in graph.convertible {
            plans.append(try plan(image, layers))
        }
        if stopsAtFindings, transaction != nil { try stopAtFindings(plans, of: graph, layers) }
        let plan = ConversionPlan(
            source: source.name, digest: graph.root.digest, options: options,
            platform: platform?.description, images: plans)
        return Planned(graph: graph, plan: plan, layers: layers)
    }

    /// Decides for one image whose layers were read.
    func plan(
        _ image: ImageGraph.Image, _ layers: [Digest: ScannedLayer]
    ) throws(DerootError) -> ImagePlan {
        let input = self.input(image, layers)
        let entries = input.layers.reduce(0) { $0 + $1.pass.listing.count }
        guard entries <= limits.entries else {
            throw DerootError(
                .limit, "the image has \(entries) entries, more than \(limits.entries)",
                at: .init(file: source.name, blob: image.descriptor.digest),
                advice: "raise it with --max-entries")
        }
        do throws(DerootError) {
            let planner = ImagePlanner(options, recipes: try library())
            return try planner.plan(input, reading: self.reader(of: image))
        } catch {
            throw error.located(in: .init(file: source.name, blob: image.descriptor.digest))
        }
    }

    /// An image as the planner takes it.
    func input(
        _ image: ImageGraph.Image, _ layers: [Digest: ScannedLayer]
    ) -> ImagePlanner.Image {
        let parts = image.manifest.layers.compactMap { layer in
            layers[layer.digest].map { (digest: layer.digest, pass: $0.pass) }
        }
        return ImagePlanner.Image(
            manifest: image.descriptor.digest, config: image.config, layers: parts,
            name: source.name)
    }

    /// Reads what was not kept of an image's layers.
    func reader(of image: ImageGraph.Image) -> ImagePlanner.Reader {
        let scanner = scanner(nil)
        let layers = image.manifest.layers
        return ImagePlanner.Reader(
            body: { (entry) throws(DerootError) in
                try scanner.body(of: entry.index, in: layers[entry.layer])
            },
            beginnings: { (layer, entries) throws(DerootError) in
                try scanner.beginnings(of: entries, in: layers[layer], limit: StartFiles.limit)
            })
    }

    /// The recipes at hand; none are read where none is wanted.
    package func library() throws(DerootError) -> RecipeLibrary {
        if let recipes { return recipes }
        return options.recipe == .none ? RecipeLibrary() : try .builtIn()
    }

    /// A reader of the source's layers, which writes where a transaction is given.
    package func scanner(
        _ transaction: (any DestinationTransaction)?, keeping kept: Set<[UInt8]> = []
    ) -> LayerScanner {
        LayerScanner(
            source: source, transaction: transaction, limits: limits, observer: observer,
            kept: kept, isForetold: options.compression == .keep)
    }

    /// The entries of one layer of the source, read once more.
    func listing(of digest: Digest) throws(DerootError) -> LayerListing? {
        let graph = try ImageGraph(reading: source, platform: platform, limits: limits)
        let all = graph.images.flatMap(\.manifest.layers)
        guard let layer = all.first(where: { $0.digest == digest }) else { return nil }
        return try scanner(nil).scan(layer, diffIDs: [], decide: nil).pass.listing
    }

    /// What can be said without reading a layer.
    func check(_ image: ImageGraph.Image) throws(DerootError) {
        if let refusal = image.refusal { throw refusal }
        let place = DerootError.Location(file: source.name, blob: image.descriptor.digest)
        let layers = image.manifest.layers
        guard layers.count == image.config.diffIDs.count else {
            throw DerootError(
                .mismatch,
                "the manifest has \(layers.count) layers, the config "
                    + "\(image.config.diffIDs.count) diffIDs", at: place
            ).ofContent
        }
        for layer in layers where !layer.urls.isEmpty && !source.contains(layer) {
            throw DerootError(
                .blocked, "a foreign layer is not in the image, so nobody can look into it",
                at: .init(file: source.name, blob: layer.digest),
                advice: "copy the image with its foreign layers first")
        }
    }

    private struct ScanJob: Sendable {
        let layer: Descriptor
        var diffIDs: [DiffID]
        let decide: LayerPass.Decide?
    }

    /// Reads every layer once, the largest first so that the threads end together.
    ///
    /// `deciding` gives what is foretold of each layer of an image; a layer that several images share
    /// is written as the first of them wants it.
    func scan(
        _ images: [ImageGraph.Image], _ transaction: (any DestinationTransaction)?,
        deciding: (ImageGraph.Image) -> [LayerPass.Decide?]
    ) throws(DerootError) -> [Digest: ScannedLayer] {
        var jobs: [Digest: ScanJob] = [:]
        for image in images {
            let decides = transaction == nil ? [] : deciding(image)
            for (index, layer) in image.manifest.layers.enumerated() {
                let decide = index < decides.count ? decides[index] : nil
                jobs[layer.digest, default: ScanJob(layer: layer, diffIDs: [], decide: decide)]
                    .diffIDs.append(image.config.diffIDs[index])
            }
        }
        let ordered = jobs.values.sorted { a, b in
            a.layer.size != b.layer.size
                ? a.layer.size > b.layer.size : a.layer.digest.precedes(b.layer.digest)
        }
        observer(.found(layers: ordered.count, bytes: ordered.reduce(0) { $0 + $1.layer.size }))
        let memory = memory
        source.expect(ordered.map(\.layer).filter { !(memory?.isAtHand($0.digest) ?? false) })
        let scanner = scanner(transaction, keeping: try library().editedPaths)
        let files = StartFiles(images.map(\.config))
        let scanned = try pool.map(ordered) { (job: ScanJob) throws(DerootError) in
            let read = { (isDrafting: Bool, record: LayerRecorder?) throws(DerootError) in
                try scanner.scan(
                    job.layer, diffIDs: job.diffIDs, decide: isDrafting ? job.decide : nil,
                    keeping: files, record: record)
            }
            guard let memory else { return try read(true, nil) }
            let scanned = try memory.scanned(job.layer, limits: limits, read: read)
            try scanner.compare(scanned, with: job.diffIDs)
            return scanned
        }
        return Dictionary(
            scanned.map { ($0.descriptor.digest, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

extension ImageGraph {
    /// The images that are planned; Windows has no uids and is carried as it is.
    package var convertible: [Image] { images.filter { !$0.isWindows } }
}

extension ImageGraph.Image {
    /// True for Windows images, whose users are no numbers; index and config agree on it.
    package var isWindows: Bool { config.platform.os == "windows" && platform.os == "windows" }
}
