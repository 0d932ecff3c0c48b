import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTar
import DerootTestSupport
import Testing

/// Hostile inputs A23 and A24: archives of images.
struct HostileArchiveTests {
    /// A trial whose source is a docker-archive or oci-archive in the same directory.
    private func trial(
        _ transport: LocalReference.Transport, _ selection: LocalReference.Selection = .only,
        _ build: @escaping (inout TarBuilder) throws -> Void
    ) throws -> (trial: Trial, open: () throws -> any ImageSource) {
        var tar = TarBuilder()
        try build(&tar)
        let bytes = tar.ended
        let trial = try Trial(LayoutFixture(Samples.image())) {
            try $0.directory.write("archive.tar", bytes)
        }
        let path = trial.source.directory("archive.tar")
        let reference = LocalReference(transport, path: path, selection: selection)
        return (trial, { try TransportReference.local(reference).openSource() })
    }

    private func add(_ name: String, _ bytes: [UInt8], to tar: inout TarBuilder) {
        tar.header(RawHeader(name, size: UInt64(bytes.count)), body: bytes)
    }

    private func config(_ layers: [LayerFixture]) -> [UInt8] { ImageFixture(layers).config }

    @Test(arguments: [
        "null", "{}", "", "[]", "[null]", "[{}]", #"[{"Config":"missing","Layers":[]}]"#,
        #"[{"Config":"c","Layers":["missing"]}]"#, #"[{"Config":"c","Layers":["up"]}]"#,
        #"[{"Config":"c","Layers":["absolute"]}]"#, #"[{"Config":"c","Layers":["round"]}]"#,
        #"[{"Config":"c","Layers":["../../etc/passwd"]}]"#, #"[{"Config":"c","config":"d"}]"#,
        #"[{"Config":"c","Layers":[]},{"Config":"c","Layers":[]}]"#,
    ])
    func A23_aBrokenDockerArchiveIsRefused(_ list: String) throws {
        let config = config([])
        let (trial, open) = try trial(.dockerArchive) { tar in
            self.add("c", config, to: &tar)
            tar.link("up", to: "a/../../c")
            tar.link("absolute", to: "/etc/passwd")
            tar.link("round", to: "turn")
            tar.link("turn", to: "round")
            self.add("manifest.json", Array(list.utf8), to: &tar)
        }
        try trial.refuses(
            .malformed, .notFound, .hostile, .ambiguous, .mismatch, naming: "archive.tar",
            from: open)
    }

    @Test func A23_layersThatAreLinksAreFollowedInsideTheArchive() throws {
        let layer = try Samples.base(.none)
        let config = config([layer, layer])
        let list =
            #"[{"Config":"c","RepoTags":["a:1"],"Layers":["one/layer.tar","two/layer.tar"]}]"#
        let (trial, open) = try trial(.dockerArchive) { tar in
            self.add("c", config, to: &tar)
            tar.link("one/layer.tar", to: "../two/layer.tar")
            self.add("two/layer.tar", layer.blob, to: &tar)
            self.add("manifest.json", Array(list.utf8), to: &tar)
        }
        let result = try trial.convert(from: open())
        #expect(result.images[0].plan.layers.allSatisfy { !$0.changes.isEmpty })
        #expect(try trial.populated.harm() == nil)
    }

    @Test func A23_oneOfSeveralImagesIsChosen() throws {
        let layer = try Samples.base(.none)
        let config = config([layer])
        let list =
            #"[{"Config":"d","Layers":["l"]},{"Config":"c","RepoTags":["b:2"],"Layers":["l"]}]"#
        for selection in [LocalReference.Selection.position(1), .name("b:2")] {
            let (trial, open) = try trial(.dockerArchive, selection) { tar in
                self.add("c", config, to: &tar)
                self.add("d", config + [0x20], to: &tar)
                self.add("l", layer.blob, to: &tar)
                self.add("manifest.json", Array(list.utf8), to: &tar)
            }
            _ = try trial.convert(from: open())
            #expect(try trial.populated.harm() == nil)
        }
    }

    /// The last of two members of a name counts, as for `tar -x`; and has to be right.
    @Test func A24_ofTwoMembersTheLastCountsAndIsVerified() throws {
        let image = ImageFixture([try Samples.base()])
        let index = Array(LayoutFixture.index([image.entry()]).utf8)
        for isLast in [true, false] {
            let (trial, open) = try trial(.ociArchive) { tar in
                let layer = image.layers[0]
                let name = "blobs/sha256/\(layer.digest.hex)"
                let wrong = [UInt8](repeating: 7, count: layer.blob.count)
                if isLast { self.add(name, wrong, to: &tar) }
                for blob in image.blobs {
                    self.add("blobs/sha256/\(Digest.of(blob).hex)", blob, to: &tar)
                }
                if !isLast { self.add(name, wrong, to: &tar) }
                self.add("oci-layout", OCILayout.bytes, to: &tar)
                self.add("index.json", index, to: &tar)
            }
            guard isLast else {
                try trial.refuses(.mismatch, .malformed, .unsupported, from: open)
                continue
            }
            _ = try trial.convert(from: open())
            #expect(try trial.populated.harm() == nil)
        }
    }
}
