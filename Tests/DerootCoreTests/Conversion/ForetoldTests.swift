import DerootBytes
import DerootCore
import DerootOCI
import DerootStore
import DerootTestSupport
import Synchronization
import Testing

/// What a config foretells spares the second pass over a layer, with a recipe as without one.
struct ForetoldTests {
    private static let server: [Build] = [
        { tar in
            tar.directory("etc")
            tar.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/:\n")
            tar.file("etc/group", "root:x:0:\nweb:x:33:\n")
            tar.directory("tmp", mode: 0o1777)
            tar.file("usr/bin/su", "su", mode: 0o4755)
        },
        { tar in
            tar.file("etc/nginx/nginx.conf", "http {\n}\n")
            tar.file("etc/nginx/sites-available/default", "listen 80;\n")
            tar.file("usr/sbin/nginx", "program")
            tar.file("usr/share/nginx/index.html", "page")
            tar.directory("var/lib/nginx")
            tar.file("var/log/nginx/access.log", "", uid: 33)
        },
    ]

    /// How often layers of an image were read, again or for the first time.
    private func passes(
        _ settings: String, options: ConversionOptions = ConversionOptions()
    ) throws -> (first: Int, again: Int) {
        let layers = try Self.server.map { try LayerFixture(.gzip, $0) }
        let layout = try LayoutFixture(ImageFixture(layers, settings: settings))
        let events = Events()
        var conversion = Conversion(try layout.source(), options)
        conversion.observer = { event in
            if case .layerStarted(_, _, let again) = event { events.note(again) }
        }
        _ = try conversion.convert(into: layout.destination().begin())
        return (events.seen.count { !$0 }, events.seen.count { $0 })
    }

    @Test(arguments: [
        // The recipe leaves the WORKDIR alone and takes the log directory.
        #""Cmd":["nginx","-g","daemon off;"],"WorkingDir":"/usr/share/nginx""#,
        #""Cmd":["nginx"],"Volumes":{"/var/lib/nginx":{}}"#,
        // No recipe: the WORKDIR changes hands.
        #""Cmd":["server"],"WorkingDir":"/usr/share/nginx""#,
        #""Cmd":["server"],"User":"0","Volumes":{"/var/log/nginx":{}}"#,
    ])
    func layersAreReadOnce(_ settings: String) throws {
        let passes = try passes(settings)
        #expect(passes.first == 2)
        #expect(passes.again == 0)
    }

    @Test func aRecipeThatWasAskedForIsForetoldToo() throws {
        var options = ConversionOptions()
        options.recipe = .one("nginx-debian")
        let settings = #""Entrypoint":["nginx"],"WorkingDir":"/usr/share/nginx""#
        #expect(try passes(settings, options: options) == (2, 0))
    }
}

private final class Events: Sendable {
    private let all = Mutex<[Bool]>([])
    func note(_ again: Bool) { all.withLock { $0.append(again) } }
    var seen: [Bool] { all.withLock { $0 } }
}
