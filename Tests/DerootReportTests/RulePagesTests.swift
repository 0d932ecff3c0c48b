import DerootBytes
import DerootCore
import DerootReport
import DerootTestSupport
import Testing

/// `docs/rules` and the rules say the same; `deroot rules --docs docs/rules` makes them do.
@Suite struct RulePagesTests {
    @Test func everyPageIsThereAndUpToDate() throws {
        let pages = RulePages.all(Rules.all)
        for page in pages {
            let found = try Repository.read("docs/rules/\(page.name)")
            #expect(
                String(decoding: found, as: UTF8.self) == page.text,
                "docs/rules/\(page.name) is stale: run deroot rules --docs docs/rules")
        }
        #expect(try Set(Repository.names(in: "docs/rules")) == Set(pages.map(\.name)))
    }

    @Test func rulesAreWellFormed() {
        #expect(Set(Rules.all.map(\.id)).count == Rules.all.count)
        #expect(Rules.all.map(\.id) == Rules.all.map(\.id).sorted())
        for rule in Rules.all {
            #expect(
                rule.id.count == 5 && rule.id.hasPrefix("NR") && UInt(rule.id.dropFirst(2)) != nil)
            #expect(!rule.title.hasSuffix(".") && rule.title.utf8.count <= 100, "\(rule.id)")
            #expect(rule.help.utf8.count >= 40 && rule.help.hasSuffix("."), "\(rule.id)")
            #expect(
                rule.name.allSatisfy { $0.isLowercase || $0 == "-" || $0.isNumber }, "\(rule.id)")
        }
    }

    @Test func pagesNameTheGatesOfTheirRule() throws {
        let page = try #require(
            RulePages.all([Rule("NR050", "setuid-file", .error, "T", help: "H.")]).last)
        #expect(page.name == "NR050.md")
        #expect(page.text.contains("- `--gate cis`: 4.8 no setuid or setgid files"))
        #expect(page.text.contains("rule: NR050"))
    }
}
