package import DerootBytes
package import DerootOCI

/// A destination that can hold documents about its images besides them.
package protocol AttachmentDestination: ImageDestination {
    /// Adds documents about an image that is there; idempotent.
    ///
    /// - Throws: `.notFound` where the destination is not there, and what writing it throws.
    func attach(_ referrers: [Referrer]) throws(DerootError)
}

extension LayoutDestination: AttachmentDestination {
    /// Adds the documents as entries of index.json, which their kinds tell from images.
    package func attach(_ referrers: [Referrer]) throws(DerootError) {
        let transaction = try layoutTransaction()
        do throws(DerootError) {
            for referrer in referrers {
                for blob in referrer.blobs { try transaction.put(blob) }
                try transaction.put(referrer.manifest)
            }
            try transaction.commit(attaching: referrers.map(\.descriptor))
        } catch {
            transaction.abort()
            throw error
        }
    }
}

extension ImageDestination {
    /// Makes sure that documents can be added, before any work is done.
    ///
    /// - Throws: `.usage` for archives: Docker's have no place for them, and OCI's are written whole.
    package func requireAttachments() throws(DerootError) -> any AttachmentDestination {
        guard let destination = self as? any AttachmentDestination else {
            throw DerootError(
                .usage, "an archive cannot take attachments", at: .init(file: name),
                advice: "write an OCI layout, oci:PATH, or to a registry")
        }
        return destination
    }
}
