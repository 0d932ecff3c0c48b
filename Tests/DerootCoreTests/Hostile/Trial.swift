import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// A hostile source, and a populated layout that it is converted into.
struct Trial {
    let source: LayoutFixture
    let populated: Populated
    var options = ConversionOptions()
    var limits = Limits()
    var platform: String?

    /// What a test has built; `prepare` spoils it, before the destination is looked at.
    init(
        _ source: LayoutFixture, options: ConversionOptions = .init(), limits: Limits = Limits(),
        platform: String? = nil, prepare: (LayoutFixture) throws -> Void = { _ in }
    ) throws {
        try prepare(source)
        self.source = source
        populated = try Populated(beside: source.directory)
        (self.options, self.limits, self.platform) = (options, limits, platform)
    }

    /// An image of layers, lowest first.
    init(
        _ options: ConversionOptions = .init(), settings: String = "", _ builds: Build...
    ) throws {
        let layers = try builds.map { try LayerFixture(.gzip, $0) }
        try self.init(LayoutFixture(ImageFixture(layers, settings: settings)), options: options)
    }

    /// An image of one layer.
    init(
        layer: LayerFixture, options: ConversionOptions = .init(), limits: Limits = Limits()
    ) throws {
        try self.init(LayoutFixture(ImageFixture([layer])), options: options, limits: limits)
    }

    func convert(jobs: Int = 2) throws -> ConversionResult {
        try convert(from: source.source(), jobs: jobs)
    }

    func convert(from image: any ImageSource, jobs: Int = 2) throws -> ConversionResult {
        var conversion = Conversion(image, options)
        conversion.pool = WorkerPool(jobs: jobs)
        conversion.limits = limits
        conversion.platform = try platform.map { try Platform(parsing: $0) }
        return try conversion.convert(into: populated.destination().begin())
    }

    /// Refuse: a typed error that names what is wrong, and every byte of the destination as before.
    @discardableResult
    func refuses(
        _ codes: DerootError.Code..., naming words: String...,
        from open: (() throws -> any ImageSource)? = nil,
        at place: SourceLocation = #_sourceLocation
    ) throws -> DerootError {
        var last: DerootError?
        for jobs in [1, 3] {
            let error = try #require(throws: DerootError.self, sourceLocation: place) {
                _ = try convert(from: open?() ?? source.source(), jobs: jobs)
            }
            #expect(codes.contains(error.code), "\(error)", sourceLocation: place)
            #expect(error.code.exitStatus != 0 && !error.message.isEmpty, sourceLocation: place)
            for word in words {
                #expect("\(error)".contains(word), "\(error)", sourceLocation: place)
            }
            #expect(try populated.difference() == nil, sourceLocation: place)
            last = error
        }
        return try #require(last)
    }

    /// Convert: the result, with what was there untouched.
    @discardableResult
    func converts(at place: SourceLocation = #_sourceLocation) throws -> Converted {
        let outcome = try convert()
        #expect(try populated.harm() == nil, sourceLocation: place)
        let result = try populated.result()
        let images = try ImageGraph(reading: result).images.map { try ReadImage($0, result) }
        #expect(try result.root().digest == outcome.root.digest, sourceLocation: place)
        for image in images where image.config.platform.os != "windows" {
            let uid = image.config.user?.split(separator: ":").first.flatMap { UInt32($0) }
            #expect((1...2_147_483_647).contains(uid ?? 0), sourceLocation: place)
        }
        return Converted(outcome: outcome, images: images, before: try read())
    }

    /// Carry: every layer of the source is in the result as the blob it was.
    @discardableResult
    func carries(at place: SourceLocation = #_sourceLocation) throws -> Converted {
        let done = try converts(at: place)
        for (old, new) in zip(done.before, done.images) {
            let layers = new.manifest.layers.prefix(old.manifest.layers.count)
            #expect(
                layers.map(\.digest) == old.manifest.layers.map(\.digest), sourceLocation: place)
            #expect(Array(new.layers.prefix(old.layers.count)) == old.layers, sourceLocation: place)
        }
        return done
    }

    /// Neutralise: no privilege is left, and no byte but of modes, owners, checksums and pax data is
    /// another.
    @discardableResult
    func neutralises(
        _ paths: String..., at place: SourceLocation = #_sourceLocation
    ) throws -> Converted {
        let done = try converts(at: place)
        let changed = Set(
            zip(done.before, done.outcome.images).flatMap { old, new in
                zip(old.layers, new.plan.layers).flatMap { raw, plan in
                    let names = (try? listing(raw)).map { list in
                        plan.changes.map { list.path($0.index).description }
                    }
                    return names ?? []
                }
            })
        for path in paths {
            #expect(changed.contains(path), "\(changed)", sourceLocation: place)
        }
        for (old, new) in zip(done.before, done.images) {
            #expect(try new.privileged().isEmpty, sourceLocation: place)
            for (raw, now) in zip(old.layers, new.layers) where raw.count == now.count {
                #expect(try Self.masked(raw) == Self.masked(now), sourceLocation: place)
            }
        }
        return done
    }

    private func read() throws -> [ReadImage] {
        let image = try source.source()
        return try ImageGraph(
            reading: image, platform: platform.map { try Platform(parsing: $0) }
        ).images.map { try ReadImage($0, image) }
    }

    /// A stream without the header fields that a conversion may change.
    private static func masked(_ raw: [UInt8]) throws -> [UInt8] {
        var out = raw
        let fields = [
            TarField.mode, TarField.uid, TarField.gid, TarField.checksum, TarField.userName,
            TarField.groupName,
        ]
        for group in try walked(raw) {
            let main = Int(group.offset) + group.main
            // Pax data loses capabilities; what must stay in it has tests of its own.
            for part in group.parts where part.kind == .pax {
                let extent = part.extent
                let start = Int(group.offset) + extent.lowerBound
                let range = start..<(start + extent.count)
                out.replaceSubrange(range, with: [UInt8](repeating: 0, count: extent.count))
            }
            for field in fields {
                let range = (main + field.lowerBound)..<(main + field.upperBound)
                out.replaceSubrange(range, with: [UInt8](repeating: 0, count: field.count))
            }
        }
        return out
    }
}

/// What came out of a conversion that was to succeed.
struct Converted {
    let outcome: ConversionResult
    /// The images of the result, in order.
    let images: [ReadImage]
    /// Those of the source.
    let before: [ReadImage]

    /// The only image of the result.
    func image() throws -> ReadImage {
        try #require(images.count == 1)
        return images[0]
    }
}

extension LayoutFixture {
    /// The source layout's index anew, of entries as JSON text.
    func writeIndex(_ entries: [String]) throws {
        try directory.write("source/index.json", Array(Self.index(entries).utf8))
    }

    /// The source layout with a manifest and a config in the place of those it has.
    func rewrite(
        _ image: ImageFixture, config: [UInt8]? = nil,
        manifest edit: (String) -> String = { $0 }
    ) throws {
        let old = image.config
        let new = config ?? old
        let text = String(decoding: image.manifest, as: UTF8.self)
            .replacing(Digest.of(old).description, with: Digest.of(new).description)
            .replacing("\"size\":\(old.count)}", with: "\"size\":\(new.count)}")
        let manifest = Array(edit(text).utf8)
        try write(new)
        try write(manifest)
        try writeIndex([
            ImageFixture.descriptor(image.mediaType, Digest.of(manifest), manifest.count)
        ])
    }
}
