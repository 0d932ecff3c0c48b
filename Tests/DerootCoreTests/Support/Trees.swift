import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport

/// Builds one layer.
typealias Build = @Sendable (inout TarBuilder) -> Void

/// The listings of layers, lowest first.
func listings(_ builds: [Build]) throws -> [LayerListing] {
    try builds.map { build in
        var tar = TarBuilder()
        build(&tar)
        return try listing(tar.ended)
    }
}

/// The merged view of layers, lowest first.
func merged(_ builds: Build...) throws -> FileTree { try FileTree(listings(builds)) }

extension FileTree {
    /// All paths of the view but the root, sorted.
    var paths: [String] {
        var out: [String] = []
        walk { node in
            if node != 0 { out.append(String(path(of: node).description.dropFirst())) }
        }
        return out.sorted()
    }

    /// Which entry is shown at a path, as `layer:index`.
    func shown(_ path: TarPath) -> String? {
        entry(at: path).map { "\($0.layer):\($0.index)" }
    }
}
