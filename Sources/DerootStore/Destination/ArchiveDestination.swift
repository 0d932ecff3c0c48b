package import DerootBytes
import DerootOCI

/// A tar file, or standard output: an OCI layout, for docker-archive with Docker's manifest.json.
///
/// An archive holds one result; a file in its place is replaced at the commit.
package struct ArchiveDestination: ImageDestination {
    private let reference: LocalReference
    private let limits: Limits

    /// Names an archive.
    ///
    /// - Throws: `.usage` where standard output is a terminal, and for a docker-archive name that
    ///   is not a repository with a tag.
    package init(_ reference: LocalReference, limits: Limits) throws(DerootError) {
        self.reference = reference
        self.limits = limits
        if reference.isStandardStream, File.standardOutput.isTerminal {
            throw DerootError(
                .usage, "an archive is to be written to standard output, which is a terminal",
                advice: "redirect it to a file or a pipe")
        }
        guard reference.transport == .dockerArchive, let name = reference.selectedName else {
            return
        }
        guard repositoryTag(name) != nil else {
            throw DerootError(
                .usage, "'\(printable(name.utf8.prefix(200)))' is not a name with a tag",
                at: .init(file: reference.description))
        }
    }

    /// What is written, as the user would write it.
    package var name: String { reference.description }

    /// Starts a transaction.
    package func begin() throws(DerootError) -> any DestinationTransaction {
        do throws(DerootError) {
            return try ArchiveTransaction(reference, limits: limits)
        } catch { throw error.located(in: .init(file: name)) }
    }
}

/// A name in Docker's full form with a tag; nil for what is none, or has a digest.
func repositoryTag(_ name: String) -> ImageName? {
    do throws(DerootError) {
        let name = try ImageName(parsing: name)
        return name.digest == nil ? name : nil
    } catch { return nil }
}
