import DerootBytes
import DerootOCI
import Testing

@testable import DerootStore

@Suite struct TransportReferenceTests {
    static let readable: [(String, LocalReference)] = [
        ("oci:a/b", LocalReference(.oci, path: "a/b")),
        ("oci:/a/b/", LocalReference(.oci, path: "/a/b")),
        ("oci:/", LocalReference(.oci, path: "/")),
        ("oci:a:1.27", LocalReference(.oci, path: "a", selection: .name("1.27"))),
        ("oci:a:x/y:z", LocalReference(.oci, path: "a", selection: .name("x/y:z"))),
        ("oci:a:@12", LocalReference(.oci, path: "a", selection: .position(12))),
        ("oci:-", LocalReference(.oci, path: "-")),
        ("oci-archive:a.tar:v", LocalReference(.ociArchive, path: "a.tar", selection: .name("v"))),
        ("oci-archive:-", LocalReference(.ociArchive, path: "-")),
        (
            "docker-archive:a.tar:nginx:1.27",
            LocalReference(.dockerArchive, path: "a.tar", selection: .name("nginx:1.27"))
        ),
        (
            "docker-archive:-:@0",
            LocalReference(.dockerArchive, path: "-", selection: .position(0))
        ),
    ]

    @Test(arguments: readable) func local(text: String, expected: LocalReference) throws {
        #expect(try TransportReference(parsing: text) == .local(expected))
    }

    @Test func onlyArchivesAreStreams() {
        #expect(!LocalReference(.oci, path: "-").isStandardStream)
        #expect(LocalReference(.ociArchive, path: "-").isStandardStream)
        #expect(!LocalReference(.dockerArchive, path: "./-").isStandardStream)
    }

    @Test(arguments: [
        ("docker://nginx", "docker://docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker://docker.io/library/nginx:1.27"),
        ("localhost:5000/a/b", "docker://localhost:5000/a/b:latest"),
        ("registry.example:5000/oci:x", "docker://registry.example:5000/oci:x"),
    ])
    func registries(text: String, description: String) throws {
        #expect(try TransportReference(parsing: text).description == description)
    }

    @Test(arguments: [
        "", "oci:", "oci::tag", "oci:a:", "oci:a:@", "oci:a:@x", "oci:a:@-1",
        "oci:a:@99999999999999999999", "docker:nginx", "docker://", "docker://UPPER", "Nope",
        "containers-storage:x", "docker-daemon:x:latest", "dir:/tmp", "a b",
    ])
    func unreadable(text: String) throws {
        let error = try failure { try TransportReference(parsing: text) }
        #expect(error.code == .usage)
    }

    @Test(arguments: [
        ("containers-storage:x", "podman save"), ("docker-daemon:x", "docker save"),
        ("dir:x", "skopeo copy"), ("docker:nginx", "docker://nginx"),
    ])
    func adviceSaysWhatToDo(text: String, command: String) throws {
        let error = try failure { try TransportReference(parsing: text) }
        #expect(error.advice?.contains(command) == true)
    }

    @Test(arguments: ["/no/such/thing", "./nothing:latest", "../nothing"])
    func whatCanOnlyBeAPathIsNoRegistry(text: String) throws {
        #expect(try failure { try TransportReference(parsing: text) }.code == .notFound)
    }

    /// An archive with an image's name behind it needs its transport; no registry is asked for it.
    @Test func anArchiveWithANameSaysWhatItIs() throws {
        let folder = try Scratch()
        try folder.write("x.tar", Array("not yet".utf8))
        let error = try failure { try TransportReference(parsing: "\(folder.path)/x.tar:web") }
        #expect(error.code == .usage)
        #expect(error.advice?.contains("oci-archive:\(folder.path)/x.tar:web") == true)
        #expect(throws: Never.self) {
            try TransportReference(parsing: "oci-archive:\(folder.path)/x.tar:web")
        }
    }

    @Test func aFileThatIsNoTarStreamIsNoBrokenArchive() throws {
        let folder = try Scratch()
        for text in ["short", String(repeating: "FROM scratch\n", count: 100)] {
            try folder.write("Dockerfile", Array(text.utf8))
            let error = try failure {
                try TransportReference(parsing: "\(folder.path)/Dockerfile")
            }
            #expect(error.code == .unsupported && error.advice != nil, "\(error)")
        }
    }

    /// The room of files has no network; whoever has opens registries elsewhere.
    @Test func registriesAreNoFiles() throws {
        let reference = try TransportReference(parsing: "docker://nginx")
        for error in [
            try failure { try reference.openSource() },
            try failure { try reference.openDestination() },
        ] {
            #expect(error.code == .unsupported)
            #expect(error.message.contains("docker.io is a registry"))
        }
    }

    @Test(arguments: [
        ("oci:nginx:1.27", "oci:nginx-nonroot:1.27"), ("oci:a/b/", "oci:a/b-nonroot"),
        ("oci:v1.tar", "oci:v1.tar-nonroot"), ("oci:a:@1", "oci:a-nonroot"),
        ("oci-archive:x.tar", "oci-archive:x-nonroot.tar"),
        ("oci-archive:d/x.tar.gz:v", "oci-archive:d/x-nonroot.tar:v"),
        ("oci-archive:x.tar.zst", "oci-archive:x-nonroot.tar"),
        ("oci-archive:.tar", "oci-archive:.tar-nonroot.tar"),
        ("docker-archive:x.tgz", "docker-archive:x-nonroot.tar"),
        ("docker-archive:image:nginx:1", "docker-archive:image-nonroot.tar:nginx:1"),
    ])
    func defaultDestinations(source: String, destination: String) throws {
        let reference = try TransportReference(parsing: source)
        #expect(try reference.defaultDestination().description == destination)
    }

    @Test(arguments: ["docker://nginx", "oci-archive:-", "oci:.", "oci:a/..", "oci:/"])
    func noDefaultDestination(source: String) throws {
        let reference = try TransportReference(parsing: source)
        let error = try failure { try reference.defaultDestination() }
        #expect(error.code == .usage && error.advice != nil)
    }

    @Test func barePathsAreSniffed() throws {
        let scratch = try Scratch()
        let image = TinyImage("sniff")
        let files = layoutFiles(image.blobs, index: indexText([image.entry()]))
        let docker = dockerFiles([(["a:b"], image)])
        try scratch.layout("layout", [(nil, image)])
        try scratch.write("only-marker/oci-layout", OCILayout.bytes)
        try scratch.write("oci.tar", tar(files))
        try scratch.write("oci.tar.gz", gzip(tar(files)))
        try scratch.write("docker.tar", tar(docker))
        try scratch.write("hybrid.tar", tar(docker + files))
        try scratch.write("v1.tar", tar([("repositories", Array("{}".utf8))]))
        for (name, transport) in [
            ("layout", LocalReference.Transport.oci), ("only-marker", .oci),
            ("oci.tar", .ociArchive), ("oci.tar.gz", .ociArchive), ("docker.tar", .dockerArchive),
            ("hybrid.tar", .ociArchive), ("v1.tar", .dockerArchive),
        ] {
            let expected = LocalReference(transport, path: scratch(name))
            #expect(try TransportReference(parsing: scratch(name)) == .local(expected))
        }
    }

    @Test func whatIsNoImageIsSaidSo() throws {
        let scratch = try Scratch()
        try scratch.directory("empty")
        try scratch.write("plain.tar", tar([("a", [1])]))
        try scratch.write("text", "not a tar at all")
        try scratch.fifo("pipe")
        for name in ["empty", "plain.tar", "pipe"] {
            let error = try failure { try TransportReference(parsing: scratch(name)) }
            #expect(error.code == .unsupported)
            #expect(error.location.file == scratch(name))
        }
        _ = try failure { try TransportReference(parsing: scratch("text")) }
    }
}
