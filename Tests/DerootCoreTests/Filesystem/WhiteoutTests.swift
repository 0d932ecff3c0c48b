import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// Whiteouts in every form that the catalogue lists (hostile input C17).
struct WhiteoutTests {
    private let base: Build = { tar in
        tar.directory("d")
        tar.file("d/a")
        tar.file("d/b")
        tar.directory("d/sub")
        tar.file("d/sub/c")
        tar.file("e")
    }

    @Test func C17_hidesAFile() throws {
        let tree = try merged(base, { $0.file("d/.wh.a") })
        #expect(tree.paths == ["d", "d/b", "d/sub", "d/sub/c", "e"])
    }

    @Test func C17_hidesADirectoryAndAllBelow() throws {
        #expect(try merged(base, { $0.file(".wh.d") }).paths == ["e"])
        #expect(try merged(base, { $0.file("d/.wh.sub") }).paths == ["d", "d/a", "d/b", "e"])
    }

    /// A marker counts wherever in its layer it stands, and for lower layers only.
    @Test(arguments: [true, false]) func C17_anOpaqueDirectoryShowsItsOwnLayerOnly(
        _ markerFirst: Bool
    ) throws {
        let tree = try merged(base) { tar in
            if markerFirst { tar.file("d/.wh..wh..opq") }
            tar.directory("d", mode: 0o700)
            tar.file("d/new")
            if !markerFirst { tar.file("d/.wh..wh..opq") }
        }
        #expect(tree.paths == ["d", "d/new", "e"])
        #expect(tree.shown("d") == "1:\(markerFirst ? 1 : 0)")
    }

    @Test(arguments: [true, false]) func C17_aWhiteoutDoesNotHideItsOwnLayersFile(
        _ markerFirst: Bool
    ) throws {
        let tree = try merged(base) { tar in
            if markerFirst { tar.file("d/.wh.a") }
            tar.file("d/a", "new")
            if !markerFirst { tar.file("d/.wh.a") }
        }
        #expect(tree.shown("d/a") == "1:\(markerFirst ? 1 : 0)")
    }

    @Test func C17_aFileMayComeBack() throws {
        let tree = try merged(
            base, { $0.file(".wh.d") },
            {
                $0.directory("d"); $0.file("d/b")
            }, { $0.file(".wh.e") })
        #expect(tree.paths == ["d", "d/b"])
        #expect(tree.shown("d/b") == "2:1")
    }

    /// Of whatever type the marker is.
    @Test(arguments: ["0", "1", "2", "3", "5", "6"] as [Character])
    func C17_theMarkersTypeDoesNotMatter(_ type: Character) throws {
        let tree = try merged(base) { $0.link("d/.wh.a", to: "e", type: type) }
        #expect(tree.paths == ["d", "d/b", "d/sub", "d/sub/c", "e"])
    }

    @Test(arguments: [
        ".wh..wh.plnk/1.2", ".wh..wh.orph", ".wh..wh.aufs", "d/.wh..wh.foo", "d/.wh..wh.a",
    ])
    func C17_bookkeepingOfAufsIsNoFileAndHidesNothing(_ name: String) throws {
        let tree = try merged(base, { $0.file(name) })
        #expect(tree.paths == ["d", "d/a", "d/b", "d/sub", "d/sub/c", "e"])
    }

    @Test func C17_nothingBelowAMarkerIsAFile() throws {
        let tree = try merged(base) { tar in
            tar.directory("d/.wh.a")
            tar.file("d/.wh.a/su", mode: 0o4755)
        }
        #expect(tree.paths == ["d", "d/b", "d/sub", "d/sub/c", "e"])
    }

    @Test(arguments: [".wh.", "d/.wh.", ".wh..", "d/.wh..", ".wh...", "d/.wh..."])
    func C17_aMarkerWithoutANameIsRefused(_ name: String) throws {
        let error = try #require(throws: DerootError.self) {
            try merged(
                base,
                {
                    $0.file("first"); $0.file(name)
                })
        }
        #expect(error.code == .malformed)
        #expect(error.location.offset == 512)
        #expect(error.location.entry?.contains(".wh.") == true)
    }

    @Test func C17_aMarkerForNothingIsHarmless() throws {
        let tree = try merged(base) { tar in
            tar.file("nowhere/.wh.a")
            tar.file("nowhere/.wh..wh..opq")
            tar.file(".wh.nothing")
        }
        #expect(tree.paths == ["d", "d/a", "d/b", "d/sub", "d/sub/c", "e"])
    }

    @Test func C17_anOpaqueRootHidesAllBelow() throws {
        #expect(
            try merged(
                base,
                {
                    $0.file(".wh..wh..opq"); $0.file("n")
                }
            ).paths == ["n"])
    }

    @Test func aNameThatOnlyLooksLikeAMarkerIsAFile() throws {
        let tree = try merged { tar in
            for name in [".wh", "a.wh.b", ".who", "x/.wha"] { tar.file(name) }
        }
        #expect(tree.paths == [".wh", ".who", "a.wh.b", "x", "x/.wha"])
    }
}
