package import DerootBytes
package import DerootOCI
import DerootStore

extension RegistryDestination: AttachmentDestination {
    /// Stores documents about an image that was pushed.
    ///
    /// - Throws: `.denied`, `.transient`, and what uploading throws.
    package func attach(_ referrers: [Referrer]) throws(DerootError) {
        do throws(DerootError) {
            let repository = try repository()
            for referrer in referrers {
                try Interruption.check()
                let subject = try Manifest(parsing: referrer.manifest).subject
                guard let subject else { continue }
                try repository.attach(
                    referrer, subject: subject.digest, limit: limits.manifestBytes)
            }
        } catch { throw error.located(in: .init(file: name)) }
    }
}

extension RegistrySource {
    /// The documents in the image's repository that speak of one of these digests; those of mirrors
    /// are not looked for.
    ///
    /// - Throws: `.denied`, `.transient`, `.malformed`.
    package func referrers(of digests: [Digest]) throws(DerootError) -> [Referrer.Found] {
        guard let repository = repositories.last else { return [] }
        do throws(DerootError) {
            return try repository.referrers(of: digests, limit: limits.manifestBytes)
        } catch { throw error.located(in: .init(file: name)) }
    }
}
