import DerootBytes
import Testing

@testable import DerootRegistry

@Suite("Uploads")
struct UploadSessionTests {
    private let registry: WebAddress
    private var options = RegistryOptions()

    init() throws {
        registry = try WebAddress(parsing: "https://r/v2/a/blobs/uploads/")
        options.chunkBytes = 4
        options.prefersChunks = true
        options.timekeeper.random = { 0 }
        options.timekeeper.now = { 0 }
    }

    private func begun(
        _ location: String? = "/u/1?state=x", fields: [(name: String, value: String)] = [],
        size: UInt64 = 10, from: String? = nil
    ) throws -> (UploadSession, String) {
        var session = UploadSession(size: size, from: from, options: options)
        #expect(Self.text(session.begin()) == "start \(from ?? "-")")
        let all = fields + (location.map { [(name: "location", value: $0)] } ?? [])
        let action = try session.receive(.response(HTTPResponse(202, all)), from: registry)
        return (session, Self.text(action))
    }

    private static func text(_ action: UploadSession.Action) -> String {
        switch action {
        case .start(let from): "start \(from ?? "-")"
        case .patch(let place, let range): "patch \(place.address.full) \(range)"
        case .ask(let place): "ask \(place.address.full)"
        case .finish(let place, let range): "finish \(place.address.full) \(range)"
        case .retry(let seconds): "retry \(seconds)"
        case .done(let isMounted): "done \(isMounted)"
        case .fail(.response(let response)): "fail \(response.status)"
        case .fail(.failure(let failure)): "fail \(failure.kind)"
        case .tooLong(_, let seconds): "too long \(seconds)"
        }
    }

    private func next(
        _ session: inout UploadSession, _ status: Int,
        _ fields: [(name: String, value: String)] = []
    ) throws -> String {
        Self.text(
            try session.receive(
                .response(HTTPResponse(status, fields)), from: session.place?.address ?? registry))
    }

    @Test func smallOnesGoInOnePiece() throws {
        var (session, first) = try begun(size: 4)
        #expect(first == "finish https://r/u/1?state=x 0..<4")
        #expect(try next(&session, 201) == "done false")
    }

    @Test func largeOnesGoInChunks() throws {
        var (session, first) = try begun()
        #expect(first == "patch https://r/u/1?state=x 0..<4")
        #expect(
            try next(&session, 202, [("location", "/u/2"), ("range", "0-3")])
                == "patch https://r/u/2 4..<8")
        #expect(try next(&session, 202, [("range", "0-7")]) == "patch https://r/u/2 8..<10")
        #expect(try next(&session, 202, [("range", "0-9")]) == "finish https://r/u/2 10..<10")
        #expect(try next(&session, 201) == "done false")
    }

    @Test func registriesMayWantLargerChunks() throws {
        let (_, first) = try begun(fields: [("oci-chunk-min-length", "7")])
        #expect(first == "patch https://r/u/1?state=x 0..<7")
    }

    @Test func chunksThatWereKeptInPart() throws {
        var (session, _) = try begun()
        #expect(
            try next(&session, 202, [("range", "0-1")]) == "patch https://r/u/1?state=x 2..<6")
    }

    // F04.
    @Test(arguments: [
        ("https://other/u?x=1", "finish https://other/u?x=1 0..<4"),
        ("u/7", "finish https://r/v2/a/blobs/uploads/u/7 0..<4"),
        // A registry that does not know that there is TLS before it.
        ("http://r/u/8", "finish https://r/u/8 0..<4"),
        ("http://r:443/u/8?x=1", "finish https://r/u/8?x=1 0..<4"),
    ])
    func locations(_ location: String, _ expected: String) throws {
        #expect(try begun(location, size: 4).1 == expected)
    }

    @Test(arguments: [nil, "http://r:81/u", "http://other/", "https://u:p@r/", "ftp://r/", "/ /"])
    func badLocations(_ location: String?) {
        #expect(throws: DerootError.self) { try begun(location, size: 4) }
    }

    // F13.
    @Test func mounted() throws {
        var session = UploadSession(size: 10, from: "b", options: options)
        #expect(Self.text(session.begin()) == "start b")
        #expect(try next(&session, 201) == "done true")
    }

    @Test func mountTurnsIntoUpload() throws {
        #expect(try begun(size: 4, from: "b").1 == "finish https://r/u/1?state=x 0..<4")
    }

    @Test(arguments: [405, 404, 403, 401, 400])
    func mountIsRefused(_ status: Int) throws {
        var session = UploadSession(size: 4, from: "b", options: options)
        _ = session.begin()
        #expect(try next(&session, status) == "start -")
        #expect(try next(&session, status) == "fail \(status)")
    }

    @Test func sessionsOfAMountGoOn() throws {
        let place = try UploadPlace(WebAddress(parsing: "https://r/u/9"))
        var session = UploadSession(size: 4, from: nil, options: options, place: place)
        #expect(Self.text(session.begin()) == "finish https://r/u/9 0..<4")
    }

    // F14.
    @Test func wrongOffset() throws {
        var (session, _) = try begun()
        #expect(try next(&session, 416) == "ask https://r/u/1?state=x")
        #expect(
            try next(&session, 204, [("range", "0-1"), ("location", "/u/3")])
                == "patch https://r/u/3 2..<6")
    }

    /// Nobody has more than was sent.
    @Test(arguments: ["0-4", "0-5", "0-999999999999", "0-18446744073709551615"])
    func moreThanWasSent(_ range: String) throws {
        var (session, _) = try begun()
        let next = try next(&session, 202, [("range", range)])
        // The last one is no number of bytes at all, and says nothing.
        #expect(next == (range.hasSuffix("615") ? "patch https://r/u/1?state=x 4..<8" : "start -"))
    }

    /// Bytes that a session has are not sent again because the last request failed.
    @Test func sessionsWithBytesAreAsked() throws {
        let place = try UploadPlace(WebAddress(parsing: "https://r/u/7"))
        var session = UploadSession(
            size: 3, from: nil, options: options, place: place, offset: 3)
        _ = session.begin()
        #expect(try next(&session, 503).hasPrefix("retry"))
        #expect(Self.text(session.resume()) == "ask https://r/u/7")
        #expect(try next(&session, 204, [("range", "0-2")]) == "finish https://r/u/7 3..<3")
    }

    @Test func sessionIsGone() throws {
        var (session, _) = try begun()
        for _ in 0..<UploadSession.restarts {
            #expect(try next(&session, 404) == "start -")
            _ = try next(&session, 202, [("location", "/u/n")])
        }
        #expect(try next(&session, 404) == "fail 404")
    }

    @Test func digestIsRefused() throws {
        var (session, _) = try begun(size: 4)
        for _ in 0..<UploadSession.restarts {
            #expect(try next(&session, 400) == "start -")
            _ = try next(&session, 202, [("location", "/u/n")])
        }
        #expect(try next(&session, 400) == "fail 400")
    }

    @Test func lostChunksAreAskedFor() throws {
        var (session, _) = try begun()
        let action = try session.receive(.failure(TransportFailure(.broken)), from: registry)
        #expect(Self.text(action) == "retry 0.5")
        #expect(Self.text(session.resume()) == "ask https://r/u/1?state=x")
        #expect(try next(&session, 204, [("range", "0-0")]).hasSuffix("0..<4"))
    }

    @Test func lostPiecesStartAnew() throws {
        var (session, _) = try begun(size: 4)
        _ = try session.receive(.failure(TransportFailure(.broken)), from: registry)
        #expect(Self.text(session.resume()) == "start -")
    }

    /// Chunks that the registry takes and does not count: the blob goes in one piece.
    @Test func neverGettingOn() throws {
        var (session, _) = try begun()
        #expect(try next(&session, 202, [("range", "0-0")]) == "start -")
        #expect(try next(&session, 202, [("location", "/u/2")]) == "finish https://r/u/2 0..<10")
    }

    @Test func moreThanWasSentIsNoProgress() throws {
        var (session, _) = try begun()
        #expect(try next(&session, 202, [("range", "0-99")]) == "start -")
    }

    @Test(arguments: [403, 413, 507]) func refusals(_ status: Int) throws {
        var (session, _) = try begun(size: 4)
        #expect(try next(&session, status) == "fail \(status)")
    }

    @Test func patience() throws {
        var (session, _) = try begun(size: 4)
        #expect(try next(&session, 503, [("retry-after", "9")]) == "retry 9.0")
        #expect(try next(&session, 429, [("retry-after", "9999")]) == "too long 9999.0")
    }

    @Test(arguments: [
        ("0-0", 0 as UInt64?), ("0-9", 10), ("bytes=0-9", 10), ("1-9", nil), ("0-", nil), ("", nil),
        ("0-99999999999999999999", nil),
    ])
    func received(_ text: String, _ count: UInt64?) {
        #expect(UploadSession.received(HTTPResponse(202, [("range", text)])) == count)
    }

    /// A session that was begun before goes on where it is.
    @Test func sessionsGoOn() throws {
        let place = try UploadPlace(WebAddress(parsing: "https://r/u/7"))
        var session = UploadSession(
            size: 10, from: nil, options: options, place: place, offset: 10)
        #expect(Self.text(session.begin()) == "finish https://r/u/7 10..<10")
        #expect(try next(&session, 404).hasPrefix("start"), "and begin again where it is gone")
    }

    // What is preferred, and what comes after it.

    private func whole(size: UInt64 = 10) throws -> UploadSession {
        var options = options
        options.prefersChunks = false
        var session = UploadSession(size: size, from: nil, options: options)
        _ = session.begin()
        let first = try next(&session, 202, [("location", "/u/1")])
        #expect(first == "finish https://r/u/1 0..<\(size)")
        return session
    }

    @Test func brokenPiecesGoOnInChunks() throws {
        var session = try whole()
        let action = try session.receive(.failure(TransportFailure(.broken)), from: registry)
        #expect(Self.text(action) == "retry 0.5")
        #expect(Self.text(session.resume()) == "ask https://r/u/1")
        #expect(try next(&session, 204, [("range", "0-4")]) == "patch https://r/u/1 5..<9")
        #expect(try next(&session, 202, [("range", "0-8")]) == "patch https://r/u/1 9..<10")
        #expect(try next(&session, 202, [("range", "0-9")]) == "finish https://r/u/1 10..<10")
    }

    @Test func brokenPiecesOfLostSessions() throws {
        var session = try whole()
        _ = try session.receive(.failure(TransportFailure(.stalled)), from: registry)
        _ = session.resume()
        #expect(try next(&session, 404) == "start -")
        #expect(try next(&session, 202, [("location", "/u/2")]) == "patch https://r/u/2 0..<4")
    }

    @Test func whatFitsIntoOneChunkGoesWholeAgain() throws {
        var session = try whole(size: 4)
        _ = try session.receive(.failure(TransportFailure(.broken)), from: registry)
        #expect(Self.text(session.resume()) == "start -")
    }

    /// GitHub's registry says 416 of a chunk above 4 MiB, wherever it begins.
    @Test func chunksThatAreTooLarge() throws {
        var (session, _) = try begun()
        #expect(try next(&session, 416) == "ask https://r/u/1?state=x")
        #expect(try next(&session, 204, [("range", "0-0")]) == "start -")
        #expect(try next(&session, 202, [("location", "/u/2")]) == "finish https://r/u/2 0..<10")
        _ = try session.receive(.failure(TransportFailure(.broken)), from: registry)
        #expect(Self.text(session.resume()) == "start -", "and stays whole")
    }

    @Test(arguments: [400, 405, 411, 413, 422, 501])
    func chunksThatAreNotTaken(_ status: Int) throws {
        var (session, _) = try begun()
        #expect(try next(&session, status) == "start -")
        #expect(try next(&session, 202, [("location", "/u/2")]) == "finish https://r/u/2 0..<10")
    }

    /// A registry that has taken chunks is patient when it says 503; one that never did may mean it.
    @Test(arguments: [(false, "start -"), (true, "retry 1.0")])
    func chunksThatFailTwice(_ isProven: Bool, _ expected: String) throws {
        var (session, _) = try begun()
        if isProven { _ = try next(&session, 202, [("range", "0-3")]) }
        #expect(try next(&session, 503) == "retry 0.5")
        let range = isProven ? "0-3" : "0-0"
        _ = session.resume()
        #expect(try next(&session, 503) == expected, "\(range)")
    }

    /// What was sent early and cannot be ended is sent whole.
    @Test(arguments: [400, 401, 403, 404, 405, 411, 413, 416, 422, 501])
    func sessionsThatCannotEnd(_ status: Int) throws {
        let place = try UploadPlace(WebAddress(parsing: "https://r/u/7"))
        var session = UploadSession(
            size: 10, from: nil, options: options, place: place, offset: 10)
        _ = session.begin()
        #expect(try next(&session, status) == "start -")
        #expect(try next(&session, 202, [("location", "/u/8")]) == "finish https://r/u/8 0..<10")
    }

    @Test func sessionsThatCannotEndForNow() throws {
        let place = try UploadPlace(WebAddress(parsing: "https://r/u/7"))
        var session = UploadSession(
            size: 10, from: nil, options: options, place: place, offset: 10)
        _ = session.begin()
        #expect(try next(&session, 500) == "retry 0.5")
        #expect(Self.text(session.resume()) == "ask https://r/u/7")
        #expect(try next(&session, 204, [("range", "0-9")]) == "finish https://r/u/7 10..<10")
        #expect(try next(&session, 500) == "start -")
    }

    /// A stream that broke off: the session is asked how much it has.
    @Test(arguments: [
        ("0-5", "finish https://r/u/7 6..<10"), ("0-9", "finish https://r/u/7 10..<10"),
    ])
    func sessionsThatBrokeOff(_ range: String, _ expected: String) throws {
        let place = try UploadPlace(WebAddress(parsing: "https://r/u/7"))
        var options = options
        options.prefersChunks = false
        var session = UploadSession(
            size: 10, from: nil, options: options, place: place, offset: nil)
        #expect(Self.text(session.begin()) == "ask https://r/u/7")
        #expect(try next(&session, 204, [("range", range)]) == expected)
    }
}
