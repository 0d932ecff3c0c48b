package import DerootBytes
import DerootOCI
package import DerootStore

/// An OCI image layout in a directory of a test's own.
package struct LayoutFixture: Sendable {
    package let directory: TemporaryDirectory
    private let name = "source"

    /// A layout that holds one image, or several under an index of their own.
    ///
    /// `others` are entries of the index as JSON text, such as attestations; `blobs` is what those
    /// name; `missing` is left out.
    package init(
        _ images: [ImageFixture], others: [String] = [], blobs: [[UInt8]] = [],
        missing: Set<Digest> = []
    ) throws(DerootError) {
        directory = try TemporaryDirectory()
        var all = images.flatMap(\.blobs) + blobs
        var top = images.map { $0.entry() }
        if images.count + others.count != 1 {
            let index = Array(Self.index(top + others).utf8)
            all.append(index)
            top = [ImageFixture.descriptor(.index, Digest.of(index), index.count)]
        }
        try directory.write("\(name)/oci-layout", OCILayout.bytes)
        try directory.write("\(name)/index.json", Array(Self.index(top).utf8))
        for blob in all where !missing.contains(Digest.of(blob)) { try write(blob) }
    }

    /// A layout of one image.
    package init(_ image: ImageFixture) throws(DerootError) { try self.init([image]) }

    /// Puts bytes into the layout, under their own digest or in the place of other bytes.
    package func write(_ blob: [UInt8], as digest: Digest? = nil) throws(DerootError) {
        let digest = digest ?? Digest.of(blob)
        try directory.write("\(name)/blobs/\(digest.algorithm.rawValue)/\(digest.hex)", blob)
    }

    /// An index of entries.
    package static func index(_ entries: [String]) -> String {
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.index)","manifests":["#
            + entries.joined(separator: ",") + "]}"
    }

    /// Opens it as a conversion does.
    package func source() throws(DerootError) -> any ImageSource {
        try TransportReference.local(LocalReference(.oci, path: directory(name))).openSource()
    }

    /// A place in the same directory for results.
    package func destination(
        _ name: String = "result", _ transport: LocalReference.Transport = .oci
    ) throws(DerootError) -> any ImageDestination {
        try TransportReference.local(LocalReference(transport, path: directory(name)))
            .openDestination()
    }

    /// Opens a result.
    package func result(
        _ name: String = "result", _ transport: LocalReference.Transport = .oci
    ) throws(DerootError) -> any ImageSource {
        try TransportReference.local(LocalReference(transport, path: directory(name))).openSource()
    }
}
