import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// An image that a rule speaks about, or does not.
struct RuleCase: Sendable, CustomTestStringConvertible {
    let id: String
    let isFound: Bool
    let settings: String
    let options: ConversionOptions
    let build: Build
    /// The severity of the first finding, where it is not the rule's.
    var severity: Rule.Severity?

    var testDescription: String { "\(id) \(isFound ? "found" : "not found"): \(settings)" }

    static func yes(
        _ id: String, _ settings: String = "", is severity: Rule.Severity? = nil,
        options: ConversionOptions = .init(), _ build: @escaping Build = { _ in }
    ) -> RuleCase {
        RuleCase(
            id: id, isFound: true, settings: settings, options: options, build: build,
            severity: severity)
    }

    static func no(
        _ id: String, _ settings: String = "", options: ConversionOptions = .init(),
        _ build: @escaping Build = { _ in }
    ) -> RuleCase {
        RuleCase(id: id, isFound: false, settings: settings, options: options, build: build)
    }

    /// What nearly every image has; cases add to it.
    static let system: Build = { tar in
        tar.directory("etc")
        tar.directory("tmp", mode: 0o1777)
        tar.directory("root", mode: 0o700)
        for directory in ["bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "run", "var/lib"] {
            tar.directory(directory)
        }
        tar.file("bin/sh", "\u{7F}ELF", mode: 0o755)
        tar.file("bin/app", "\u{7F}ELF", mode: 0o755)
    }

    /// Account files, where a case does not bring its own.
    static let accounts: Build = { tar in
        tar.file(
            "etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:20000:20000::/app:/bin/sh\n")
        tar.file("etc/group", "root:x:0:\napp:x:20000:\nmedia:x:2000:app\n")
    }

    /// The case's image, checked.
    func checked(converted: Bool = false) throws -> ImageCheck {
        try check(
            options, settings: settings, converted: converted,
            [Self.system, Self.accounts, build])
    }

    /// A start script, the config that starts it, and a program that it runs.
    static func script(_ text: String, tool: String? = nil) -> Build {
        { tar in
            tar.file("start.sh", "#!/bin/sh\n" + text, mode: 0o755)
            if let tool { tar.file("usr/bin/\(tool)", "\u{7F}ELF", mode: 0o755) }
        }
    }
    static let started = #""Entrypoint":["/start.sh"],"Cmd":["app"]"#
    static let owned = #""User":"20000:20000""#

    /// Options that cannot be wrong.
    static func options(
        own: [String] = [], keep: [String] = [], layers: ConversionOptions.LayerMode = .rewrite,
        capabilities: ConversionOptions.Capabilities = .strip
    ) -> ConversionOptions {
        let options = try? ConversionOptions(
            own: own, keep: keep, layers: layers, capabilities: capabilities)
        return options ?? ConversionOptions()
    }
}
