package import DerootBytes

/// The marker file of an OCI image layout (OCI image-spec, image-layout.md, "oci-layout file").
package enum OCILayout {
    /// The marker's name.
    package static let fileName = "oci-layout"
    /// The index's name.
    package static let indexName = "index.json"
    /// The one version there is.
    package static let version = "1.0.0"
    /// The marker's content.
    package static let bytes = Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)
    /// The annotation in index.json that names an image.
    package static let referenceName = "org.opencontainers.image.ref.name"

    /// Checks a marker file.
    ///
    /// - Throws: `.malformed`, or `.unsupported` for another version.
    package static func check(_ bytes: [UInt8]) throws(DerootError) {
        let found = try Document(parsing: bytes).root.text("imageLayoutVersion")
        guard let found else {
            throw DerootError(.malformed, "\(fileName) has no 'imageLayoutVersion'")
        }
        guard found == version else {
            throw DerootError(
                .unsupported,
                "the image layout has version '\(printable(found.utf8.prefix(40)))', not \(version)"
            )
        }
    }
}
