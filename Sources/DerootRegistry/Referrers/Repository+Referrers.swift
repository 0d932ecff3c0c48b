import DerootBytes
import DerootOCI
import DerootStore

extension Repository {
    /// The documents in this repository that speak of one of these digests.
    ///
    /// `limit` is for the bytes of one list. Cosign's tags are looked for as well, with HEAD.
    ///
    /// - Throws: `.denied`, `.transient`, `.malformed` for an answer that is no list.
    func referrers(
        of subjects: [Digest], limit: Int
    ) throws(DerootError) -> [Referrer.Found] {
        var found: [Referrer.Found] = []
        var hasAPI = true
        for subject in subjects {
            try Interruption.check()
            var list = hasAPI ? try listed(subject, limit: limit) : nil
            // A registry has the API or has not, whatever the image.
            hasAPI = list != nil
            if list == nil { list = try tagged(subject, limit: limit) }
            for document in list?.manifests ?? [] {
                let type =
                    document.annotations[Referrer.typeAnnotation] ?? document.artifactType
                    ?? "unknown"
                found.append(
                    .init(
                        subject: subject, digest: document.digest,
                        what: "a referrer of type '\(printable(type.utf8.prefix(100)))'"))
            }
            for kind in CosignTag.allCases {
                guard let document = try head(kind.tag(subject)) else { continue }
                found.append(.init(subject: subject, digest: document.digest, what: kind.what))
            }
        }
        return found
    }

    /// What the API lists, its first page; nil where there is no API.
    private func listed(
        _ subject: Digest, limit: Int
    ) throws(DerootError) -> ReferrersIndex? {
        var request = request(.get, "referrers/\(subject)")
        request.fields = [("Accept", MediaType.index.rawValue)]
        request.limit = limit
        let outcome = try send(request, repeats: true)
        guard let response = outcome.response else { throw refusal(outcome, "the referrers") }
        switch response.status {
        case 200:
            // A front page with status 200 is no answer to this.
            guard MediaType(response["content-type"] ?? "") == .index else { return nil }
            return try ReferrersIndex(parsing: response.body)
        case 401, 429: throw refusal(outcome, "the referrers")
        default: return nil
        }
    }

    /// What the fallback tag lists; nil where there is none.
    private func tagged(
        _ subject: Digest, limit: Int
    ) throws(DerootError) -> ReferrersIndex? {
        guard let stored = try manifest(ReferrersIndex.tag(subject), limit: limit) else {
            return nil
        }
        return try ReferrersIndex(parsing: stored.bytes)
    }

    /// Stores a document that speaks of an image here; idempotent.
    ///
    /// Where the answer does not say that the registry has understood the subject, the document goes
    /// into the fallback tag's list. Two who do that at once may lose one entry: registries offer no
    /// way to compare and set.
    ///
    /// - Throws: `.denied`, `.transient`, and what uploading throws.
    func attach(
        _ referrer: Referrer, subject: Digest, limit: Int
    ) throws(DerootError) {
        let (stored, outcome) = try put(referrer, as: nil)
        guard outcome.response?["oci-subject"] == nil else { return }
        var list = try tagged(subject, limit: limit) ?? ReferrersIndex()
        guard list.add(stored.descriptor) else { return }
        try put(list.bytes, .index, as: ReferrersIndex.tag(subject))
    }

    /// Stores an artifact under a tag, else under its digest; gives the form that was stored, and the answer.
    ///
    /// GitLab refuses a manifest with an artifact type or a config's type that it does not know, Quay one with
    /// a pair of config and layer that its owner has not listed: those get the plain form, from then on.
    ///
    /// - Throws: `.denied`, `.transient`, and what uploading throws.
    func put(
        _ artifact: Referrer, as tag: String?
    ) throws(DerootError) -> (stored: Referrer, outcome: HTTPOutcome) {
        let isStrict = client.isStrict(endpoint.host)
        let first = isStrict ? artifact.plain : artifact
        let (outcome, refusal) = try offer(first, as: tag)
        guard let refusal else { return (first, outcome) }
        guard !isStrict, [400, 404, 415, 422, 500].contains(outcome.response?.status) else {
            throw refusal
        }
        let plain = artifact.plain
        let second: (outcome: HTTPOutcome, refusal: DerootError?)
        do throws(DerootError) {
            second = try offer(plain, as: tag)
        } catch {
            throw error.code == .interrupted ? error : refusal
        }
        guard second.refusal == nil else { throw refusal }
        client.noteStrict(endpoint.host)
        return (plain, second.outcome)
    }

    private func offer(
        _ artifact: Referrer, as tag: String?
    ) throws(DerootError) -> (outcome: HTTPOutcome, refusal: DerootError?) {
        for blob in artifact.blobs { try upload(blob) }
        return try offer(
            artifact.manifest, .manifest, as: tag ?? artifact.descriptor.digest.description)
    }

    /// Makes sure that a small blob is here.
    func upload(_ blob: [UInt8]) throws(DerootError) {
        let digest = Digest.of(blob)
        guard try blobSize(digest) == nil else { return }
        let file = try File.anonymous(in: temporaryDirectory())
        try file.write(blob)
        _ = try Upload(repository: self, digest: digest).run(BlobFile(try FileSlice(file)))
    }
}
