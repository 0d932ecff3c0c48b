import DerootBytes
import DerootCore
import DerootReport
import DerootTar
import DerootTestSupport
import Testing

@Suite struct RunHintsTests {
    private func hints(_ settings: String, source: String = "oci:web") throws -> RunHints {
        let outcome = try Sample.checked([Sample.image(settings)])
        let image = try #require(outcome.reports.first?.images.first)
        return try #require(RunHints(image, source: source))
    }

    @Test func thePodIsRestricted() throws {
        let pod = try hints(#""Volumes":{"/srv/app":{}}"#).kubernetes
        for line in [
            "    runAsNonRoot: true", "    runAsUser: 65532", "    runAsGroup: 65532",
            "      type: RuntimeDefault", "        allowPrivilegeEscalation: false",
            "        readOnlyRootFilesystem: true", "          drop: [ALL]",
            "          mountPath: \"/srv/app\"", "          mountPath: \"/tmp\"", "  name: web",
        ] {
            #expect(pod.split(separator: "\n").contains { $0 == line }, "\(line)")
        }
        #expect(!pod.contains("sysctls"))
        // What is mounted is there, and the other way round.
        let parsed = try StrictYAML.parse(Array(pod.utf8), file: "pod")
        let spec = try #require(try parsed.members().first { $0.name == "spec" }).value
        let volumes = try #require(try spec.members().first { $0.name == "volumes" }).value
        #expect(try volumes.list().count == 2)
    }

    @Test func lowPortsGetTheirSysctl() throws {
        let low = try hints(#""ExposedPorts":{"443/tcp":{},"80/tcp":{},"53/udp":{},"8080":{}}"#)
        #expect(low.kubernetes.contains("value: \"53\""))
        #expect(low.kubernetes.contains("protocol: UDP"))
        #expect(low.docker.contains("--sysctl net.ipv4.ip_unprivileged_port_start=53"))
        #expect(
            low.docker.contains("--publish 8080:8080")
                && low.docker.contains("--publish 8053:53/udp"))
        let high = try hints(
            #""ExposedPorts":{"8080/tcp":{},"x/tcp":{},"99999/tcp":{},"0/tcp":{}}"#)
        #expect(!high.docker.contains("sysctl") && !high.kubernetes.contains("sysctl"))
        #expect(high.docker.split(separator: "--publish").count == 2)
    }

    @Test func pathsAreQuotedOrLeftOut() throws {
        let odd = try hints(
            #""Volumes":{"/a b":{},"/it's":{},"/q\"\\":{},"/x:y":{},"/tmp/in":{},"/n\nl":{},"/x\uFFFE":{}}"#
        )
        #expect(odd.docker.contains("--volume '/a b'") && odd.docker.contains(#"'/it'\''s'"#))
        #expect(odd.kubernetes.contains(#"mountPath: "/q\"\\""#))
        #expect(odd.kubernetes.contains("left out: 3 paths"))
        let parsed = try StrictYAML.parse(Array(odd.kubernetes.utf8), file: "pod")
        #expect(try parsed.members().count == 4)
    }

    @Test(arguments: [
        ("oci:images/nginx", "nginx"), ("oci-archive:/x/My App.tar", "my-app"),
        ("docker://docker.io/library/redis:7", "redis"), ("redis:7", "redis"),
        ("oci:web:latest", "web"), ("oci:7zip", "image-7zip"), ("oci:---", "image"),
        ("docker://x/y@sha256:00", "y"), ("docker-archive:x.tar", "x"),
    ])
    func namesFitKubernetes(_ source: String, _ name: String) throws {
        #expect(try hints("", source: source).kubernetes.contains("\n  name: \(name)\n"))
    }

    /// The hints are for what comes out: a recipe has moved the port.
    @Test func portsAreThoseOfTheResult() throws {
        let layer = try LayerFixture { tar in
            tar.directory("docker-entrypoint.d/")
            tar.file("etc/nginx/nginx.conf", "http {\n}\n")
            tar.file("etc/nginx/conf.d/default.conf", "listen 80;\n")
        }
        let fixture = ImageFixture(
            [layer], settings: #""Cmd":["nginx"],"ExposedPorts":{"80/tcp":{}}"#)
        var options = ConversionOptions()
        options.ports = .remap
        let layout = try LayoutFixture([fixture])
        var check = Check(try layout.source(), options)
        check.recipes = try RecipeLibrary.builtIn()
        let report = CheckPolicy().grade(try withExtendedLifetime(layout) { try check.run() })
        let image = try #require(report.images.first)
        let hints = try #require(RunHints(image, source: "oci:nginx"))
        #expect(hints.docker.contains("--publish 8080:8080"), "\(hints.docker)")
        #expect(!hints.docker.contains("--sysctl"))
        #expect(hints.kubernetes.contains("containerPort: 8080"))
        #expect(hints.kubernetes.contains("image: nginx-nonroot\n"))
    }

    @Test func whatIsConvertedKeepsItsName() throws {
        let layer = try LayerFixture { tar in
            tar.directory("tmp/", mode: 0o1777)
            tar.file("etc/passwd", "app:x:65532:65532::/:/bin/sh\n")
            tar.file("etc/group", "app:x:65532:\n")
        }
        let image = ImageFixture([layer], settings: #""User":"65532:65532""#)
        let outcome = try Sample.checked([image])
        let graded = try #require(outcome.reports.first?.images.first)
        #expect(graded.check.verdict == .already)
        let hints = try #require(RunHints(graded, source: "oci:web-nonroot"))
        #expect(hints.kubernetes.contains("image: web-nonroot\n"))
    }

    @Test func whatCannotBeConvertedHasNone() throws {
        let outcome = Sample.outcome([], verdict: .refused("no"))
        #expect(RunHints(try #require(outcome.reports.first?.images.first), source: "x") == nil)
    }

    @Test(arguments: [
        (UInt16(0o4755), EntryType.file, "-rwsr-xr-x"), (0o2644, .file, "-rw-r-Sr--"),
        (0o1777, .directory, "drwxrwxrwt"), (0o7000, .hardLink, "---S--S--T"),
        (0o777, .symlink, "lrwxrwxrwx"), (0o600, .blockDevice, "brw-------"),
    ])
    func modesAreWrittenAsLsDoes(_ mode: UInt16, _ type: EntryType, _ expected: String) {
        #expect(ModeText.text(mode, type) == expected)
    }
}
