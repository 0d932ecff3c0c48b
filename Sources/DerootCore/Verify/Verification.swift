package import DerootBytes
import DerootOCI
package import DerootStore
import DerootTar

/// Proves that an image is what converting another one gives, and that no privilege is left in it.
///
/// The conversion is done again, into a scratch place, and its outcome compared: raw layers by their
/// diffIDs, so that another version of a compression library does not matter, configs member by
/// member. Then the result itself is read to its last byte, on its own.
package struct Verification: Sendable {
    /// One thing that is not as it should be.
    package struct Difference: Sendable, Hashable {
        /// The image's platform, or the whole result.
        package let place: String
        /// What differs, in a sentence.
        package let what: String
    }

    /// What was found.
    package struct Outcome: Sendable {
        /// The first differences; empty: proven.
        package let differences: [Difference]
        /// What was compared, for people.
        package let images: Int
        package let layers: Int
        package let entries: Int
        /// What a reader should know all the same: kept privileges, privileges below.
        package let notes: [String]
        /// True where even the compressed bytes are the same.
        package let isSameDigest: Bool
    }

    package let conversion: Conversion
    package let result: any ImageSource
    /// Where the conversion is done again; nothing in it is ever published.
    package let scratch: any DestinationTransaction
    /// How many differences are named.
    package var limit = 20

    package init(
        _ conversion: Conversion, against result: any ImageSource,
        scratch: any DestinationTransaction
    ) {
        self.conversion = conversion
        self.result = result
        self.scratch = scratch
    }

    /// Compares.
    ///
    /// - Throws: Where one of the images cannot be read; a damaged result is an error, not a difference.
    package func run() throws(DerootError) -> Outcome {
        let expected = try conversion.build(into: scratch)
        defer { scratch.abort() }
        let graph = try ImageGraph(
            reading: result, platform: conversion.platform, limits: conversion.limits)
        let layers = try readLayers(graph)
        var report = DifferenceList(limit: limit)
        let found = graph.convertible
        if found.count != expected.images.count {
            report.add(
                "the result", "\(found.count) images, \(expected.images.count) are expected")
        }
        let others = Set(graph.others.map(\.descriptor.digest))
            .union(graph.images.filter(\.isWindows).map(\.descriptor.digest))
        for digest in others.subtracting(expected.carriedDigests).sorted(by: { $0.precedes($1) }) {
            report.add("the result", "\(digest) is a child that the conversion does not give")
        }
        for digest in expected.carriedDigests.subtracting(others).sorted(by: { $0.precedes($1) }) {
            report.add("the result", "\(digest), a child to be carried, is missing")
        }
        for (image, expected) in zip(found, expected.images) {
            compare(image, expected, layers, &report)
            checkPrivileges(image, expected, layers, &report)
        }
        let entries = layers.values.reduce(0) { $0 + $1.pass.listing.count }
        return Outcome(
            differences: report.differences, images: found.count, layers: layers.count,
            entries: entries, notes: notes(found, layers, expected),
            isSameDigest: expected.root.digest == graph.root.digest)
    }

    private func notes(
        _ images: [ImageGraph.Image], _ layers: [Digest: ScannedLayer],
        _ expected: ConversionResult
    ) -> [String] {
        var notes = expected.images.flatMap(\.plan.notes)
        guard conversion.options.layers == .append else { return notes }
        for image in images {
            let below = image.manifest.layers.reduce(0) { sum, layer in
                let entries = layers[layer.digest]?.pass.listing.entries ?? []
                return sum + entries.count { $0.isSetid || $0.hasCapabilities }
            }
            if below > 0 {
                notes.append(
                    "\(image.platform): \(below) privileged files in the layers below (--layers append)"
                )
            }
        }
        return notes
    }

    /// Reads the result's layers, each once; sizes, digests and diffIDs are compared on the way.
    private func readLayers(
        _ graph: ImageGraph
    ) throws(DerootError) -> [Digest: ScannedLayer] {
        var reading = Conversion(result, conversion.options)
        reading.limits = conversion.limits
        reading.pool = conversion.pool
        reading.observer = conversion.observer
        for image in graph.convertible { try reading.check(image) }
        return try reading.scan(graph.convertible, nil) { _ in [] }
    }

    private func compare(
        _ image: ImageGraph.Image, _ expected: ConversionResult.Image,
        _ layers: [Digest: ScannedLayer], _ report: inout DifferenceList
    ) {
        let place = image.platform.description
        let wanted = expected.layers + (expected.added.map { [$0] } ?? [])
        if image.config.diffIDs.count != wanted.count {
            report.add(
                place, "\(image.config.diffIDs.count) layers, \(wanted.count) are expected")
        }
        for (index, (found, wanted)) in zip(image.config.diffIDs, wanted).enumerated()
        where found != wanted.diffID {
            report.add(
                place, "layer \(index + 1) has the diffID \(found), expected is \(wanted.diffID)")
            guard index < expected.plan.layers.count, index < image.manifest.layers.count,
                let now = layers[image.manifest.layers[index].digest]?.pass.listing
            else { continue }
            compareEntries(now, expected.plan.layers[index], place, &report)
        }
        report.compare(
            .object(image.config.document.root), .object(expected.config.document.root),
            at: "config", place)
        report.compare(
            Self.comparable(image.manifest, image.config),
            Self.comparable(expected.document, expected.config), at: "manifest", place)
    }

    /// A manifest without what another compression library changes: the layers' digests and sizes.
    private static func comparable(_ manifest: Manifest, _ config: ImageConfig) -> JSON {
        var manifest = manifest
        for (index, layer) in manifest.layers.enumerated() where index < config.diffIDs.count {
            var descriptor = layer
            descriptor.setContent(digest: config.diffIDs[index].digest, size: 0)
            manifest.setLayer(at: index, descriptor)
        }
        manifest.setAnnotation(Facts.version, nil)
        return .object(manifest.document.root)
    }

    /// Names the entries of a layer that are not as planned.
    private func compareEntries(
        _ now: LayerListing, _ plan: LayerPlan, _ place: String, _ report: inout DifferenceList
    ) {
        let digest = conversion.options.layers == .rewrite ? plan.digest : nil
        guard let digest, let before = try? conversion.listing(of: digest) else { return }
        let changes = Dictionary(
            plan.changes.map { ($0.index, $0.change) }, uniquingKeysWith: { first, _ in first })
        for index in 0..<min(before.count, now.count) {
            let old = before.entries[index]
            let new = now.entries[index]
            let name = before.path(index)
            let change = changes[index] ?? HeaderChange()
            let mode = change.mode(from: old.mode)
            let owner = (change.owner?.uid ?? old.uid, change.owner?.gid ?? old.gid)
            if before.pathBytes(index) != now.pathBytes(index) {
                report.add(place, "\(name): the entry is now \(now.path(index))")
            } else if new.mode != mode {
                report.add(
                    place,
                    "\(name): mode \(PlanJSON.octal(new.mode)), expected is \(PlanJSON.octal(mode))"
                )
            } else if (new.uid, new.gid) != owner {
                report.add(
                    place, "\(name): owner \(new.uid):\(new.gid), expected is \(owner.0):\(owner.1)"
                )
            } else if new.type != old.type || new.bodySize != old.bodySize
                || before.linkBytes(index) != now.linkBytes(index)
            {
                report.add(place, "\(name): type, size or link differ")
            }
        }
        if before.count != now.count {
            report.add(place, "the layer has \(now.count) entries, \(before.count) are expected")
        }
    }

    /// Looks at the result alone: whatever the plan was, nothing privileged may be in it.
    private func checkPrivileges(
        _ image: ImageGraph.Image, _ expected: ConversionResult.Image,
        _ layers: [Digest: ScannedLayer], _ report: inout DifferenceList
    ) {
        let place = image.platform.description
        if image.config.user != expected.plan.userAfter {
            report.add(
                place,
                "User is '\(printable((image.config.user ?? "").utf8))', expected is "
                    + expected.plan.userAfter)
        }
        let listings = image.manifest.layers.compactMap { layers[$0.digest]?.pass.listing }
        guard let tree = try? FileTree(listings) else { return }
        var policy = EntryPolicy(conversion.options)
        let kept = (expected.plan.recipe?.keep ?? []).compactMap { try? PathPattern($0) }
        policy.keptPatterns += kept
        policy.keptPaths = Set((conversion.options.keep + kept).flatMap { $0.expand(in: tree) })
        let changes = LayerChanges(policy, in: tree)
        // Below an appended layer privileges stay, as the report of the conversion says.
        let left =
            conversion.options.layers == .append
            ? (try? changes.visible()) ?? changes.layers : changes.layers
        for (number, entries) in left.enumerated() {
            for entry in entries where !entry.change.isEmpty {
                let path = listings[number].path(entry.index)
                report.add(place, "layer \(number + 1): \(path) still has its privileges")
            }
        }
    }
}

/// The first so many differences.
struct DifferenceList {
    private(set) var differences: [Verification.Difference] = []
    let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func add(_ place: String, _ what: String) {
        guard differences.count < limit else { return }
        differences.append(Verification.Difference(place: place, what: what))
    }

    /// Names the members in which two documents differ.
    mutating func compare(_ found: JSON, _ expected: JSON, at path: String, _ place: String) {
        guard differences.count < limit, found != expected else { return }
        if let a = found.object, let b = expected.object {
            let wanted = b.members.map(\.name.value)
            let known = Set(wanted)
            for name in wanted + a.members.map(\.name.value).filter({ !known.contains($0) }) {
                compare(
                    a[name] ?? .null, b[name] ?? .null, at: "\(path).\(printable(name.utf8))", place
                )
            }
        } else {
            add(place, "\(path) is \(Self.short(found)), expected is \(Self.short(expected))")
        }
    }

    private static func short(_ json: JSON) -> String {
        let bytes = json.serialized()
        return printable(bytes.prefix(80)) + (bytes.count > 80 ? "…" : "")
    }
}
