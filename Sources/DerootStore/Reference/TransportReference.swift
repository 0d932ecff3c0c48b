package import DerootBytes
package import DerootOCI

/// Where an image is read from or written to, as people write it on a command line.
package enum TransportReference: Sendable, Hashable {
    /// On this machine.
    case local(LocalReference)
    /// In a registry.
    case registry(ImageName)

    /// Parses `oci:PATH[:REF|@N]`, `oci-archive:…`, `docker-archive:…`, `docker://REF` or a bare name.
    ///
    /// PATH ends at the first `:`; the convention has no escape for paths that hold one. A bare
    /// name is a path if something of that name exists, and what it is shows by its content;
    /// all other bare names are of registries.
    ///
    /// - Throws: `.usage` for what nobody can read, `.notFound` for a bare name that can only be a
    ///   path, `.unsupported` for a path to something that is no image.
    package init(parsing text: String) throws(DerootError) {
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        let scheme = String(text[..<colon])
        guard colon < text.endIndex else {
            self = try Self.bare(text)
            return
        }
        let rest = text[text.index(after: colon)...]
        if let transport = LocalReference.Transport(rawValue: scheme) {
            self = .local(try LocalReference(transport, parsing: rest))
        } else if scheme == "docker" {
            guard rest.hasPrefix("//") else {
                throw DerootError(
                    .usage, "'\(printable(text.utf8))' lacks the slashes of docker://NAME",
                    advice: "write docker://\(printable(rest.utf8))")
            }
            self = .registry(try Self.name(String(rest.dropFirst(2))))
        } else if let advice = Self.foreignTransports[scheme] {
            throw DerootError(
                .usage, "deroot does not read or write '\(scheme):'", advice: advice)
        } else {
            self = try Self.bare(text)
        }
    }

    private static let foreignTransports = [
        "containers-storage":
            "export the image first: podman save --format oci-archive -o image.tar NAME",
        "docker-daemon": "export the image first: docker save -o image.tar NAME",
        "dir": "copy it into a layout first: skopeo copy dir:PATH oci:PATH",
    ]

    private static func bare(_ text: String) throws(DerootError) -> TransportReference {
        guard !text.isEmpty else { throw DerootError(.usage, "an image name is empty") }
        if try File.kind(of: text) != nil {
            return .local(LocalReference(try sniffedTransport(text), path: text.trimmingSlashes))
        }
        let path = text.prefix { $0 != ":" }
        if path.endIndex < text.endIndex, Self.looksLikeArchive(path),
            try File.kind(of: String(path)) == .regular
        {
            throw DerootError(
                .usage, "'\(printable(path.utf8))' is a file, and what follows it names an image",
                advice: "say what it is: oci-archive:\(printable(text.utf8)) or "
                    + "docker-archive:\(printable(text.utf8))")
        }
        // A registry's name never begins so.
        guard !text.hasPrefix("/"), !text.hasPrefix("./"), !text.hasPrefix("../") else {
            throw DerootError(
                .notFound, "there is no such file", at: .init(file: text),
                advice: "with a reference after the path, say what it is: "
                    + "oci:PATH:REF, oci-archive:PATH:REF or docker-archive:PATH:REF")
        }
        return .registry(try name(text))
    }

    /// True for names that people give to archives and hardly to repositories.
    private static func looksLikeArchive(_ path: Substring) -> Bool {
        [".tar", ".tgz", ".tar.gz", ".tar.zst"].contains { path.hasSuffix($0) }
    }

    private static func name(_ text: String) throws(DerootError) -> ImageName {
        do throws(DerootError) {
            return try ImageName(parsing: text)
        } catch {
            throw DerootError(
                .usage, error.message,
                advice: "local images are written as oci:PATH, "
                    + "oci-archive:FILE or docker-archive:FILE")
        }
    }
}

extension TransportReference: CustomStringConvertible {
    /// As it is written on a command line, with a transport.
    package var description: String {
        switch self {
        case .local(let reference): reference.description
        case .registry(let name): "docker://\(name)"
        }
    }
}

extension LocalReference {
    /// Parses what follows the transport: `PATH[:REF|@N]`.
    fileprivate init(
        _ transport: Transport, parsing text: Substring
    ) throws(DerootError) {
        let refuse = { (why: String) in
            DerootError(.usage, "'\(transport.rawValue):\(printable(text.utf8))': \(why)")
        }
        let path = text.prefix { $0 != ":" }
        guard !path.isEmpty else { throw refuse("the path is empty") }
        guard path.endIndex < text.endIndex else {
            self.init(transport, path: path.trimmingSlashes)
            return
        }
        let name = text[text.index(after: path.endIndex)...]
        guard !name.isEmpty else { throw refuse("the reference after ':' is empty") }
        guard name.hasPrefix("@") else {
            self.init(transport, path: path.trimmingSlashes, selection: .name(String(name)))
            return
        }
        let digits = name.dropFirst()
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let position = Int(digits)
        else { throw refuse("after '@' comes the place in the list, from 0") }
        self.init(transport, path: path.trimmingSlashes, selection: .position(position))
    }
}

extension StringProtocol {
    /// Without slashes at the end, except for the root itself.
    fileprivate var trimmingSlashes: String {
        var text = String(self)
        while text.utf8.count > 1, text.hasSuffix("/") { text.removeLast() }
        return text
    }
}
