import DerootBytes

extension MiniRegistry.State {
    /// POST: a mount, a whole blob, or a new session (distribution-spec, "Pushing blobs").
    mutating func newUpload(_ request: Request, _ repository: String) -> Response {
        guard request.method == "POST" else { return .error(405, "UNSUPPORTED") }
        if manners.mounts, let digest = request.query("mount"), let from = request.query("from"),
            let bytes = contents[from].blobs[digest]
        {
            contents[repository].blobs[digest] = bytes
            return created(repository, digest)
        }
        if let digest = request.query("digest"), !request.body.isEmpty {
            return store(request.body, repository, digest)
        }
        let id = "session-\(nextUpload)"
        nextUpload += 1
        uploads[id] = []
        return session(202, repository, id)
    }

    /// PATCH, PUT, GET and DELETE of a session.
    mutating func upload(_ request: Request, _ repository: String, _ id: String) -> Response {
        guard let kept = uploads[id] else { return .error(404, "BLOB_UPLOAD_UNKNOWN") }
        // A registry that keeps state in the Location wants it back.
        let target = manners.uploadState.dropFirst()
        guard target.isEmpty || request.target.contains(target) else {
            return .error(400, "BLOB_UPLOAD_INVALID", "the state is missing")
        }
        switch request.method {
        case "GET": return session(204, repository, id)
        case "DELETE":
            uploads[id] = nil
            return Response(204)
        case "PATCH":
            guard follows(request, kept.count) else {
                return session(416, repository, id)
            }
            uploads[id] = kept + request.body
            return session(202, repository, id)
        case "PUT":
            guard follows(request, kept.count) else { return session(416, repository, id) }
            let response = store(kept + request.body, repository, request.query("digest") ?? "")
            if response.status == 201 { uploads[id] = nil }
            return response
        default: return .error(405, "UNSUPPORTED")
        }
    }

    private func follows(_ request: Request, _ count: Int) -> Bool {
        guard let range = request.headers["Content-Range"] else { return true }
        let parts = range.split(separator: "-")
        guard parts.count == 2, let first = Int(parts[0]), let last = Int(parts[1]) else {
            return false
        }
        // A cut upload holds less than it says.
        return first == count && last - first + 1 >= request.body.count
    }

    private mutating func store(
        _ bytes: [UInt8], _ repository: String, _ digest: String
    ) -> Response {
        guard let wanted = try? Digest(parsing: digest),
            Digest.of(bytes, algorithm: wanted.algorithm) == wanted
        else { return .error(400, "DIGEST_INVALID", "provided digest did not match content") }
        contents[repository].blobs[digest] = bytes
        return created(repository, digest)
    }

    private func created(_ repository: String, _ digest: String) -> Response {
        Response(
            201,
            [
                "Location": "/v2/\(repository)/blobs/\(digest)",
                "Docker-Content-Digest": digest,
            ])
    }

    private func session(_ status: Int, _ repository: String, _ id: String) -> Response {
        let count = uploads[id]?.count ?? 0
        var response = Response(
            status,
            [
                "Location": "\(manners.uploadHost)/v2/\(repository)/blobs/uploads/\(id)"
                    + manners.uploadState,
                "Range": "0-\(max(0, count - 1))", "Docker-Upload-UUID": id,
            ])
        if let minimum = manners.chunkMinimum {
            response.headers["OCI-Chunk-Min-Length"] = "\(minimum)"
        }
        return response
    }
}
