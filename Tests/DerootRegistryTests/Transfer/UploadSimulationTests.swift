import DerootBytes
import DerootTestSupport
import Testing

@testable import DerootRegistry

/// A registry that takes one blob, and loses, cuts, forgets, refuses and lies as chance has it.
private struct UnsteadyRegistry {
    let blob: [UInt8]
    var sessions: [Int: [UInt8]] = [:]
    private(set) var isDone = false
    private var random: SeededGenerator
    /// How many more things go wrong, one time in so many.
    private var faults: Int
    private let rarity: Int
    private var serial = 0

    init(size: Int, faults: Int, rarity: Int, seed: UInt64) {
        blob = (0..<size).map { UInt8($0) }
        random = SeededGenerator(seed: seed)
        self.faults = faults
        self.rarity = rarity
    }

    private mutating func goesWrong() -> Bool {
        guard faults > 0, random.oneIn(rarity) else { return false }
        faults -= 1
        return true
    }

    private mutating func refusal() -> HTTPOutcome {
        let statuses = [
            300, 400, 401, 403, 404, 405, 408, 409, 411, 413, 416, 422, 429, 500, 501, 502, 503,
            504,
        ]
        guard random.oneIn(2) else {
            return .response(HTTPResponse(random.pick(statuses, or: 500)))
        }
        return .failure(TransportFailure(random.pick([.broken, .stalled, .refused], or: .broken)))
    }

    private mutating func answer(_ status: Int, _ id: Int) -> HTTPOutcome {
        var count = sessions[id]?.count ?? 0
        if goesWrong() { count = Int.random(in: 0...blob.count + 3, using: &random) }
        let last = goesWrong() ? "18446744073709551614" : "\(max(count, 1) - 1)"
        let fields: [(name: String, value: String)] = [
            ("location", "/u/\(id)"), ("range", "0-\(last)"),
        ]
        return .response(HTTPResponse(status, goesWrong() ? [fields[0]] : fields))
    }

    mutating func start() -> HTTPOutcome {
        if goesWrong() { return refusal() }
        serial += 1
        sessions[serial] = []
        return goesWrong() ? refusal() : answer(202, serial)
    }

    /// Takes bytes; nil where the request was answered or lost before its end.
    private mutating func take(_ id: Int, _ range: Range<UInt64>) -> HTTPOutcome? {
        if goesWrong() { sessions[id] = nil }
        if goesWrong() { return refusal() }
        guard let kept = sessions[id] else { return .response(HTTPResponse(404)) }
        guard kept.count == Int(range.lowerBound) else { return .response(HTTPResponse(416)) }
        let part = blob[Int(range.lowerBound)..<Int(range.upperBound)]
        guard !part.isEmpty, goesWrong() else {
            sessions[id] = kept + part
            return nil
        }
        let count = random.oneIn(3) ? 0 : Int.random(in: 0...part.count, using: &random)
        sessions[id] = kept + part.prefix(count)
        return .failure(TransportFailure(.broken))
    }

    mutating func patch(_ id: Int, _ range: Range<UInt64>) -> HTTPOutcome {
        if let outcome = take(id, range) { return outcome }
        return goesWrong() ? refusal() : answer(random.oneIn(2) ? 201 : 202, id)
    }

    mutating func ask(_ id: Int) -> HTTPOutcome {
        if goesWrong() { sessions[id] = nil }
        if goesWrong() { return refusal() }
        return sessions[id] == nil ? .response(HTTPResponse(404)) : answer(204, id)
    }

    mutating func put(_ id: Int, _ range: Range<UInt64>) -> HTTPOutcome {
        if let outcome = take(id, range) { return outcome }
        let isWhole = sessions.removeValue(forKey: id) == blob
        if goesWrong() { return refusal() }
        guard isWhole else { return .response(HTTPResponse(400)) }
        isDone = true
        return goesWrong() ? refusal() : .response(HTTPResponse(201))
    }
}

@Suite("Uploads to registries that do as they please")
struct UploadSimulationTests {
    private enum Ending: Equatable { case done, failed, endless }

    private static func options(_ prefersChunks: Bool) -> RegistryOptions {
        var options = RegistryOptions()
        options.chunkBytes = 4
        options.prefersChunks = prefersChunks
        options.timekeeper.random = { 0 }
        options.timekeeper.now = { 0 }
        return options
    }

    private static func place(_ id: Int) throws -> UploadPlace {
        try UploadPlace(WebAddress(parsing: "https://r/u/\(id)"))
    }

    private static func number(_ place: UploadPlace) throws -> Int {
        try #require(Int(place.address.target.dropFirst(3)))
    }

    /// Runs one upload; each part that is sent has to begin where the session was last said to be.
    private static func upload(
        _ registry: inout UnsteadyRegistry, _ session: UploadSession, told: UInt64?
    ) throws -> Ending {
        var session = session
        var told = told
        var action = session.begin()
        let home = try WebAddress(parsing: "https://r/v2/a/blobs/uploads/")
        // More than 50 were never seen in 400,000 runs.
        for _ in 0..<200 {
            switch action {
            case .start:
                if let old = session.abandoned.take() {
                    registry.sessions[try number(old)] = nil
                }
                told = 0
                action = try session.receive(registry.start(), from: home)
            case .patch(let place, let range):
                if let told { #expect(range.lowerBound == told) }
                #expect(!range.isEmpty && range.upperBound <= UInt64(registry.blob.count))
                let outcome = registry.patch(try number(place), range)
                if let response = outcome.response, response.isSuccess {
                    told = UploadSession.received(response) ?? range.upperBound
                }
                action = try session.receive(outcome, from: place.address)
            case .ask(let place):
                let outcome = registry.ask(try number(place))
                if let response = outcome.response, response.isSuccess {
                    told = UploadSession.received(response) ?? 0
                }
                action = try session.receive(outcome, from: place.address)
            case .finish(let place, let range):
                if let told { #expect(range.lowerBound == told) }
                #expect(range.upperBound == UInt64(registry.blob.count))
                action = try session.receive(
                    registry.put(try number(place), range), from: place.address)
            case .retry:
                if registry.isDone { return .done }
                action = session.resume()
            case .done:
                #expect(registry.isDone, "nothing is called done that the registry does not have")
                return .done
            case .fail, .tooLong: return .failed
            }
        }
        return .endless
    }

    /// F14: whatever happens, it ends, and what is called done is there; some refusals are final.
    @Test(arguments: [(1, 940), (2, 890), (5, 700), (1000, 550)])
    func F14_everyUploadEnds(_ faults: Int, _ least: Int) throws {
        var random = SeededGenerator(seed: UInt64(faults))
        var endings: [Ending] = []
        for run in 0..<1000 {
            let size = random.pick([0, 1, 3, 4, 5, 8, 9, 12, 13, 20, 33], or: 9)
            var registry = UnsteadyRegistry(
                size: size, faults: faults, rarity: random.pick([2, 4, 10, 30], or: 4),
                seed: random.next())
            // From nothing, from a stream that is complete, and from one that broke off.
            let begun: (place: UploadPlace?, offset: UInt64?) =
                switch run % 3 {
                case 0: (nil, 0)
                case 1: (try Self.place(0), UInt64(size))
                default: (try Self.place(0), nil)
                }
            if begun.place != nil {
                registry.sessions[0] = Array(
                    registry.blob.prefix(begun.offset == nil ? size / 2 : size))
            }
            let session = UploadSession(
                size: UInt64(size), from: nil, options: Self.options(run % 2 == 0),
                place: begun.place, offset: begun.offset)
            endings.append(try Self.upload(&registry, session, told: begun.offset))
        }
        #expect(!endings.contains(.endless))
        #expect(endings.count { $0 == .done } > least)
    }

    /// A registry that takes a blob in one piece only gets it so, whatever it says of chunks and of how
    /// far a session is.
    @Test(
        arguments: [400, 404, 405, 409, 411, 413, 415, 416, 422, 500, 501, 502, 503],
        [0, 200, 204, 400, 401, 403, 404, 405, 416, 500, 501, 502, 503])
    func F14_piecesAlwaysWork(_ patch: Int, _ ask: Int) throws {
        for isEarly in [false, true] {
            let place = try Self.place(0)
            var session = UploadSession(
                size: 10, from: nil, options: Self.options(false),
                place: isEarly ? place : nil, offset: isEarly ? nil : 0)
            var breaks = isEarly ? 0 : 1
            var action = session.begin()
            var ending = Ending.endless
            for number in 1...100 where ending == .endless {
                switch action {
                case .start:
                    let fields = [(name: "location", value: "/u/\(number)")]
                    action = try session.receive(
                        .response(HTTPResponse(202, fields)), from: place.address)
                case .patch(let place, _):
                    action = try session.receive(
                        .response(HTTPResponse(patch)), from: place.address)
                case .ask(let place):
                    let outcome: HTTPOutcome =
                        ask == 0
                        ? .failure(TransportFailure(.broken))
                        : .response(HTTPResponse(ask, ask < 300 ? [("range", "0-0")] : []))
                    action = try session.receive(outcome, from: place.address)
                case .finish(let place, let range):
                    let outcome: HTTPOutcome =
                        breaks > 0
                        ? .failure(TransportFailure(.broken))
                        : .response(HTTPResponse(range == 0..<10 ? 201 : 400))
                    breaks -= 1
                    action = try session.receive(outcome, from: place.address)
                case .retry: action = session.resume()
                case .done: ending = .done
                case .fail, .tooLong: ending = .failed
                }
            }
            #expect(ending == .done, "early: \(isEarly)")
        }
    }

    /// A registry that says now this and now that does not keep anybody busy.
    @Test(arguments: [true, false])
    func F14_offsetsThatGoToAndFro(_ breaks: Bool) throws {
        let place = try Self.place(0)
        var session = UploadSession(
            size: 10, from: nil, options: Self.options(true), place: place, offset: 0)
        var action = session.begin()
        for _ in 0..<50 {
            switch action {
            case .patch(let place, let range) where range.lowerBound < 4:
                action = try session.receive(
                    .response(HTTPResponse(202, [("range", "0-3")])), from: place.address)
            case .patch(let place, _):
                action = try session.receive(
                    breaks
                        ? .failure(TransportFailure(.broken)) : .response(HTTPResponse(416)),
                    from: place.address)
            case .ask(let place):
                action = try session.receive(
                    .response(HTTPResponse(204, [("range", "0-1")])), from: place.address)
            case .retry: action = session.resume()
            default: return
            }
        }
        Issue.record("it does not end")
    }
}
