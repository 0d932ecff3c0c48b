import DerootBytes
package import DerootCore
package import DerootOCI
package import DerootTar

/// A conversion as JSON: every path before and after and why, every layer, everything dropped.
package enum ConversionReport {
    /// The document.
    package static func document(
        _ result: ConversionResult, listings: [[LayerListing]], destination: String
    ) -> JSON {
        var images: [JSON] = []
        for (index, image) in result.images.enumerated() {
            images.append(self.image(image, index < listings.count ? listings[index] : []))
        }
        return .object([
            "deroot": .string("report"), "version": .number(1), "tool": .string(Version.text),
            "source": .object([
                "reference": .string(result.plan.source),
                "digest": .string(result.sourceRoot.digest.description),
            ]),
            "destination": .object([
                "reference": .string(destination),
                "digest": .string(result.root.digest.description),
            ]),
            "options": .string(result.plan.options.description),
            "unchanged": .bool(result.isUnchanged),
            "images": .array(images),
            "carried": .strings(result.carried), "dropped": .strings(result.dropped),
        ])
    }

    private static func image(
        _ image: ConversionResult.Image, _ listings: [LayerListing]
    ) -> JSON {
        var layers: [JSON] = []
        for (index, layer) in image.plan.layers.enumerated() where index < image.layers.count {
            let new = image.layers[index]
            layers.append(
                .object([
                    "before": .object([
                        "digest": .string(layer.digest.description),
                        "diffID": .string(layer.diffID.description),
                    ]),
                    "after": written(new),
                ]))
        }
        let privileges = PrivilegesBelow(image, listings)
        return .object([
            "manifest": .object([
                "before": .string(image.plan.manifest.description),
                "after": .string(image.manifest.description),
            ]),
            "layers": .array(layers),
            "added": image.added.map(written) ?? .null,
            "bytes": .object([
                "before": .number(image.sizeBefore), "after": .number(image.sizeAfter),
            ]),
            "privilegesBelow": .number(privileges.count),
            "plan": PlanJSON.image(image.plan, listings: listings),
        ])
    }

    private static func written(_ layer: WrittenLayer) -> JSON {
        .object([
            "digest": .string(layer.digest.description), "size": .number(layer.size),
            "diffID": .string(layer.diffID.description),
            "compression": .string(layer.compression.rawValue),
        ])
    }
}

/// Privileged entries that stay in lower layers, which `--layers append` cannot reach.
package struct PrivilegesBelow {
    /// How many; 0 where layers were rewritten.
    package let count: Int

    package init(_ image: ConversionResult.Image, _ listings: [LayerListing]) {
        let isAppended = zip(image.plan.layers, image.layers).allSatisfy { $0.digest == $1.digest }
        guard isAppended else {
            count = 0
            return
        }
        count = listings.reduce(0) { sum, listing in
            sum + listing.entries.count { $0.isSetid || $0.hasCapabilities }
        }
    }
}
