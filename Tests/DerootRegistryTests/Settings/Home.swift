import DerootBytes
import DerootRegistry
import DerootTestSupport

/// A machine of a test's own: a home, an `/etc` and programs.
struct Home {
    let files: TemporaryDirectory

    init() throws(DerootError) { files = try TemporaryDirectory() }

    /// Writes a file below the machine's root.
    func write(_ path: String, _ text: String) throws(DerootError) {
        try files.write(path, Array(text.utf8))
    }

    /// Writes a shell script that plays `docker-credential-NAME`.
    func helper(_ name: String, _ body: String) throws(DerootError) {
        try write("bin/docker-credential-\(name)", "#!/bin/sh\n\(body)\n")
        try File.opening(files("bin/docker-credential-\(name)"), flags: 0).setPermissions(0o755)
    }

    /// The machine's environment; a nil value takes a variable away.
    func environment(_ changes: [String: String?] = [:]) -> SettingsEnvironment {
        var variables = [
            "HOME": files("home"), "XDG_RUNTIME_DIR": files("run"),
            "PATH": "relative:\(files("bin")):/usr/bin:/bin",
        ]
        for (name, value) in changes { variables[name] = value }
        return SettingsEnvironment(variables: variables, root: files.path, userID: 1000)
    }

    /// Settings as a command would read them.
    func settings(
        _ overrides: RegistryOverrides = RegistryOverrides(), _ changes: [String: String?] = [:]
    ) throws(DerootError) -> ContainersSettings {
        try ContainersSettings(overrides, in: environment(changes))
    }
}

/// The error that a piece of work ends with.
func failure(_ work: () throws(DerootError) -> Void) -> DerootError? {
    do throws(DerootError) {
        try work()
        return nil
    } catch { return error }
}

/// An `auth` member: base64 of `user:password`.
func auth(_ text: String) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let part = bytes[start..<min(start + 3, bytes.count)]
        var bits: UInt32 = 0
        for index in 0..<3 {
            bits = bits << 8 | UInt32(part.count > index ? part[start + index] : 0)
        }
        for index in 0..<4 {
            out.append(
                index <= part.count
                    ? digits[Int(bits >> (18 - 6 * UInt32(index)) & 63)] : UInt8(ascii: "="))
        }
    }
    return #"{"auth":"\#(String(decoding: out, as: UTF8.self))"}"#
}
