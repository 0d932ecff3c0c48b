import DerootBytes
import Testing

@testable import DerootRegistry

@Suite("What refusals say")
struct RefusalTests {
    private func error(_ outcome: HTTPOutcome, isAnonymous: Bool = true) -> DerootError {
        Refusal(outcome, host: "r.corp:5000", isAnonymous: isAnonymous).error("team/app:1")
    }

    @Test(arguments: [
        (401, true, DerootError.Code.denied, "podman login r.corp:5000"),
        (401, false, .denied, "log in again"), (403, true, .denied, "podman login"),
        (403, false, .denied, "right"), (404, true, .notFound, "spelling"),
        (404, false, .notFound, "spelling"), (413, false, .limit, "limit"),
        (429, true, .transient, "log in"), (429, false, .transient, "--retry-times"),
        (500, true, .transient, "later"), (503, false, .transient, "later"),
    ])
    func status(_ status: Int, _ isAnonymous: Bool, _ code: DerootError.Code, _ advice: String) {
        let error = error(.response(HTTPResponse(status)), isAnonymous: isAnonymous)
        #expect(error.code == code)
        #expect(error.message.contains("r.corp:5000"))
        #expect(error.message.contains("team/app:1"))
        #expect(error.advice?.contains(advice) == true)
    }

    @Test(arguments: [
        (TransportFailure.Kind.noSuchHost, "", DerootError.Code.notFound, "HTTPS_PROXY"),
        (.refused, "", .transient, "port"), (.stalled, "", .transient, "--timeout"),
        (.broken, "", .transient, "again"), (.nonsense, "", .malformed, "registry"),
        (.handshake, "wrong version number", .untrusted, "--tls-verify=false"),
        (.certificate, "certificate has expired", .untrusted, "renew"),
        (.certificate, "no alternative certificate subject name matches", .untrusted, "name"),
        (.certificate, "self-signed certificate", .untrusted, "certs.d/r.corp:5000/ca.crt"),
    ])
    func failure(
        _ kind: TransportFailure.Kind, _ detail: String, _ code: DerootError.Code, _ advice: String
    ) {
        let error = error(.failure(TransportFailure(kind, detail)))
        #expect(error.code == code)
        #expect(error.message.contains("r.corp:5000"))
        #expect(error.advice?.contains(advice) == true)
    }

    @Test func transientMeans75() {
        #expect(error(.response(HTTPResponse(503))).code.exitStatus == 75)
        #expect(error(.response(HTTPResponse(404))).code.exitStatus == 2)
    }

    // What is missing is missing; all else may be the way's fault.
    @Test func onlyANoIsAnAnswer() {
        for status in [302, 400, 401, 403, 405, 409, 413, 429, 500] {
            #expect(error(.response(HTTPResponse(status))).isOfTransport)
        }
        #expect(!error(.response(HTTPResponse(404))).isOfTransport)
        for kind in [TransportFailure.Kind.noSuchHost, .nonsense, .handshake, .stalled] {
            #expect(error(.failure(TransportFailure(kind))).isOfTransport)
        }
    }

    @Test func whatIsTriedAgainIsTransientInTheEndToo() {
        for status in [408, 429, 499, 500, 502, 503, 504, 520, 524, 530] {
            #expect(RetryBudget.isTransient(.response(HTTPResponse(status))))
            #expect(error(.response(HTTPResponse(status))).code == .transient, "\(status)")
        }
        #expect(error(.failure(TransportFailure(.noSuchHost))).mayPass)
    }

    @Test func theRegistrysWordsAreHarmless() {
        let body = #"{"errors":[{"code":"DENIED","message":"no\u001b[31m\nway","detail":"hush"}]}"#
        let text = error(.response(HTTPResponse(403, body: Array(body.utf8)))).description
        #expect(text.contains("DENIED, no\\x1b[31m\\x0away"))
        #expect(!text.contains("hush"))
    }

    @Test(arguments: ["", "<html>", "[]", "{}", #"{"errors":[]}"#, #"{"errors":[{}]}"#])
    func silence(_ body: String) {
        #expect(Refusal.words(HTTPResponse(500, body: Array(body.utf8))) == nil)
    }
}
