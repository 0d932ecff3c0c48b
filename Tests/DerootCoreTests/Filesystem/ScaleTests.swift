import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// Images built to make a reader slow (hostile input C20): all must take linear time.
///
/// The limit is for what hangs; its clock may begin with the run.
@Suite(.timeLimit(.minutes(60)))
struct ScaleTests {
    @Test func C13_twoThousandLevels() throws {
        let deep = Array(repeating: "d", count: 2_000).joined(separator: "/")
        let tree = try merged { tar in
            tar.longName(Array((deep + "/file").utf8))
            tar.file("f")
        }
        #expect(tree.count == 2_002)
        let path = TarPath(deep + "/file")
        #expect(tree.resolve(path).node.map { tree.path(of: $0) } == path)
        #expect(try tree.hiding("d").count == 1)
    }

    @Test func C20_aHundredThousandEntriesInOneDirectory() throws {
        let tree = try merged(
            { tar in for index in 0..<100_000 { tar.file("d/\(index)") } },
            { tar in for index in 0..<50_000 { tar.file("d/.wh.\(index)") } })
        #expect(tree.count == 50_002)
        #expect(tree.shown("d/49999") == nil)
        #expect(tree.shown("d/50000") == "0:50000")
    }

    /// A directory with many children that is a file again and again.
    @Test func C20_manyReplacementsOfAFullDirectory() throws {
        let tree = try merged { tar in
            for index in 0..<30_000 { tar.file("d/\(index)") }
            for _ in 0..<30_000 {
                tar.file("d")
                tar.directory("d")
            }
        }
        #expect(tree.paths == ["d"])
    }

    @Test func C20_manyOpaqueMarkersOnAFullDirectory() throws {
        var layers: [Build] = [{ tar in for index in 0..<30_000 { tar.file("d/\(index)") } }]
        for _ in 0..<300 { layers.append { $0.file("d/.wh..wh..opq") } }
        let tree = try FileTree(listings(layers))
        #expect(tree.paths == ["d"])
    }

    @Test func C20_manyHardLinksToOneFile() throws {
        let tree = try merged { tar in
            tar.file("a")
            for index in 0..<50_000 { tar.link("l\(index)", to: "a", type: "1") }
        }
        #expect(tree.linkGroup(of: EntryRef(layer: 0, index: 0)).count == 50_001)
    }

    @Test func C20_aPatternOfManyStarsOnADeepPath() throws {
        let deep = TarPath(Array(repeating: "a", count: 3_000).joined(separator: "/"))
        let pattern = try PathPattern("**/a/**/a/**/a/**/a/**/b")
        #expect(!pattern.matches(deep))
        let stars = try PathPattern(String(repeating: "*a", count: 200) + "b")
        #expect(!stars.matches(TarPath(String(repeating: "a", count: 5_000))))
    }
}

extension FileTree {
    fileprivate func hiding(_ name: String) throws -> FileTree {
        var tree = self
        var tar = TarBuilder()
        tar.file(".wh.\(name)")
        try tree.apply(listing(tar.ended))
        return tree
    }
}
