// convert-tag [--insecure] NAME:TAG: converts a registry's tag into NAME:TAG-nonroot beside it.
//
// Credentials are those of podman and Docker, unless REGISTRY_USER and REGISTRY_PASSWORD are set. With --insecure certificates are not verified, and
// plain HTTP will do: for a registry on this machine.
import Deroot
import Glibc
import Synchronization

var arguments = CommandLine.arguments.dropFirst()
var registries = Registries()
if arguments.first == "--insecure" {
    registries.verifiesTLS = false
    arguments = arguments.dropFirst()
}
func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
if let user = variable("REGISTRY_USER"), let secret = variable("REGISTRY_PASSWORD") {
    registries.credentials = { _ in .basic(user: user, secret: secret) }
}
guard let name = arguments.first, arguments.count == 1 else {
    print("usage: convert-tag [--insecure] NAME:TAG")
    exit(64)
}

/// Progress comes from several threads at once.
final class Figures: Sendable {
    let fetched = Atomic<UInt64>(0)
    let sent = Atomic<UInt64>(0)
}
let figures = Figures()

do throws(DerootError) {
    let report: ProgressObserver = { event in
        switch event {
        case .found(let layers, let bytes): print("\(layers) layers, \(bytes) bytes")
        case .layerFinished(let digest, let entries, let changes):
            print("\(digest.short)  \(changes) of \(entries) entries change")
        case .bytesFetched(let count): figures.fetched.add(count, ordering: .relaxed)
        case .bytesSent(let count): figures.sent.add(count, ordering: .relaxed)
        case .retrying(let registry, let seconds): print("\(registry): again in \(seconds) s")
        default: break
        }
    }
    let image = try ContainerImage("docker://\(name)", registries: registries, progress: report)
    let result = try image.convert(to: "docker://\(name)-nonroot", progress: report)
    for image in result.images { print("\(image.platform)  runs as \(image.user)") }
    print(
        "fetched \(figures.fetched.load(ordering: .relaxed)) bytes, sent \(figures.sent.load(ordering: .relaxed))"
    )
    print("\(result.reference)@\(result.digest)")
} catch {
    print("convert-tag: \(error)")
    exit(error.code.exitStatus)
}
