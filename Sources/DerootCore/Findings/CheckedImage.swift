package import DerootBytes
package import DerootOCI
package import DerootStore
package import DerootTar

/// An image as rules see it: as it is, or as `convert` would make it.
package struct CheckedImage {
    package let graph: ImageGraph
    package let image: ImageGraph.Image
    package let config: ImageConfig
    /// Digests of the layers as the source has them; the added layer has none.
    package let layers: [Digest]
    package let tree: FileTree
    package let accounts: Accounts
    package let files: ImageFiles
    package let options: ConversionOptions
    /// What `convert` does; nil where it refuses.
    package let plan: ImagePlan?
    /// True for the image as `convert` would make it.
    package let isConverted: Bool
    /// What runs when a container starts.
    package let chain: StartChain
    /// How programs are found.
    package let start: StartImage
    /// What the converted image's user may do here; nil where nobody is found.
    package let access: Access?
    /// What that user may do in the image as `convert` would make it; nil where there is no plan.
    package let futureAccess: Access?
    let census: EntryCensus
    /// Lines of the servers' configuration files.
    let serverLines: [ServerFiles.Line]

    /// An image as it is.
    init(
        _ image: ImageGraph.Image, in graph: ImageGraph, tree: FileTree, accounts: Accounts,
        files: ImageFiles, chain: StartChain, options: ConversionOptions, plan: ImagePlan?
    ) throws(DerootError) {
        self.graph = graph
        self.image = image
        config = image.config
        layers = image.manifest.layers.map(\.digest)
        self.tree = tree
        self.accounts = accounts
        self.files = files
        self.options = options
        self.plan = plan
        isConverted = false
        self.chain = chain
        start = StartImage(image.config, in: tree)
        census = EntryCensus(tree)
        serverLines = ServerFiles.lines(in: tree, files)
        access = plan.map { Access(uid: $0.owner.uid, gid: $0.owner.gid, in: tree) }
        let isAppending = options.layers == .append
        futureAccess = try plan.map { (plan) throws(DerootError) in
            Access(
                uid: plan.owner.uid, gid: plan.owner.gid,
                in: try plan.applied(to: tree, appending: isAppending))
        }
    }

    /// The image as its plan makes it.
    init(converting other: CheckedImage, by plan: ImagePlan) throws(DerootError) {
        graph = other.graph
        image = other.image
        var config = other.config
        plan.edit(&config)
        self.config = config
        layers = other.layers
        let isAppending = other.options.layers == .append
        if let future = other.futureAccess {
            tree = future.tree
        } else {
            tree = try plan.applied(to: other.tree, appending: isAppending)
        }
        let files = ImageFiles(in: tree, like: other.files)
        for case (let path, .file(let content)) in plan.added.map({ ($0.path, $0.kind) }) {
            if let entry = tree.entry(at: path) { files.keep(content, of: entry) }
        }
        self.files = files
        accounts = try Accounts(in: tree) { (entry) throws(DerootError) in
            guard let bytes = files.content(of: entry) else {
                throw DerootError(.limit, "an account file that was not kept")
            }
            return bytes
        }
        options = other.options
        self.plan = plan
        isConverted = true
        start = StartImage(config, in: tree)
        chain = StartChain(start, files: files)
        census = EntryCensus(tree)
        // A recipe may have moved a port or a pid file. A file that was only copied into the layer on top is
        // not kept again: its lines are those of before.
        let view = tree
        serverLines =
            ServerFiles.lines(in: view, files)
            + other.serverLines.filter { line in
                view.resolve(line.path).node != nil && files.content(at: line.path) == nil
            }
        access = Access(uid: plan.owner.uid, gid: plan.owner.gid, in: tree)
        futureAccess = access
    }

    /// Who the converted image runs as; nil where nobody is found.
    package var identity: HeaderChange.Owner? { plan?.owner }

    /// Where an entry is.
    package func path(_ reference: EntryRef) -> TarPath {
        tree.layers[reference.layer].path(reference.index)
    }

    /// True where the merged view shows the entry.
    package func isShown(_ reference: EntryRef) -> Bool {
        tree.entry(at: path(reference)) == reference
    }

    /// An entry as evidence.
    package func evidence(
        _ reference: EntryRef, before: String? = nil, after: String? = nil
    ) -> Finding.Evidence {
        var evidence = Finding.Evidence(.file(path(reference)), before: before, after: after)
        if reference.layer < layers.count {
            evidence.layer = layers[reference.layer]
            evidence.entry = reference.index
        }
        return evidence
    }

    /// A path as evidence, with the entry that made it where there is one.
    package func evidence(
        at path: TarPath, line: Int? = nil, before: String? = nil, after: String? = nil
    ) -> Finding.Evidence {
        var evidence = Finding.Evidence(.file(path), before: before, after: after)
        if let entry = tree.entry(at: path), entry.layer < layers.count {
            evidence.layer = layers[entry.layer]
            evidence.entry = entry.index
        }
        evidence.line = line
        return evidence
    }

    /// `0644 0:0`, as it stands in a header.
    package func status(_ reference: EntryRef) -> String {
        let entry = tree[reference]
        return "\(PlanJSON.octal(entry.mode)) \(entry.uid):\(entry.gid)"
    }
}

extension Finding {
    /// How many places are shown; the rest is counted.
    package static let evidenceLimit = 50

    /// The finding with these places, cut where they are too many.
    package func with(_ places: [Evidence]) -> Finding {
        var copy = self
        copy.evidence = Array(places.prefix(Self.evidenceLimit))
        copy.omitted = places.count - copy.evidence.count
        return copy
    }
}
