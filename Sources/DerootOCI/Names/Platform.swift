package import DerootBytes

/// What an image runs on (OCI image-spec, image-index.md, "platform"); names are Go's.
package struct Platform: Sendable, Hashable, CustomStringConvertible {
    /// The operating system, such as `linux`; empty where a document does not say.
    package var os: String
    /// The architecture, such as `amd64`; empty where a document does not say.
    package var architecture: String
    /// The architecture's variant, such as `v7`.
    package var variant: String?
    /// The version of the operating system (Windows).
    package var osVersion: String?
    /// Features of the operating system (Windows).
    package var osFeatures: [String]

    /// Makes a platform of its parts, which are kept as they are.
    package init(
        os: String, architecture: String, variant: String? = nil, osVersion: String? = nil,
        osFeatures: [String] = []
    ) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
        self.osVersion = osVersion
        self.osFeatures = osFeatures
    }

    /// Reads `platform` of a descriptor, or the same members of an image config.
    ///
    /// - Throws: `.malformed` for a member of the wrong type, `.hostile` for one given twice.
    package init(_ object: JSONObject) throws(DerootError) {
        os = try object.text("os") ?? ""
        architecture = try object.text("architecture") ?? ""
        variant = try object.text("variant").flatMap { $0.isEmpty ? nil : $0 }
        osVersion = try object.text("os.version").flatMap { $0.isEmpty ? nil : $0 }
        osFeatures = try object.texts("os.features") ?? []
    }

    /// Parses `os/architecture[/variant]`, as `--platform` takes it; aliases such as x86_64 are read.
    ///
    /// - Throws: `.usage`.
    package init(parsing text: String) throws(DerootError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isWord = { (part: Substring) in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                        || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
                        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                }
        }
        guard (2...3).contains(parts.count), parts.allSatisfy(isWord) else {
            throw DerootError(
                .usage, "'\(printable(text.utf8.prefix(100)))' is not a platform",
                advice: "write os/architecture or os/architecture/variant, such as linux/arm64")
        }
        let plain = Platform(
            os: String(parts[0]), architecture: String(parts[1]),
            variant: parts.count == 3 ? String(parts[2]) : nil)
        self = plain.normalized
    }

    /// `os/architecture[/variant]`, with `unknown` for what a document does not say.
    package var description: String {
        var text = os.isEmpty ? "unknown" : os
        if let osVersion { text += "(\(osVersion))" }
        text += "/" + (architecture.isEmpty ? "unknown" : architecture)
        if let variant { text += "/\(variant)" }
        return text
    }

    /// Whether this is BuildKit's `unknown/unknown`, the platform of what is not to be run.
    package var isUnknown: Bool { os == "unknown" && architecture == "unknown" }

    /// Whether an image for this platform is what was asked for.
    ///
    /// Both are normalised first; a version and features count only where they were asked for.
    package func matches(_ wanted: Platform) -> Bool {
        let (own, wanted) = (normalized, wanted.normalized)
        guard own.os == wanted.os, own.architecture == wanted.architecture,
            own.variant == wanted.variant
        else { return false }
        if let version = wanted.osVersion, version != own.osVersion { return false }
        return wanted.osFeatures.allSatisfy(own.osFeatures.contains)
    }

    /// One spelling for each platform: lower case, no aliases, default variants as containerd has them.
    ///
    /// arm64/v8 and amd64/v1 lose their variant, arm gains v7.
    package var normalized: Platform {
        var copy = self
        copy.os = os.lowercased() == "macos" ? "darwin" : os.lowercased()
        copy.architecture = architecture.lowercased()
        copy.variant = variant?.lowercased()
        switch (copy.architecture, copy.variant) {
        case ("i386", _): (copy.architecture, copy.variant) = ("386", nil)
        case ("x86_64", _), ("x86-64", _), ("amd64", _):
            copy.architecture = "amd64"
            if copy.variant == "v1" { copy.variant = nil }
        case ("aarch64", _), ("arm64", _):
            copy.architecture = "arm64"
            if copy.variant == "v8" || copy.variant == "8" { copy.variant = nil }
        case ("armhf", _): (copy.architecture, copy.variant) = ("arm", "v7")
        case ("armel", _): (copy.architecture, copy.variant) = ("arm", "v6")
        case ("arm", nil), ("arm", "7"): copy.variant = "v7"
        case ("arm", "5"), ("arm", "6"), ("arm", "8"): copy.variant = "v" + (copy.variant ?? "")
        default: break
        }
        return copy
    }

    /// The JSON object of a descriptor's `platform`.
    package var json: JSON {
        var object: JSONObject = [
            "architecture": .string(architecture), "os": .string(os),
        ]
        if let osVersion { object["os.version"] = .string(osVersion) }
        if !osFeatures.isEmpty { object["os.features"] = .strings(osFeatures) }
        if let variant { object["variant"] = .string(variant) }
        return .object(object)
    }
}
