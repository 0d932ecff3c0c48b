import DerootBytes
import DerootFaultServer
import DerootOCI
import DerootRegistry
import DerootTestSupport
import Testing

@Suite("Failures that pass")
struct RetryFaultTests {
    /// `Retry-After` and the longest wait that may follow; the clock stands at 2027-01-15 08:00:00.
    static let delays: [(header: String?, atLeast: Double, atMost: Double)] = [
        (nil, 0.01, 60), ("3", 3, 60), ("0", 0, 60), ("200", 200, 260),
        ("Fri, 15 Jan 2027 08:00:20 GMT", 20, 60), ("Fri, 15 Jan 2021 08:00:00 GMT", 0, 60),
        ("-5", 0, 60), ("soon", 0, 60), ("99999999999999999999999999", 0, 300),
    ]

    @Test(arguments: delays.indices)
    func F08_honoursRetryAfter(_ number: Int) throws {
        let delay = Self.delays[number]
        let stage = try Stage()
        var refusal = Response.error(429, "TOOMANYREQUESTS")
        refusal.headers["Retry-After"] = delay.header
        stage.server.on("GET", stage.largeLayerPath, turns: 1...1, .respond(refusal))
        guard delay.header?.utf8.count ?? 0 < 20 || delay.header?.hasSuffix("GMT") == true else {
            // A wait beyond all measure is either cut short or not begun.
            expectRightOrRefused(stage.image.digest) { () throws(DerootError) in try stage.pull() }
            #expect(stage.clock.waits.allSatisfy { $0 <= stage.options.longestWait * 1.5 })
            return
        }
        #expect(try stage.pull() == stage.image.digest)
        let wait = try #require(stage.clock.waits.first)
        #expect(wait >= delay.atLeast && wait <= delay.atMost)
    }

    @Test func F08_endlessWaitsAreNotWaited() throws {
        let stage = try Stage()
        var refusal = Response.error(429, "TOOMANYREQUESTS")
        refusal.headers["Retry-After"] = "1000000000"
        stage.server.on("GET", stage.largeLayerPath, .respond(refusal))
        let error = expectFailure(.transient) { () throws(DerootError) in try stage.pull() }
        #expect(error?.code.exitStatus == 75)
        #expect(stage.clock.waits.reduce(0, +) <= 6 * 300 * 1.5)
        #expect(stage.server.requests("GET", stage.largeLayerPath).count <= 6)
        #expect(try stage.hasNoResult())
    }

    @Test func F08_waitsGrowAndEnd() throws {
        let stage = try Stage()
        stage.server.on("GET", stage.largeLayerPath, .respond(.error(429, "TOOMANYREQUESTS")))
        expectFailure(.transient) { () throws(DerootError) in try stage.pull() }
        #expect(stage.server.requests("GET", stage.largeLayerPath).count == 6)
        let waits = stage.clock.waits
        #expect(waits.count == 5)
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 < $1 }, "\(waits)")
        #expect(waits.allSatisfy { $0 <= 60 * 1.5 })
    }

    /// Requests of a pull and of a push, each of which may fail for a while.
    static let steps: [(method: String, path: String, isPush: Bool)] = [
        ("GET", "/v2/*/manifests/*", false), ("HEAD", "/v2/*/manifests/*", false),
        ("GET", "/v2/*/blobs/*", false), ("HEAD", "/v2/*/blobs/*", true),
        ("POST", "/v2/*/blobs/uploads/*", true), ("PUT", "/v2/*/blobs/uploads/*", true),
        ("PATCH", "/v2/*/blobs/uploads/*", true), ("PUT", "/v2/*/manifests/*", true),
    ]

    @Test(arguments: steps.indices, [408, 429, 500, 502, 503, 504])
    func F09_passingFailuresAreOvercome(_ number: Int, _ status: Int) throws {
        let step = Self.steps[number]
        let stage = try Stage(holdsImage: !step.isPush)
        stage.server.on(
            step.method, step.path, turns: 1...2,
            .respond(Response(status, body: Array("<html>".utf8))))
        try check(stage, step.isPush)
    }

    @Test(arguments: steps.indices)
    func F09_resetsAreOvercome(_ number: Int) throws {
        let step = Self.steps[number]
        let stage = try Stage(holdsImage: !step.isPush)
        stage.server.on(step.method, step.path, turns: 1...1, .drop)
        stage.server.on(step.method, step.path, turns: 2...2, .loseAnswer)
        try check(stage, step.isPush)
    }

    @Test(arguments: steps.indices)
    func F09_lastingFailuresEnd(_ number: Int) throws {
        let step = Self.steps[number]
        // PATCH is for chunks, which this small image does not need.
        guard step.method != "PATCH", step.method != "HEAD" else { return }
        let stage = try Stage(holdsImage: !step.isPush)
        stage.server.on(step.method, step.path, .respond(Response(503)))
        let error = expectFailure(.transient) { () throws(DerootError) in
            if step.isPush { try stage.push() } else { try stage.pull() }
        }
        #expect(error?.code.exitStatus == 75)
        let lines = Dictionary(
            grouping: stage.server.requests(step.method, step.path), by: \.target)
        #expect(lines.values.allSatisfy { $0.count <= 18 }, "\(lines.mapValues(\.count))")
        #expect(stage.server.requests.count <= 80)
        #expect(stage.registry.tag("v2", in: Stage.repository) == nil)
        #expect(try step.isPush || stage.hasNoResult())
    }

    @Test(arguments: [400, 403, 404, 405, 418, 451])
    func F09_refusalsAreNotTriedAgain(_ status: Int) throws {
        let stage = try Stage()
        stage.server.on(nil, "/v2/*/manifests/*", .respond(.error(status, "DENIED", "no")))
        let error = expectFailure(.denied, .notFound, .unsupported, .malformed, .io) {
            () throws(DerootError) in try stage.pull()
        }
        #expect(error?.code != .transient)
        // HEAD, and GET where HEAD is not understood.
        #expect(stage.server.requests(nil, "/v2/*/manifests/*").count <= 2)
        #expect(stage.clock.waits.isEmpty)
        if status == 403 { #expect(error?.code == .denied && error?.advice != nil) }
        if status == 404 { #expect(error?.code == .notFound && error?.advice != nil) }
    }

    @Test(arguments: [1, 2, 3, 5])
    func F09_tokensThatExpireMidway(_ uses: Int) throws {
        var stage = try Stage(holdsImage: false)
        stage.options.chunkBytes = 40_000
        let issuer = TokenIssuer(account: ("robot", "hush-4713"), uses: uses)
        let tokens = try FaultServer(issuer)
        stage.registry.behave { [url = tokens.url] in
            $0.gate = .bearer(realm: "\(url)/token", issuer)
        }
        stage.credentials[stage.server.host] = .basic(user: "robot", secret: "hush-4713")
        try stage.push()
        #expect(stage.registry.tag("v2", in: Stage.repository) == stage.image.digest.description)
        #expect(tokens.requests.count <= 60)
        #expect(stage.clock.waits.isEmpty, "an expired token is no failure to wait for")
    }

    @Test func F09_expiryBeforeTheBodyIsRead() throws {
        var stage = try Stage(holdsImage: false)
        let issuer = TokenIssuer(account: ("robot", "hush-4714"))
        let tokens = try FaultServer(issuer)
        stage.registry.behave { [url = tokens.url] in
            $0.gate = .bearer(realm: "\(url)/token", issuer)
        }
        stage.credentials[stage.server.host] = .basic(user: "robot", secret: "hush-4714")
        let challenge =
            #"Bearer realm="\#(tokens.url)/token",service="mini",error="invalid_token""#
        for method in ["PUT", "PATCH"] {
            stage.server.on(
                method, "/v2/*/blobs/uploads/*", turns: 1...1,
                .refuseEarly(.error(401, "UNAUTHORIZED", headers: ["WWW-Authenticate": challenge])))
        }
        try stage.push()
        #expect(stage.registry.tag("v2", in: Stage.repository) == stage.image.digest.description)
    }

    @Test func F18_looksBeforeItTakes() throws {
        let stage = try Stage()
        #expect(try stage.pull() == stage.image.digest)
        let first = try #require(stage.server.requests(nil, "/v2/*/manifests/*").first)
        #expect(first.method == "HEAD")
        #expect(stage.server.requests("GET", "/v2/*/manifests/*").count == 1)
    }

    @Test func F18_quotaIsReported() throws {
        let stage = try Stage()
        stage.server.on(
            "GET", "/v2/*/manifests/*",
            .respond(
                .error(
                    429, "TOOMANYREQUESTS", "You have reached your pull rate limit.",
                    headers: ["ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600"])
            ))
        let error = expectFailure(.transient) { () throws(DerootError) in try stage.pull() }
        #expect(error?.code.exitStatus == 75)
        #expect(error?.advice != nil)
        #expect(
            error?.description.contains("rate") == true
                || error?.description.contains("limit") == true)
        #expect(stage.server.requests("GET", "/v2/*/manifests/*").count <= 6)
        // A later run goes on from where the registry lets it.
        stage.server.heal()
        #expect(try stage.pull() == stage.image.digest)
    }

    private func check(_ stage: Stage, _ isPush: Bool) throws {
        if isPush {
            try stage.push()
            #expect(
                stage.registry.tag("v2", in: Stage.repository) == stage.image.digest.description)
            #expect(stage.registry.contents[Stage.repository].blobs.count == 3)
        } else {
            #expect(try stage.pull() == stage.image.digest)
        }
        #expect(stage.server.requests.count <= 40)
        #expect(stage.clock.waits.allSatisfy { $0 <= 90 })
    }
}
