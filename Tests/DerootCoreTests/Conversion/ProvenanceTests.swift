import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTestSupport
import Testing

@Suite("provenance")
struct ProvenanceTests {
    private func converted() throws -> (ConversionResult, LayoutFixture) {
        let layer = try LayerFixture { tar in
            tar.file("usr/bin/su", "x", mode: 0o4755)
        }
        let layout = try LayoutFixture([
            ImageFixture([layer]),
            {
                var other = ImageFixture([layer])
                other.architecture = "arm64"
                return other
            }(),
        ])
        let transaction = try layout.destination().begin()
        let result = try Conversion(layout.source(), ConversionOptions()).convert(
            into: transaction)
        return (result, layout)
    }

    @Test("the statement names result, source, options and maker, and no time")
    func statement() throws {
        let (result, _) = try converted()
        let report = Array("{}".utf8)
        let statement = Provenance.statement(
            result, destination: "docker://h.io/a:b", report: report)
        let root = try #require(statement.object)
        #expect(root["_type"]?.string == "https://in-toto.io/Statement/v1")
        #expect(root["predicateType"]?.string == "https://slsa.dev/provenance/v1")
        let subjects = try #require(root["subject"]?.array).compactMap(\.object)
        let digests = subjects.compactMap { $0["digest"]?.object?["sha256"]?.string }
        #expect(digests == [result.root.digest.hex] + result.images.map(\.manifest.hex))
        #expect(Set(digests).count == 3)
        #expect(subjects.allSatisfy { $0["name"]?.string == "docker://h.io/a:b" })
        let predicate = try #require(root["predicate"]?.object)
        let build = try #require(predicate["buildDefinition"]?.object)
        #expect(build["buildType"]?.string == Provenance.buildType)
        let parameters = try #require(build["externalParameters"]?.object)
        #expect(parameters["source"]?.string == result.plan.source)
        #expect(parameters["options"]?.string == "")
        let source = try #require(build["resolvedDependencies"]?.array?.first?.object)
        #expect(source["digest"]?.object?["sha256"]?.string == result.sourceRoot.digest.hex)
        let run = try #require(predicate["runDetails"]?.object)
        #expect(run["builder"]?.object?["id"]?.string == Provenance.builder)
        #expect(run["metadata"] == nil)
        #expect(
            run["byproducts"]?.array?.first?.object?["digest"]?.object?["sha256"]?.string
                == Digest.of(report).hex)
        #expect(predicate["deroot_signed"]?.bool == false)
        let text = String(decoding: statement.serialized(), as: UTF8.self)
        #expect(!text.contains("startedOn") && !text.contains("finishedOn"))
        #expect(text.contains("not signed"))
    }

    @Test("the same conversion gives the same bytes, and both documents speak of the result")
    func attachments() throws {
        let (result, layout) = try converted()
        let report = Array("{}".utf8)
        let one = Provenance.attachments(result, destination: "oci:x", report: report)
        let two = Provenance.attachments(
            try converted().0, destination: "oci:x", report: report)
        #expect(one.count == 2)
        #expect(one[1].manifest == two[1].manifest)
        #expect(one.allSatisfy { $0.descriptor.annotations["dev.deroot.signed"] == "false" })
        for referrer in one {
            #expect(try Manifest(parsing: referrer.manifest).subject?.digest == result.root.digest)
        }
        let destination = try layout.destination().requireAttachments()
        try destination.attach(one)
        let found = try layout.result().referrers(of: [result.root.digest])
        #expect(Set(found.map(\.digest)) == Set(one.map(\.descriptor.digest)))
    }

    @Test("what speaks of the source stays there and is listed")
    func leftBehind() throws {
        let layer = try LayerFixture { tar in
            tar.file("usr/bin/su", "x", mode: 0o4755)
        }
        let layout = try LayoutFixture(ImageFixture([layer]))
        let root = try layout.source().root()
        let signature = Referrer(
            Array("signed".utf8), type: MediaType("application/vnd.example.signature"),
            subject: root)
        let source = try TransportReference.local(
            LocalReference(.oci, path: layout.directory("source"))
        ).openDestination().requireAttachments()
        try source.attach([signature])
        let result = try Conversion(layout.source(), ConversionOptions()).convert(
            into: try layout.destination().begin())
        let line = try #require(result.dropped.last)
        #expect(line.contains(signature.descriptor.digest.description))
        #expect(line.contains("application/vnd.example.signature"))
        #expect(line.contains(root.digest.short))
        #expect(try layout.result().referrers(of: [root.digest, result.root.digest]).isEmpty)
    }
}
