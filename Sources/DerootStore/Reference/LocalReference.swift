/// An image on this machine's disk or standard streams, as `TRANSPORT:PATH[:REF|@N]`
/// (containers-transports(5)).
package struct LocalReference: Sendable, Hashable {
    /// In what form the images are stored.
    package enum Transport: String, Sendable, Hashable, CaseIterable {
        /// A directory: an OCI image layout.
        case oci
        /// A tar file of such a layout.
        case ociArchive = "oci-archive"
        /// A tar file as `docker save` makes it.
        case dockerArchive = "docker-archive"
    }

    /// Which of several images.
    package enum Selection: Sendable, Hashable {
        /// The only one.
        case only
        /// The one of that name.
        case name(String)
        /// The one at that place of the list, from 0.
        case position(Int)
    }

    /// In what form the images are stored.
    package let transport: Transport
    /// The directory or file, without a final slash; `-` is a standard stream, for archives.
    package let path: String
    /// Which of several images.
    package let selection: Selection

    /// Makes a reference of its parts.
    package init(_ transport: Transport, path: String, selection: Selection = .only) {
        self.transport = transport
        self.path = path
        self.selection = selection
    }

    /// Whether this is standard input or output.
    package var isStandardStream: Bool { path == "-" && transport != .oci }

    /// The name after the path; nil where there is none or a position.
    package var selectedName: String? {
        guard case .name(let name) = selection else { return nil }
        return name
    }
}

extension LocalReference: CustomStringConvertible {
    /// As it is written on a command line.
    package var description: String {
        let place = "\(transport.rawValue):\(path)"
        switch selection {
        case .only: return place
        case .name(let name): return "\(place):\(name)"
        case .position(let position): return "\(place):@\(position)"
        }
    }
}
