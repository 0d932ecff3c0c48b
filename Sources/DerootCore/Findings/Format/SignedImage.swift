import DerootBytes
import DerootOCI
import DerootStore
import DerootTar

/// NR065: attestations and artifacts about the image.
package enum SignedImage: ImageRule {
    package static let rule = Rule(
        "NR065", "signed-or-attested", .warn, "Signatures or attestations speak of this image",
        help: """
            Attestations and artifacts that name the image's digest are about the bytes before \
            the conversion. The result has another digest: convert leaves them out and lists \
            them; sign the result anew.
            """,
        classes: [])

    package static func findings(in image: CheckedImage) -> [Finding] {
        guard !image.isConverted else { return [] }
        let digest = image.image.descriptor.digest
        let speaking = image.graph.others.filter { other in
            let reference = other.descriptor.annotations["vnd.docker.reference.digest"]
            return other.subject == digest || reference == digest.description
        }
        return found(
            count(speaking.count, "attestation or artifact is", "attestations or artifacts are")
                + " about this image",
            at: speaking.map { other in
                let what =
                    switch other.reason {
                    case .attestation: "an attestation"
                    case .artifact(let kind): kind
                    case .platform: "an image"
                    }
                return Finding.Evidence(
                    .config("manifests"), before: "\(other.descriptor.digest.short) \(what)")
            }, fix: .none("sign and attest the result"))
    }
}
