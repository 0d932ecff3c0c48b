import DerootBytes
import DerootOCI

/// What a registry's refusal, or its silence, means for people: what happened, and what to do next.
///
/// Never part of it: credentials, tokens, queries of URLs.
struct Refusal {
    private let outcome: HTTPOutcome
    /// Who refused.
    private let host: String
    /// The registry that people log in to.
    private let registry: String
    private let isAnonymous: Bool

    init(_ outcome: HTTPOutcome, host: String, registry: String? = nil, isAnonymous: Bool) {
        self.outcome = outcome
        self.host = host
        let name = registry ?? host
        // Docker Hub's API has a name that nobody logs in to.
        self.registry =
            name == DefaultSettings.apiHost(ImageName.dockerHub) ? ImageName.dockerHub : name
        self.isAnonymous = isAnonymous
    }

    /// The error; `what` is what was asked for, such as `nginx:1.27`.
    ///
    /// It is one of the transport, but for a 404: that the registry does not have something is an answer.
    func error(_ what: String) -> DerootError {
        switch outcome {
        case .failure(let failure):
            var error = Self.error(failure, host).ofTransport
            error.mayPass = failure.kind == .noSuchHost
            return error
        case .response(let response):
            let error = error(response, what)
            return response.status == 404 ? error : error.ofTransport
        }
    }

    private func error(_ response: HTTPResponse, _ what: String) -> DerootError {
        let said = Self.words(response).map { ": \($0)" } ?? ""
        switch response.status {
        case 401 where isAnonymous, 403 where isAnonymous:
            return DerootError(
                .denied, "\(host) does not give \(what) to just anybody\(said)",
                advice: "log in first: podman login \(registry), or docker login; or name a file "
                    + "with --authfile; a name that does not exist may be refused like this too")
        case 401:
            return DerootError(
                .denied, "\(host) does not accept our credentials for \(what)\(said)",
                advice: "log in again: podman login \(registry)")
        case 403:
            return DerootError(
                .denied, "\(host) knows us and does not allow this: \(what)\(said)",
                advice: "ask the registry's owner for the right to it")
        case 404:
            return DerootError(
                .notFound, "\(host) does not have \(what)\(said)",
                advice: isAnonymous
                    ? "check the spelling; what is private shows only after podman login \(registry)"
                    : "check the spelling of repository and tag")
        case 413:
            return DerootError(
                .limit, "\(host) does not take \(what), it is too large for that registry\(said)",
                advice: "raise the limit of the registry, or of the proxy in front of it")
        case 429:
            return DerootError(
                .transient,
                "\(host) says that there were too many requests, asked for \(what)\(said)",
                advice: isAnonymous
                    ? "try later, or log in for a higher limit: podman login \(registry)"
                    : "try later, or be more patient with --retry-times and --retry-max-wait")
        // What is tried again: 499 is a proxy's word for a server that was too slow.
        case 408, 499, 500...:
            return DerootError(
                .transient, "\(host) failed with status \(response.status) for \(what)\(said)",
                advice: "try later")
        default:
            return DerootError(
                .unsupported, "\(host) answered \(what) with status \(response.status)\(said)")
        }
    }

    /// An error for a server that wants us to wait for longer than we may.
    func tooLong(_ seconds: Double, _ what: String) -> DerootError {
        var error = error(what)
        error.code = .transient
        error.message += ", and wants us to wait for \(wholeSeconds(seconds)) seconds"
        error.advice = "try then, or allow it with --retry-max-wait"
        return error
    }

    /// The registry's own words: code and message of the first error (distribution-spec, "Error
    /// codes"); nil where the body is none of that.
    static func words(_ response: HTTPResponse) -> String? {
        guard let root = try? JSON.parse(response.body, depth: 32).object,
            let first = (try? root.array("errors"))?.first?.object
        else { return nil }
        let parts = [try? first.text("code"), try? first.text("message")].compactMap { $0 }
        let text = parts.filter { !$0.isEmpty }.joined(separator: ", ")
        return text.isEmpty ? nil : printable(text.utf8.prefix(200))
    }

    /// Whether a refusal says that what we showed was good once.
    ///
    /// Amazon's registry: "Your authorization token has expired. Reauthenticate and try again."
    static func saysExpired(_ response: HTTPResponse) -> Bool {
        guard let words = Self.words(response)?.lowercased() else { return false }
        return words.contains("expired")
            && ["token", "authorization", "credential"].contains(where: words.contains)
    }

    private static func error(_ failure: TransportFailure, _ host: String) -> DerootError {
        let detail = failure.detail.isEmpty ? "" : " (\(failure.detail))"
        switch failure.kind {
        case .noSuchHost:
            return DerootError(
                .notFound, "there is no host \(host)\(detail)",
                advice: "check the first part of the name, the network, and HTTPS_PROXY")
        case .refused:
            return DerootError(
                .transient, "nobody answers at \(host)\(detail)",
                advice: "check the port, whether the registry runs, and HTTPS_PROXY")
        case .handshake:
            let advice =
                if failure.detail.contains("wrong version number") {
                    "it seems to be plain HTTP; if the network can be trusted, --tls-verify=false"
                } else if failure.detail.contains("alert")
                    && failure.detail.contains("certificate")
                {
                    "it wants to see a certificate of ours: put NAME.cert and NAME.key into "
                        + "/etc/containers/certs.d/\(host)"
                } else {
                    "check the port and the registry's TLS settings"
                }
            return DerootError(
                .untrusted, "\(host) does not speak TLS with us\(detail)", advice: advice)
        case .certificate: return certificate(failure.detail, host)
        case .stalled:
            return DerootError(
                .transient, "\(host) made no progress for too long\(detail)",
                advice: "try later, or be more patient with --timeout")
        case .broken:
            return DerootError(
                .transient, "the connection to \(host) broke\(detail)", advice: "try again")
        case .nonsense:
            return DerootError(
                .malformed, "\(host) does not speak HTTP as it should\(detail)",
                advice: "check the port, and that this is a registry")
        }
    }

    private static func certificate(_ detail: String, _ host: String) -> DerootError {
        let advice =
            if detail.contains("expired") {
                "the registry's owner has to renew it; is this machine's clock right?"
            } else if detail.contains("subject name") || detail.contains("hostname") {
                "it was made for another name; use the name that is in it"
            } else {
                "if you know it, put its CA certificate into /etc/containers/certs.d/\(host)/ca.crt "
                    + "or name the folder with --cert-dir"
            }
        return DerootError(
            .untrusted, "the certificate of \(host) proves nothing (\(detail))", advice: advice)
    }
}
