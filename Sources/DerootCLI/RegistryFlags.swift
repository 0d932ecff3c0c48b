import ArgumentParser
import DerootBytes
import DerootRegistry

/// How registries are talked to; what is said of one side goes before what is said of both.
struct RegistryFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Credentials: an auth.json of podman or a config.json of docker.", valueName: "file"),
        completion: .file())
    var authfile: String?

    @Option(
        help: ArgumentHelp("The same, for the source alone.", valueName: "file"),
        completion: .file())
    var srcAuthfile: String?

    @Option(
        help: ArgumentHelp("The same, for the destination alone.", valueName: "file"),
        completion: .file())
    var destAuthfile: String?

    @Option(
        help: ArgumentHelp(
            "Certificates: *.crt of CAs, *.cert and *.key of our own.", valueName: "dir"),
        completion: .directory)
    var certDir: String?

    @Option(
        help: ArgumentHelp("The same, for the source alone.", valueName: "dir"),
        completion: .directory)
    var srcCertDir: String?

    @Option(
        help: ArgumentHelp("The same, for the destination alone.", valueName: "dir"),
        completion: .directory)
    var destCertDir: String?

    @Option(
        help: ArgumentHelp(
            "Verify certificates (true), or take any and plain HTTP too (false).",
            valueName: "bool"),
        completion: .list(["true", "false"]))
    var tlsVerify: Bool?

    @Option(
        help: ArgumentHelp("The same, for the source alone.", valueName: "bool"),
        completion: .list(["true", "false"]))
    var srcTlsVerify: Bool?

    @Option(
        help: ArgumentHelp("The same, for the destination alone.", valueName: "bool"),
        completion: .list(["true", "false"]))
    var destTlsVerify: Bool?

    @Option(help: ArgumentHelp("How often a failed request is repeated.", valueName: "n"))
    var retryTimes = 5

    @Option(
        help: ArgumentHelp(
            "The longest wait that a registry may ask for: 300, 90s, 5m.", valueName: "time"))
    var retryMaxWait = "5m"

    @Option(
        help: ArgumentHelp(
            "How long a transfer may make no progress: 60, 30s, 2m.", valueName: "time"))
    var timeout = "60s"

    /// One of the two places that a command deals with.
    enum Side { case source, destination }

    /// A client for one side.
    ///
    /// - Throws: `.usage` for a value that is none, and what reading the settings throws.
    func client(
        _ side: Side, observer: @escaping TransferObserver = { _ in }
    ) throws(DerootError) -> RegistryClient {
        var overrides = RegistryOverrides()
        let isSource = side == .source
        overrides.authFile = (isSource ? srcAuthfile : destAuthfile) ?? authfile
        overrides.certificateDirectory = (isSource ? srcCertDir : destCertDir) ?? certDir
        overrides.verifiesTLS = (isSource ? srcTlsVerify : destTlsVerify) ?? tlsVerify
        var options = RegistryOptions()
        guard (0...100).contains(retryTimes) else {
            throw DerootError(.usage, "--retry-times is \(retryTimes), not a number from 0 to 100")
        }
        options.tries = retryTimes + 1
        options.longestWait = Double(try Self.seconds(retryMaxWait, "--retry-max-wait", from: 0))
        options.idleSeconds = try Self.seconds(timeout, "--timeout", from: 1)
        options.observer = observer
        let settings = try ContainersSettings(overrides, in: SettingsEnvironment.current())
        return RegistryClient(settings: settings, options: options)
    }

    private static func seconds(
        _ text: String, _ name: String, from least: Int
    ) throws(DerootError) -> Int {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
        let unit = text.last.flatMap { units[$0] }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard let value = Int(digits), (least...1_000_000).contains(value) else {
            throw DerootError(
                .usage, "\(name) is '\(printable(text.utf8))', not a time such as 90, 90s or 5m")
        }
        return value * (unit ?? 1)
    }
}
