import DerootBytes
import DerootOCI
import Testing

@Suite("descriptors")
struct DescriptorTests {
    private func descriptor(_ spelled: String) throws -> Descriptor {
        try Descriptor(parsed(spelled))
    }

    @Test("all members are read")
    func read() throws {
        let all = try descriptor(
            descriptorText(
                more: #"""
                    ,"annotations":{"b":"1","a":"2"},"urls":["https://x/y"],"artifactType":"t/x",
                    "platform":{"os":"linux","architecture":"arm","variant":"v7","os.version":"1",
                    "os.features":["f"],"features":["sse"]},"unknown":[1.10]
                    """#))
        #expect(all.mediaType == .layerGzip)
        #expect(try all.digest == digest("a"))
        #expect(all.size == 123)
        #expect(all.annotations.map(\.name) == ["b", "a"])
        #expect(all.urls == ["https://x/y"])
        #expect(all.artifactType == "t/x")
        #expect(all.data == nil)
        let platform = Platform(
            os: "linux", architecture: "arm", variant: "v7", osVersion: "1", osFeatures: ["f"])
        #expect(all.platform == platform)
        let least = try descriptor(descriptorText())
        #expect(least.platform == nil && least.annotations.isEmpty && least.urls.isEmpty)
    }

    @Test(
        "what is wrong is refused and named",
        arguments: [
            ("[]", "descriptor"), ("null", "descriptor"), ("{}", "mediaType"),
            (#"{"mediaType":"x","size":1}"#, "digest"),
            (#"{"mediaType":"x","digest":"sha256:","size":1}"#, "digest"),
            (#"{"mediaType":"x","digest":"sha256:../../x","size":1}"#, "digest"),
            (#"{"mediaType":7}"#, "mediaType"), (#"{"mediaType":"x","digest":{}}"#, "digest"),
            (descriptorText(size: "-1"), "size"), (descriptorText(size: "1.5"), "size"),
            (descriptorText(size: "1e3"), "size"), (descriptorText(size: "null"), "size"),
            (descriptorText(size: "\"3\""), "size"),
            (descriptorText(size: "9223372036854775808"), "size"),
            (descriptorText(more: #","annotations":[]"#), "annotations"),
            (descriptorText(more: #","annotations":{"a":1}"#), "annotations.a"),
            (descriptorText(more: #","annotations":{"a":"1","a":"1"}"#), "annotations"),
            (descriptorText(more: #","urls":"x""#), "urls"),
            (descriptorText(more: #","urls":[null]"#), "urls[0]"),
            (descriptorText(more: #","platform":"linux""#), "platform"),
            (descriptorText(more: #","platform":{"os":1}"#), "platform: 'os'"),
            (descriptorText(more: #","artifactType":1"#), "artifactType"),
            (descriptorText(more: #","data":1"#), "data"),
            (descriptorText(more: #","data":"?""#), "data"),
        ])
    func wrong(_ spelled: String, _ named: String) {
        let error = failure { _ = try descriptor(spelled) }
        #expect(error?.code == .malformed)
        #expect(error?.message.contains(named) == true, "\(error?.message ?? "no error")")
    }

    @Test("a member twice is refused, whatever its case")
    func twice() {
        for more in [#","size":123"#, #","SIZE":4"#, #","\u017fize":4"#, #","Digest":null"#] {
            #expect(failure { _ = try descriptor(descriptorText(more: more)) }?.code == .hostile)
        }
    }

    @Test("an algorithm that is not registered is named")
    func algorithm() {
        let error = failure {
            _ = try descriptor(#"{"mediaType":"x","digest":"blake3:00","size":1}"#)
        }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("blake3") == true)
    }

    @Test("embedded data must be what the digest and the size say (A17)")
    func data() throws {
        let content = Array("{}".utf8)
        let good = Descriptor(mediaType: .empty, digest: .of(content), size: 2).json
        func with(_ data: String, size: Int = 2) throws -> Descriptor {
            var object = good
            object["data"] = .string(data)
            object["size"] = .number(size)
            return try Descriptor(object)
        }
        #expect(try with("e30=").data == content)
        #expect(try with("e3\n0=").data == content)
        #expect(failure { _ = try with("e30=", size: 3) }?.code == .mismatch)
        #expect(failure { _ = try with("e10=") }?.code == .mismatch)
        #expect(failure { _ = try with("") }?.code == .mismatch)
        #expect(failure { _ = try with("e30") }?.code == .malformed)
        var other = try with("e30=")
        other.setContent(digest: other.digest, size: other.size)
        #expect(other.data == content)
        other.setContent(digest: try digest("f"), size: 2)
        #expect(other.data == nil && other.json["data"] == nil)
        other = try with("e30=")
        other.setContent(digest: other.digest, size: 4)
        #expect(other.data == nil && other.json["data"] == nil)
    }

    @Test("edits keep places, spellings and unknown members")
    func edits() throws {
        var edited = try descriptor(
            #"{"Size":5,"x":1.10,"mediaType":"Application/VND.oci.image.layer.v1.tar+gzip; q=1","#
                + #""annotations":{"b":"\u0031"},"digest":"\#(digest("a"))"}"#)
        edited.setMediaType(.layerGzip)
        #expect(edited.mediaType == .layerGzip)
        edited.setContent(digest: try digest("b"), size: 6)
        edited.setAnnotation("a", "2")
        edited.setAnnotation("b", "1")
        let expected =
            #"{"size":6,"x":1.10,"mediaType":"Application/VND.oci.image.layer.v1.tar+gzip; q=1","#
            + #""annotations":{"b":"\u0031","a":"2"},"digest":"\#(try digest("b"))"}"#
        #expect(text(.object(edited.json)) == expected)
        #expect(try Descriptor(edited.json) == edited)
        edited.setMediaType(.layer)
        #expect(edited.json["mediaType"]?.string == MediaType.layer.rawValue)
        edited.setAnnotation("a", nil)
        #expect(edited.annotations["a"] == nil && edited.annotations["b"] == "1")
        edited.setAnnotation("b", nil)
        edited.setAnnotation("b", nil)
        #expect(edited.json["annotations"] == nil)
        #expect(try Descriptor(edited.json) == edited)
    }

    @Test("a new descriptor reads back as itself")
    func new() throws {
        let new = Descriptor(
            mediaType: .dockerManifest, digest: try digest("d"), size: UInt64(Int64.max),
            platform: Platform(os: "linux", architecture: "arm64", variant: "v8"),
            annotations: ["k": "v", "a": "b"])
        #expect(try Descriptor(new.json) == new)
        #expect(
            text(.object(new.json))
                == "{\"mediaType\":\"\(MediaType.dockerManifest)\",\"digest\":\"\(try digest("d"))\","
                + "\"size\":9223372036854775807,\"platform\":{\"architecture\":\"arm64\","
                + "\"os\":\"linux\",\"variant\":\"v8\"},\"annotations\":{\"k\":\"v\",\"a\":\"b\"}}")
    }
}
