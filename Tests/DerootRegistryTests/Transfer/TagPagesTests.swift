import DerootBytes
import Testing

@testable import DerootRegistry

@Suite("Lists of tags")
struct TagPagesTests {
    private func pages() throws -> TagPages {
        TagPages(first: try WebAddress(parsing: "https://r/v2/a/tags/list?n=2"))
    }

    private func page(_ tags: String, next: String? = nil) -> HTTPResponse {
        HTTPResponse(
            200, next.map { [("link", "<\($0)>; rel=\"next\"")] } ?? [],
            body: Array(#"{"name":"a","tags":\#(tags)}"#.utf8))
    }

    @Test func followsLinks() throws {
        var pages = try pages()
        try pages.take(page(#"["1","2"]"#, next: "/v2/a/tags/list?n=2&last=2"))
        #expect(pages.next?.full == "https://r/v2/a/tags/list?n=2&last=2")
        try pages.take(page(#"["2","3","not a tag"]"#))
        #expect(pages.next == nil)
        #expect(pages.tags == ["1", "2", "3"])
    }

    @Test(arguments: ["null", "[]"]) func empty(_ tags: String) throws {
        var pages = try pages()
        try pages.take(page(tags))
        #expect(pages.tags.isEmpty)
    }

    // F05.
    @Test(arguments: [
        "/v2/a/tags/list?n=2", "https://other/v2/a/tags/list", "http://other/v2/a/tags/list",
        "http://r:8080/v2/a/tags/list", "https://r:444/",
    ])
    func refuses(_ next: String) throws {
        var pages = try pages()
        #expect(throws: DerootError.self) { try pages.take(page("[]", next: next)) }
    }

    /// A registry that does not know that there is TLS before it.
    @Test func linksOfTheInnerScheme() throws {
        var pages = try pages()
        try pages.take(page("[]", next: "http://r/v2/a/tags/list?last=2"))
        #expect(pages.next?.full == "https://r/v2/a/tags/list?last=2")
    }

    @Test func endlessPages() throws {
        var pages = try pages()
        #expect(throws: DerootError.self) {
            for number in 0...TagPages.mostPages {
                try pages.take(page("[]", next: "/v2/a/tags/list?last=\(number)"))
            }
        }
    }

    @Test func asManyTagsAsAreAllowed() throws {
        func page(_ count: Int) -> HTTPResponse {
            let tags = (0..<count).map { "\"t\($0)\"" }.joined(separator: ",")
            return HTTPResponse(200, body: Array(#"{"tags":[\#(tags)]}"#.utf8))
        }
        let address = try WebAddress(parsing: "https://r/v2/a/tags/list")
        var pages = TagPages(first: address, most: 20)
        try pages.take(page(20))
        #expect(pages.tags.count == 20)
        var more = TagPages(first: address, most: 20)
        #expect(throws: DerootError.self) { try more.take(page(21)) }
        // A list in one piece fits, with tags of the greatest length.
        #expect(TagPages(first: address, most: 1_000_000).pageBytes >= 1_000_000 * (128 + 3))
    }

    @Test(arguments: ["", "[]", #"{"tags":1}"#, #"{"tags":[1]}"#])
    func isNoList(_ body: String) throws {
        var pages = try pages()
        #expect(throws: DerootError.self) {
            try pages.take(HTTPResponse(200, body: Array(body.utf8)))
        }
    }
}
