import DerootBytes
import DerootFaultServer
import DerootOCI
import DerootTestSupport
import Testing

@testable import DerootRegistry

@Suite("Lists that come in pages")
struct PageFaultTests {
    private let path = "/v2/\(Stage.repository)/tags/list"

    private func tags(_ stage: Stage) throws(DerootError) -> [String] {
        let client = stage.client()
        let endpoints = try client.settings.endpoints(for: stage.name(), .read)
        guard let first = endpoints.first else { throw DerootError(.notFound, "no endpoint") }
        return try Repository(first, .read, client: client).tags()
    }

    /// Pages of two, and a link of a test's own.
    private func link(_ stage: Stage, _ text: String, turns: ClosedRange<Int> = 1...Int.max) {
        stage.server.on("GET", path, turns: turns, .change { $0.headers["Link"] = text })
    }

    @Test func F05_pagesAreFollowed() throws {
        let stage = try Stage()
        for tag in ["a", "b", "c", "d", "e"] { stage.add(stage.image, tag: tag) }
        stage.server.on(
            "GET", path,
            .rewrite { request in
                let last = request.query("last").map { "&last=\($0)" } ?? ""
                request.target = "\(request.path)?n=2\(last)"
            })
        #expect(try tags(stage) == ["a", "b", "c", "d", "e", "v1"])
        #expect(stage.server.requests("GET", path).count == 3)
    }

    @Test func F05_circlesAreRefused() throws {
        let stage = try Stage()
        link(stage, "</v2/\(Stage.repository)/tags/list?n=1&last=a>; rel=\"next\"")
        expectFailure(.hostile, .limit) { () throws(DerootError) in _ = try tags(stage) }
        #expect(stage.server.requests("GET", path).count <= 3)
    }

    @Test func F05_otherHostsAreRefused() throws {
        let stage = try Stage()
        let other = try FaultServer(FixedResponder(body: Array(#"{"tags":["evil"]}"#.utf8)))
        link(stage, "<\(other.url)/x>; rel=\"next\"")
        expectFailure(.hostile) { () throws(DerootError) in _ = try tags(stage) }
        #expect(other.requests.isEmpty)
    }

    @Test func F05_endlessListsEnd() throws {
        let stage = try Stage()
        stage.server.on(
            "GET", path,
            .answer { request in
                let page = (request.query("page").flatMap(Int.init) ?? 0) + 1
                let list = (0..<200).map { "\"t\(page)-\($0)\"" }.joined(separator: ",")
                var response = Response.json(#"{"name":"x","tags":[\#(list)]}"#)
                response.headers["Link"] = "<\(request.path)?page=\(page)>; rel=\"next\""
                return response
            })
        expectFailure(.limit) { () throws(DerootError) in _ = try tags(stage) }
        #expect(stage.server.requests("GET", path).count <= 1000)
    }

    @Test(arguments: [
        "", "<", "<>", "<>; rel=\"next\"", "<file:///etc/passwd>; rel=\"next\"", ";;;,,,",
        "</x>; rel=\"prev\"", "<//127.0.0.1:1/x>; rel=\"next\"",
    ])
    func F05_oddLinks(_ text: String) throws {
        let stage = try Stage()
        link(stage, text)
        do throws(DerootError) {
            #expect(try tags(stage) == ["v1"])
        } catch {
            #expect([.hostile, .malformed, .limit].contains(error.code), "\(error)")
        }
        #expect(stage.server.requests("GET", path).count <= 2)
    }

    @Test(arguments: ["null", "[]", "{\"tags\":null}", "{\"tags\":[5]}", "{\"tags\":\"x\"}", ""])
    func F05_oddPages(_ text: String) throws {
        let stage = try Stage()
        stage.server.on("GET", path, .respond(.json(text)))
        do throws(DerootError) {
            #expect(try tags(stage).isEmpty)
        } catch {
            #expect([.hostile, .malformed].contains(error.code), "\(error)")
        }
    }
}
