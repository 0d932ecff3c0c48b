import DerootBytes
import DerootOCI
import Testing

@testable import DerootStore

@Suite struct OCISourceTests {
    private let scratch: Scratch
    private let image = TinyImage("one")

    init() throws { scratch = try Scratch() }

    private func open(
        _ name: String = "layout", _ selection: LocalReference.Selection = .only,
        limits: Limits = Limits()
    ) throws -> OCISource {
        let reference = LocalReference(.oci, path: scratch(name), selection: selection)
        return try OCISource(directory: reference, limits: limits)
    }

    private func write(index: String) throws {
        for (name, bytes) in layoutFiles(image.blobs, index: index) {
            try scratch.write("layout/\(name)", bytes)
        }
    }

    @Test func readsWhatIsThere() throws {
        try scratch.layout("layout", [("v1", image)])
        let source = try open()
        #expect(source.name == "oci:\(scratch("layout"))")
        #expect(source.imageName == "v1")
        #expect(source.remarks.isEmpty)
        #expect(source.root().digest == Digest.of(image.manifest))
        #expect(try source.document(source.root(), limit: 4096) == image.manifest)
        #expect(source.contains(source.root()))
        let manifest = try Manifest(parsing: image.manifest)
        #expect(try source.blob(manifest.layers[0]).bytes() == image.layer)
    }

    // MARK: Which image

    private static let two = ["first", "second"].map { TinyImage($0) }

    private func writeTwo(_ names: [String?]) throws {
        try scratch.layout("layout", Array(zip(names, Self.two)))
    }

    @Test func severalImagesAreAmbiguous() throws {
        try writeTwo(["v1", nil])
        let error = try failure { try open() }
        #expect(error.code == .ambiguous)
        #expect(error.message.contains("@0 'v1'") && error.message.contains("@1 (no name)"))
        #expect(error.advice?.contains("@0") == true)
    }

    @Test func byNameAndByPosition() throws {
        try writeTwo(["v1", "v2"])
        #expect(try open("layout", .name("v2")).root().digest == Self.two[1].descriptor.digest)
        #expect(try open("layout", .position(0)).root().digest == Self.two[0].descriptor.digest)
        for selection in [LocalReference.Selection.name("v3"), .position(2)] {
            let error = try failure { try open("layout", selection) }
            #expect(error.code == .notFound)
            #expect(error.message.contains("'v1'") && error.message.contains("'v2'"))
        }
    }

    @Test(arguments: [
        ("alpine:3.18", "first"), ("docker.io/library/alpine:3.18", "first"),
        ("docker.io/library/alpine", "second"),
    ])
    func byTheFullNameThatContainerdWrites(name: String, seed: String) throws {
        let entries = zip(Self.two, ["alpine:3.18", "docker.io/library/alpine:latest"]).map {
            let note = ",\"annotations\":{\"\(containerdName)\":\"\($1)\"}"
            return TinyImage.json(.manifest, $0.manifest, note)
        }
        try write(index: indexText(entries))
        let expected = Self.two[seed == "first" ? 0 : 1].descriptor.digest
        #expect(try open("layout", .name(name)).root().digest == expected)
    }

    @Test func oneNameForTwoImagesIsAmbiguous() throws {
        try writeTwo(["v1", "v1"])
        #expect(try failure { try open("layout", .name("v1")) }.code == .ambiguous)
        #expect(try open("layout", .position(1)).root().digest == Self.two[1].descriptor.digest)
    }

    @Test func theSameEntryTwiceIsNot() throws {
        try scratch.layout("layout", [("v1", image), ("v1", image)])
        #expect(try open("layout", .name("v1")).root().digest == image.descriptor.digest)
    }

    // Hostile input A16: a name is data and never a path.
    @Test(arguments: [
        "../../etc", "a b", "a/b", "é", "e\u{301}", String(repeating: "x", count: 10_000),
    ])
    func strangeNames(name: String) throws {
        try scratch.layout("layout", [(name, image), ("other", Self.two[0])])
        #expect(try open("layout", .name(name)).root().digest == image.descriptor.digest)
    }

    @Test func namesAreComparedByBytes() throws {
        try scratch.layout("layout", [("e\u{301}", image)])
        #expect(try failure { try open("layout", .name("é")) }.code == .notFound)
    }

    // MARK: Broken layouts

    /// Hostile input A14: index.json and what it leads to.
    static let brokenIndexes: [(String, DerootError.Code)] = [
        ("", .malformed), ("foobar", .malformed), ("\u{FEFF}{}", .malformed), ("[]", .malformed),
        ("{}", .malformed), (#"{"schemaVersion":2}"#, .malformed),
        (#"{"schemaVersion":2,"manifests":null}"#, .malformed),
        (#"{"schemaVersion":2,"manifests":[]}"#, .notFound),
        (#"{"schemaVersion":2,"manifests":[null]}"#, .malformed),
        (#"{"schemaVersion":2,"manifests":[],"Manifests":[]}"#, .hostile),
        (#"{"schemaVersion":2,"manifests":[],"layers":[]}"#, .hostile),
        (
            #"{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"sha256:../..","size":1}]}"#,
            .malformed
        ),
    ]

    @Test(arguments: brokenIndexes) func brokenIndex(text: String, code: DerootError.Code) throws {
        try write(index: text)
        let error = try failure { try open() }
        #expect(error.code == code)
        #expect(error.location.file?.hasPrefix("oci:") == true)
    }

    @Test func indexMissingOrNoFile() throws {
        try scratch.write("layout/oci-layout", OCILayout.bytes)
        let missing = try failure { try open() }
        #expect(missing.code == .notFound)
        #expect(missing.message.contains("index.json"))
        try scratch.directory("layout/index.json")
        #expect(try failure { try open() }.code == .unsupported)
    }

    @Test func indexTooLarge() throws {
        try scratch.layout("layout", [("v1", image)])
        var limits = Limits()
        limits.manifestBytes = 100
        #expect(try failure { try open(limits: limits) }.code == .limit)
    }

    @Test func markerMissingIsRemarked() throws {
        try scratch.layout("layout", [("v1", image)])
        try File.remove(scratch("layout/oci-layout"))
        #expect(try open().remarks.count == 1)
    }

    @Test(arguments: [
        (#"{"imageLayoutVersion":"2.0.0"}"#, DerootError.Code.unsupported), ("{}", .malformed),
        ("", .malformed),
    ])
    func otherMarkers(text: String, code: DerootError.Code) throws {
        try scratch.layout("layout", [("v1", image)])
        try scratch.write("layout/oci-layout", text)
        #expect(try failure { try open() }.code == code)
    }

    @Test func noDirectory() throws {
        #expect(try failure { try open("nothing") }.code == .notFound)
        try scratch.write("file", "x")
        let error = try failure { try open("file") }
        #expect(error.code == .unsupported)
        #expect(error.advice?.contains("oci-archive:") == true)
    }

    // MARK: Blobs

    private var manifestPath: String { "layout/\(blobPath(image.descriptor.digest))" }

    private func document(limit: Int = 4096) throws -> [UInt8] {
        try open().document(image.descriptor, limit: limit)
    }

    @Test func missingBlobNamesDigestAndPath() throws {
        try scratch.layout("layout", [("v1", image)])
        try File.remove(scratch(manifestPath))
        let error = try failure { try document() }
        #expect(error.code == .notFound)
        #expect(error.location.blob == image.descriptor.digest)
        #expect(error.message.contains(blobPath(image.descriptor.digest)))
        #expect(try !open().contains(image.descriptor))
    }

    // Hostile inputs A01, A02, A03.
    @Test func sizeDigestAndLimitAreChecked() throws {
        try scratch.layout("layout", [("v1", image)])
        #expect(try failure { try document(limit: 10) }.code == .limit)
        try scratch.write(manifestPath, Array(image.manifest.dropLast()))
        #expect(try failure { try document() }.code == .mismatch)
        try scratch.write(manifestPath, Array(image.manifest.dropLast()) + [0x20])
        let error = try failure { try document() }
        #expect(error.code == .mismatch)
        #expect(error.location.blob == image.descriptor.digest)
    }

    // Hostile input A17.
    @Test func embeddedDataStandsInForAMissingBlobOnly() throws {
        let data = Array("{}".utf8)
        let entry = TinyImage.json(.manifest, data, #","data":"e30=""#)
        try write(index: indexText([entry]))
        let source = try open()
        #expect(try source.document(source.root(), limit: 10) == data)
        try scratch.write("layout/\(blobPath(Digest.of(data)))", "[]")
        #expect(try failure { try source.document(source.root(), limit: 10) }.code == .mismatch)
        try write(index: indexText([TinyImage.json(.manifest, data, #","data":"W10=""#)]))
        #expect(try failure { try open() }.code == .mismatch)
    }

    // Hostile input G04: Docker's official layouts have such links.
    @Test func linksInsideTheLayout() throws {
        try scratch.layout("layout", [("v1", image)])
        try File.remove(scratch(manifestPath))
        try scratch.write("layout/image-manifest.json", image.manifest)
        try scratch.link(manifestPath, to: "../../image-manifest.json")
        #expect(try document() == image.manifest)
        try scratch.link("elsewhere", to: "layout")
        #expect(try open("elsewhere").document(image.descriptor, limit: 4096) == image.manifest)
    }

    @Test(arguments: ["../../../outside", "/etc/passwd", "/dev/zero"])
    func linksThatLeadOut(target: String) throws {
        try scratch.layout("layout", [("v1", image)])
        try scratch.write("outside", image.manifest)
        try File.remove(scratch(manifestPath))
        try scratch.link(manifestPath, to: target)
        let error = try failure { try document() }
        #expect(error.code == .hostile)
        #expect(error.location.blob == image.descriptor.digest)
    }

    @Test func aFolderThatLeadsOut() throws {
        try scratch.layout("real", [("v1", image)])
        try scratch.write("layout/oci-layout", OCILayout.bytes)
        try scratch.write("layout/index.json", indexText([image.entry()]))
        try scratch.link("layout/blobs", to: scratch("real/blobs"))
        #expect(try failure { try document() }.code == .hostile)
    }

    // A sibling whose name begins like the layout's own.
    @Test func aSiblingIsOutside() throws {
        try scratch.layout("layout", [("v1", image)])
        try scratch.write("layout2/file", image.manifest)
        try File.remove(scratch(manifestPath))
        try scratch.link(manifestPath, to: "../../../layout2/file")
        #expect(try failure { try document() }.code == .hostile)
    }

    // Hostile input G05: none of these may block.
    @Test func blobsThatAreNoFiles() throws {
        try scratch.layout("layout", [("v1", image)])
        try File.remove(scratch(manifestPath))
        try scratch.fifo(manifestPath)
        #expect(try failure { try document() }.code == .unsupported)
        try File.remove(scratch(manifestPath))
        try scratch.directory(manifestPath)
        #expect(try failure { try document() }.code == .unsupported)
        try Directory.remove(scratch(manifestPath))
        try scratch.link(manifestPath, to: Digest.of(image.manifest).hex)
        _ = try failure { try document() }
    }
}
