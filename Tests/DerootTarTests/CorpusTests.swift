import DerootBytes
import DerootTar
import DerootTestSupport
import Testing

/// Hostile and odd archives of other projects; bzip2, xz and zip files are left out.
@Suite(.enabled(if: Corpus.root != nil, "DEROOT_CORPUS is not set"))
struct CorpusTests {
    @Test(
        .timeLimit(.minutes(60)),
        arguments: ["tokio-tar", "tar-split", "tar-rs", "node-tar", "backports.tarfile"])
    func isWalkedOrRefused(_ folder: String) throws {
        let refusals: Set<DerootError.Code> = [
            .malformed, .truncated, .disagreement, .hostile, .unsupported, .limit,
        ]
        var walks = 0
        for (name, bytes) in try Corpus.tars(folder) {
            var outcomes: Set<String> = []
            for chunk in [max(1, bytes.count), 512, 333] {
                do throws(DerootError) {
                    let groups = try walked(bytes, chunk: chunk)
                    outcomes.insert("\(groups.count) entries")
                    walks += 1
                } catch {
                    outcomes.insert(error.code.name)
                    #expect(refusals.contains(error.code), "\(name): \(error)")
                    #expect(error.location.offset != nil, "\(name): \(error)")
                }
            }
            #expect(outcomes.count == 1, "\(name): \(outcomes)")
        }
        // Both of Python's archives are refused, for an id that is none and for a lone half header.
        #expect(walks > 0 || folder == "backports.tarfile", "nothing in \(folder) can be walked")
    }

    @Test(arguments: [
        "diff-014-unterminated-pax", "diff-024-pending-pax-boundary",
        "diff-039-truncated-entry-body", "pax-header-precedence", "pax-overrides-extension-header",
    ])
    func C01_refusesTheSmugglersOfTokioTar(_ name: String) throws {
        let file = try #require(try Corpus.tars("tokio-tar").first { $0.name == "\(name).tar" })
        #expect(throws: DerootError.self) { try walked(file.bytes) }
    }

    /// Headers that are in order, since the records repeat the size of the field: what must not
    /// happen is that a record's size goes on to the entry after its own.
    @Test(arguments: [
        ("pax-hidden-entry", ["file_a", "file_b", "hidden"]),
        ("pax-phantom-entry", ["file_a", "file_b"]),
    ])
    func C01_seesWhatGoSees(_ name: String, _ entries: [String]) throws {
        let file = try #require(try Corpus.tars("tokio-tar").first { $0.name == "\(name).tar" })
        #expect(
            try walked(file.bytes).map { TarPath($0.meaning.name) } == entries.map { TarPath($0) })
    }
}
