import DerootBytes
package import DerootCore
import DerootOCI
import DerootTar

/// How the converted image can be run with nothing but what it needs: a pod and a command line.
///
/// Both follow the Pod Security Standards' profile restricted, with a root file system that nothing
/// is written to, since that is what a non-root image is mostly wanted for.
package struct RunHints: Sendable, Hashable {
    /// A `docker run` line, quoted for a POSIX shell.
    package let docker: String
    /// A manifest of kind Pod, YAML.
    package let kubernetes: String

    /// The hints for an image that can be converted; nil for others.
    package init?(_ image: GradedImage, source: String) {
        guard let plan = image.check.plan else { return nil }
        if case .refused = image.check.verdict { return nil }
        let needs = Needs(image, plan)
        let name = Self.name(source)
        // What is converted already is run under the name that it has.
        let result = image.check.verdict == .already ? name : "\(name)-nonroot"
        docker = Self.docker(needs, result)
        kubernetes = Self.kubernetes(needs, name, result)
    }

    /// What a container of the image needs beside its root file system.
    private struct Needs {
        let uid: UInt32
        let gid: UInt32
        var ports: [(number: UInt16, transport: String)] = []
        var volumes: [String] = []
        var scratch: [String] = []
        /// Paths whose names cannot be given to an engine.
        var unnamable: Set<TarPath> = []

        var lowest: UInt16? { ports.map(\.number).filter { $0 > 0 && $0 < 1024 }.min() }

        init(_ image: GradedImage, _ plan: ImagePlan) {
            uid = plan.owner.uid
            gid = plan.owner.gid
            let exposed =
                plan.config.exposedPorts?.after ?? image.check.details?.config.exposedPorts ?? []
            for text in exposed {
                let parts = text.split(separator: "/", maxSplits: 1)
                guard let first = parts.first, let number = UInt16(first), number > 0 else {
                    continue
                }
                let transport = parts.count > 1 ? parts[1].lowercased() : "tcp"
                guard ["tcp", "udp", "sctp"].contains(transport) else { continue }
                ports.append((number, transport))
            }
            for text in image.check.details?.config.volumes ?? [] {
                add(TarPath(text), to: \.volumes)
            }
            add("tmp", to: \.scratch)
            for graded in image.findings where graded.finding.rule.id == "NR073" {
                for evidence in graded.finding.evidence {
                    if case .file(let path) = evidence.place { add(path, to: \.scratch) }
                }
            }
        }

        private mutating func add(_ path: TarPath, to list: WritableKeyPath<Needs, [String]>) {
            let text = path.description
            let isPlain =
                text.utf8.dropFirst().elementsEqual(path.bytes) && !path.isRoot
                && !text.utf8.contains(UInt8(ascii: ":")) && text.utf8.count <= 1024
                // YAML cannot hold them.
                && !text.unicodeScalars.contains { $0.value & 0xFFFE == 0xFFFE }
            guard isPlain else {
                unnamable.insert(path)
                return
            }
            // What lies inside another writable path needs no mount of its own.
            let covered = (volumes + scratch).contains { text == $0 || text.hasPrefix($0 + "/") }
            if !covered { self[keyPath: list].append(text) }
        }
    }

    /// A name that Kubernetes takes (RFC 1123 label), after the last part of the reference.
    private static func name(_ source: String) -> String {
        var rest = Substring(source)
        if let at = rest.lastIndex(of: "@") { rest = rest[..<at] }
        var last = rest.split(separator: "/").last ?? "image"
        // `nginx:1.27`, but of `oci:nginx` the path.
        let parts = last.split(separator: ":")
        let transports = ["oci", "oci-archive", "docker-archive", "docker"]
        if parts.count > 1 {
            last = transports.contains(String(parts[0])) ? parts[1] : parts[0]
        }
        if let dot = last.firstIndex(of: ".") { last = last[..<dot] }
        var name = ""
        for byte in last.utf8.prefix(50) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                name.unicodeScalars.append(Unicode.Scalar(byte + 32))
            default: if !name.isEmpty, !name.hasSuffix("-") { name += "-" }
            }
        }
        while name.hasSuffix("-") { name.removeLast() }
        if let first = name.utf8.first, first < UInt8(ascii: "a") { name = "image-" + name }
        return name.isEmpty ? "image" : name
    }

    private static func docker(_ needs: Needs, _ result: String) -> String {
        var words = [
            "docker run --rm", "--user \(needs.uid):\(needs.gid)", "--read-only",
            "--cap-drop ALL", "--security-opt no-new-privileges",
        ]
        for path in needs.scratch {
            let options =
                path == "/tmp" ? "mode=1777" : "uid=\(needs.uid),gid=\(needs.gid),mode=0755"
            words.append("--tmpfs \(quoted("\(path):\(options)"))")
        }
        for path in needs.volumes { words.append("--volume \(quoted(path))") }
        if let lowest = needs.lowest {
            words.append("--sysctl net.ipv4.ip_unprivileged_port_start=\(lowest)")
        }
        for port in needs.ports {
            let host = port.number < 1024 ? port.number + 8000 : port.number
            let suffix = port.transport == "tcp" ? "" : "/\(port.transport)"
            words.append("--publish \(host):\(port.number)\(suffix)")
        }
        words.append(result)
        return words.joined(separator: " \\\n  ") + "\n"
    }

    /// A word of a POSIX shell.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || Array("/._-:=,".utf8).contains(byte)
        }
        if isPlain { return text }
        return "'"
            + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }

    private static func kubernetes(
        _ needs: Needs, _ name: String, _ result: String
    ) -> String {
        var lines = [
            "apiVersion: v1", "kind: Pod", "metadata:", "  name: \(name)", "spec:",
            "  securityContext:", "    runAsNonRoot: true", "    runAsUser: \(needs.uid)",
            "    runAsGroup: \(needs.gid)",
        ]
        if needs.gid != 0 { lines.append("    fsGroup: \(needs.gid)") }
        lines += ["    seccompProfile:", "      type: RuntimeDefault"]
        if let lowest = needs.lowest {
            lines += [
                "    sysctls:", "      - name: net.ipv4.ip_unprivileged_port_start",
                "        value: \"\(lowest)\"",
            ]
        }
        lines += ["  containers:", "    - name: \(name)", "      image: \(result)"]
        if !needs.ports.isEmpty { lines.append("      ports:") }
        for port in needs.ports {
            lines.append("        - containerPort: \(port.number)")
            if port.transport != "tcp" {
                lines.append("          protocol: \(port.transport.uppercased())")
            }
        }
        lines += [
            "      securityContext:", "        allowPrivilegeEscalation: false",
            "        readOnlyRootFilesystem: true", "        capabilities:",
            "          drop: [ALL]", "      volumeMounts:",
        ]
        let mounts =
            needs.scratch.enumerated().map { ("scratch-\($0)", $1) }
            + needs.volumes.enumerated().map { ("data-\($0)", $1) }
        for (mount, path) in mounts {
            lines += ["        - name: \(mount)", "          mountPath: \(yaml(path))"]
        }
        lines.append("  volumes:")
        for (mount, _) in mounts {
            lines.append("    - name: \(mount)")
            if mount.hasPrefix("data") {
                lines.append("      # a VOLUME of the image: a claim, where the data shall last")
            }
            lines.append("      emptyDir: {}")
        }
        if !needs.unnamable.isEmpty {
            lines.append("# left out: \(needs.unnamable.count) paths that cannot be written here")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A YAML scalar in double quotes.
    static func yaml(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
