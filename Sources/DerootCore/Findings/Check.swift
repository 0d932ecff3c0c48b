package import DerootBytes
package import DerootOCI
package import DerootStore
import DerootTar

/// Looks at everything under one reference and says what makes it need root; writes nothing.
package struct Check: Sendable {
    package let source: any ImageSource
    /// What `convert` would be asked for: the plan and the verdict depend on it.
    package let options: ConversionOptions
    package var platform: Platform?
    package var limits = Limits()
    package var pool = WorkerPool()
    /// The recipes that are looked at; nil: those in the binary.
    package var recipes: RecipeLibrary?
    /// Tells what is found in the images as `convert` would make them.
    package var showsConverted = false
    /// Rules beside the catalogue's.
    package var extraRules: [ExtraRule] = []
    package var observer: ConversionObserver = { _ in }

    package init(_ source: any ImageSource, _ options: ConversionOptions = .init()) {
        self.source = source
        self.options = options
    }

    /// Reads every layer once and applies the rules.
    ///
    /// An image that cannot be converted is reported as refused and does not stop the others.
    ///
    /// - Throws: What keeps the source from being read: `.io`, `.notFound`, `.mismatch` and the like;
    ///   `.usage` for options that fit no image.
    package func run() throws(DerootError) -> CheckReport {
        let graph = try ImageGraph(reading: source, platform: platform, limits: limits)
        var conversion = Conversion(source, options)
        conversion.platform = platform
        conversion.limits = limits
        conversion.pool = pool
        conversion.recipes = recipes
        conversion.observer = observer
        let (layers, refusals) = try scan(graph, conversion)
        var images: [ImageCheck] = []
        for image in graph.images {
            try Interruption.check()
            if image.isWindows {
                images.append(
                    .init(
                        image, .skipped("Windows images have no numeric users"),
                        findings: WindowsImage.findings(image.config)))
            } else if let refusal = refusals[image.descriptor.digest] {
                images.append(.init(image, .refused(refusal.message), refusal: refusal))
            } else {
                images.append(try check(image, graph, conversion, layers))
            }
            images[images.count - 1].details = ImageDetails(
                image, listings: image.manifest.layers.map { layers[$0.digest]?.pass.listing })
        }
        for other in graph.others {
            guard case .artifact(let what) = other.reason else { continue }
            images.append(
                ImageCheck(
                    digest: other.descriptor.digest, platform: "none", user: nil,
                    verdict: .skipped("\(what) is no image"), findings: [], plan: nil))
        }
        return CheckReport(source: source.name, digest: graph.root.digest, images: images)
    }

    /// Reads the layers of all images together, or image by image where some cannot be read.
    private func scan(
        _ graph: ImageGraph, _ conversion: Conversion
    ) throws(DerootError) -> (layers: [Digest: ScannedLayer], refusals: [Digest: DerootError]) {
        var refusals: [Digest: DerootError] = [:]
        var readable: [ImageGraph.Image] = []
        for image in graph.convertible {
            do throws(DerootError) {
                try conversion.check(image)
                readable.append(image)
            } catch {
                refusals[image.descriptor.digest] = try Self.refusal(error)
            }
        }
        do throws(DerootError) {
            return (try conversion.scan(readable, nil) { _ in [] }, refusals)
        } catch {
            let refusal = try Self.refusal(error)
            guard readable.count > 1 else {
                for image in readable { refusals[image.descriptor.digest] = refusal }
                return ([:], refusals)
            }
        }
        var layers: [Digest: ScannedLayer] = [:]
        for image in readable {
            do throws(DerootError) {
                layers.merge(try conversion.scan([image], nil) { _ in [] }) { first, _ in first }
            } catch {
                refusals[image.descriptor.digest] = try Self.refusal(error)
            }
        }
        return (layers, refusals)
    }

    /// The error itself where it speaks of the image; thrown where it speaks of anything else.
    private static func refusal(_ error: DerootError) throws(DerootError) -> DerootError {
        let codes: [DerootError.Code] = [
            .hostile, .disagreement, .blocked, .refused, .unsupported, .limit, .malformed,
        ]
        guard codes.contains(error.code) else { throw error }
        return error
    }

    private func check(
        _ image: ImageGraph.Image, _ graph: ImageGraph, _ conversion: Conversion,
        _ layers: [Digest: ScannedLayer]
    ) throws(DerootError) -> ImageCheck {
        var plan: ImagePlan?
        var refusal: DerootError?
        do throws(DerootError) {
            plan = try conversion.plan(image, layers)
        } catch {
            refusal = try Self.refusal(error)
        }
        let current: CheckedImage
        let future: CheckedImage?
        do throws(DerootError) {
            (current, future) = try conversion.inspect(image, in: graph, layers, plan: plan)
        } catch {
            let refusal = try Self.refusal(refusal ?? error)
            return ImageCheck(image, .refused(refusal.message), refusal: refusal)
        }
        let after = future.map { Rules.findings(in: $0, and: extraRules) }
        let findings =
            showsConverted ? after ?? [] : Rules.findings(in: current, and: extraRules)
        var check = ImageCheck(
            digest: image.descriptor.digest, platform: image.platform.description,
            user: image.config.exactUser,
            verdict: Verdict(plan: plan, refusal: refusal, findings: after ?? findings),
            findings: findings, plan: plan)
        check.refusal = refusal
        return check
    }
}

extension ImageCheck {
    /// An image that nobody looked into.
    fileprivate init(
        _ image: ImageGraph.Image, _ verdict: Verdict, findings: [Finding] = [],
        refusal: DerootError? = nil
    ) {
        self.init(
            digest: image.descriptor.digest, platform: image.platform.description,
            user: image.config.exactUser, verdict: verdict, findings: findings, plan: nil)
        self.refusal = refusal
    }
}
