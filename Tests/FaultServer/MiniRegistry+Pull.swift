import DerootBytes
import DerootOCI

extension MiniRegistry.State {
    /// GET, HEAD, PUT and DELETE of a manifest.
    mutating func manifest(
        _ request: Request, _ repository: String, _ reference: String
    ) -> Response {
        switch request.method {
        case "GET", "HEAD":
            let digest = contents[repository].tags[reference] ?? reference
            guard let found = contents[repository].manifests[digest] else {
                return .error(404, "MANIFEST_UNKNOWN", "manifest unknown")
            }
            // Docker's registry knows no OCI document for a client that does not ask for one.
            let accepted = request.headers.all("Accept").joined(separator: ",")
            guard accepted.contains(found.type) || accepted.isEmpty || accepted.contains("*/*")
            else {
                return .error(404, "MANIFEST_UNKNOWN", "not in an accepted type")
            }
            var response = Response(200, ["Content-Type": found.type], body: found.bytes)
            if manners.namesDigests { response.headers["Docker-Content-Digest"] = digest }
            return response
        case "PUT": return putManifest(request, repository, reference)
        case "DELETE":
            contents[repository].tags[reference] = nil
            contents[repository].manifests[reference] = nil
            return Response(202)
        default: return .error(405, "UNSUPPORTED")
        }
    }

    private mutating func putManifest(
        _ request: Request, _ repository: String, _ reference: String
    ) -> Response {
        guard request.body.count <= manners.manifestLimit else {
            return .error(413, "SIZE_INVALID", "manifest too large")
        }
        let digest = Digest.of(request.body).description
        let isDigest = reference.utf8.contains(UInt8(ascii: ":"))
        guard !isDigest || reference == digest else { return .error(400, "DIGEST_INVALID") }
        let missing = contents[repository].missing(for: request.body)
        guard missing.isEmpty else {
            return .error(400, "MANIFEST_BLOB_UNKNOWN", missing.joined(separator: " "))
        }
        contents[repository].manifests[digest] = .init(
            type: request.headers["Content-Type"] ?? "", bytes: request.body)
        if !isDigest { contents[repository].tags[reference] = digest }
        var response = Response(201, ["Location": "/v2/\(repository)/manifests/\(digest)"])
        if manners.namesDigests { response.headers["Docker-Content-Digest"] = digest }
        let subject = (try? Document(parsing: request.body))?.root["subject"]?.object?["digest"]
        if manners.hasReferrers, let subject = subject?.string {
            response.headers["OCI-Subject"] = subject
        }
        return response
    }

    /// GET, HEAD and DELETE of a blob.
    mutating func blob(_ request: Request, _ repository: String, _ digest: String) -> Response {
        guard let bytes = contents[repository].blobs[digest] else {
            return .error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        }
        guard request.method != "DELETE" else {
            contents[repository].blobs[digest] = nil
            return Response(202)
        }
        var response = Response(
            200, ["Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"], body: bytes
        )
        if manners.namesDigests { response.headers["Docker-Content-Digest"] = digest }
        guard request.method == "GET", let text = request.headers["Range"] else { return response }
        guard let range = byteRange(text, of: bytes.count) else {
            return Response(416, ["Content-Range": "bytes */\(bytes.count)"])
        }
        response.status = 206
        response.body = Array(bytes[range])
        response.headers["Content-Range"] =
            "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"
        return response
    }

    /// GET of the tags, in pages where the client or the registry wants them.
    func tags(_ request: Request, _ repository: String) -> Response {
        guard contents.repositories[repository] != nil else { return .error(404, "NAME_UNKNOWN") }
        var names = contents[repository].tags.keys.sorted()
        if let last = request.query("last") { names = names.filter { $0 > last } }
        let wanted = request.query("n").flatMap(Int.init) ?? names.count
        let page = names.prefix(wanted)
        let list = JSON.object(["name": .string(repository), "tags": .strings(page)])
        var response = Response.json(String(decoding: list.serialized(), as: UTF8.self))
        if page.count < names.count, let last = page.last {
            response.headers["Link"] =
                "</v2/\(repository)/tags/list?n=\(wanted)&last=\(last)>; rel=\"next\""
        }
        return response
    }

    /// GET of what names a digest as its subject.
    func referrers(_ repository: String, _ digest: String) -> Response {
        guard manners.hasReferrers else { return .error(404, "NOT_FOUND") }
        let list = contents[repository].referrers(of: digest)
        var response = Response.json(
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.index)","manifests":["#
                + list.joined(separator: ",") + "]}")
        response.headers["Content-Type"] = MediaType.index.rawValue
        return response
    }
}

/// `bytes=a-`, `bytes=a-b` or `bytes=-n` (RFC 9110, 14.1.2); nil where nothing of it is there.
private func byteRange(_ text: String, of count: Int) -> Range<Int>? {
    guard text.utf8.starts(with: "bytes=".utf8) else { return nil }
    let parts = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    guard let first = Int(parts[0]) else {
        return Int(parts[1]).map { max(0, count - $0)..<count }
    }
    let last = min(Int(parts[1]) ?? count - 1, count - 1)
    return first <= last ? first..<(last + 1) : nil
}
