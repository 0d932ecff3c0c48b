import DerootBytes
import DerootOCI
import DerootStore
import DerootTar

extension Conversion {
    /// Looks into an image whose layers were read: as it is, and as the plan would make it.
    ///
    /// Scripts and configuration files that were not kept are read now, each layer once at most for
    /// every step that the start chain goes further.
    func inspect(
        _ image: ImageGraph.Image, in graph: ImageGraph, _ layers: [Digest: ScannedLayer],
        plan: ImagePlan?
    ) throws(DerootError) -> (current: CheckedImage, future: CheckedImage?) {
        let passes = image.manifest.layers.compactMap { layers[$0.digest]?.pass }
        let tree = try FileTree(passes.map(\.listing))
        let scanner = scanner(nil)
        let files = ImageFiles(in: tree, passes)
        let accounts = try Accounts(in: tree) { (entry) throws(DerootError) in
            if let captured = passes[entry.layer].captured[entry.index] { return captured.body }
            let body = try scanner.body(of: entry.index, in: image.manifest.layers[entry.layer])
            files.keep(body, of: entry)
            return body
        }
        // Asked for now, so that they come with the scripts in one reading.
        for path in ServerFiles.paths(in: tree) { _ = files.content(at: path) }
        let chain = try StartChain(StartImage(image.config, in: tree), files: files) {
            (layer, entries) throws(DerootError) in
            try scanner.beginnings(
                of: entries, in: image.manifest.layers[layer], limit: StartFiles.limit)
        }
        let current = try CheckedImage(
            image, in: graph, tree: tree, accounts: accounts, files: files, chain: chain,
            options: options, plan: plan)
        let future = try plan.map { (plan) throws(DerootError) in
            try CheckedImage(converting: current, by: plan)
        }
        return (current, future)
    }

    /// Stops a conversion whose result would not start.
    ///
    /// - Throws: `.blocked`, naming the rule and the place, for a blocking finding that is certain.
    func stopAtFindings(
        _ plans: [ImagePlan], of graph: ImageGraph, _ layers: [Digest: ScannedLayer]
    ) throws(DerootError) {
        for (image, plan) in zip(graph.convertible, plans) where !plan.isEmpty {
            guard let future = try inspect(image, in: graph, layers, plan: plan).future else {
                continue
            }
            let finding = Rules.findings(in: future, and: extraRules).first { finding in
                finding.severity == .block && [nil, .seen].contains(finding.confidence)
            }
            guard let finding else { continue }
            let more = finding.fix.text
            throw DerootError(
                .blocked, "\(finding.rule.id) \(finding.message)",
                at: .init(file: source.name, blob: image.descriptor.digest),
                advice: (more.isEmpty ? "" : more + "; ") + "--force converts it as it is")
        }
    }
}

extension Finding.Fix {
    /// What it says.
    package var text: String {
        switch self {
        case .automatic(let text), .option(let text), .recipe(let text), .none(let text): text
        }
    }
}
