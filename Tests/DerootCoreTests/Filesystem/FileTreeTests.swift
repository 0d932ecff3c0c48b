import DerootBytes
import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// The merged view of layers: what a container would see.
struct FileTreeTests {
    @Test func anEmptyTreeIsTheRoot() throws {
        let tree = FileTree()
        #expect(tree.count == 1)
        #expect(tree.find(.root) == 0)
        #expect(tree.entry(of: 0) == nil)
        #expect(tree.resolve("a/b").path == "a/b")
        #expect(tree.resolve("a/b").node == nil)
    }

    @Test func upperLayersWin() throws {
        let tree = try merged(
            {
                $0.directory("etc"); $0.file("etc/a", "1"); $0.file("etc/b", "1")
            },
            {
                $0.file("etc/b", "22"); $0.file("etc/c", "22")
            })
        #expect(tree.paths == ["etc", "etc/a", "etc/b", "etc/c"])
        #expect(tree.shown("etc/a") == "0:1")
        #expect(tree.shown("etc/b") == "1:0")
        #expect(tree.shown("etc") == "0:0")
    }

    @Test func C14_theLastOfTwoEntriesWins() throws {
        let tree = try merged { tar in
            tar.file("a", "1")
            tar.file("./a", "22", mode: 0o600)
            tar.directory("d")
            tar.file("d/x")
            tar.file("d")
        }
        #expect(tree.shown("a") == "0:1")
        #expect(tree.paths == ["a", "d"])
        #expect(tree.shown("d") == "0:4")
    }

    @Test func C14_aFileTakesTheDirectorysPlaceAndBack() throws {
        let tree = try merged(
            {
                $0.directory("d"); $0.file("d/x"); $0.file("d/sub/y"); $0.file("f")
            },
            {
                $0.file("d"); $0.directory("f"); $0.file("f/z")
            },
            {
                $0.directory("d"); $0.file("d/new")
            })
        #expect(tree.paths == ["d", "d/new", "f", "f/z"])
        #expect(tree.shown("d/x") == nil)
        #expect(tree.shown("f") == "1:1")
    }

    @Test func C14_aSymlinkTakesTheDirectorysPlace() throws {
        let tree = try merged(
            {
                $0.directory("d"); $0.file("d/x")
            },
            { $0.link("d", to: "/elsewhere") })
        #expect(tree.paths == ["d"])
        #expect(tree.resolve("d/x").path == "elsewhere/x")
    }

    @Test func parentsMayBeImplied() throws {
        let tree = try merged({ $0.file("a/b/c") }, { $0.directory("a/b", mode: 0o700) })
        #expect(tree.paths == ["a", "a/b", "a/b/c"])
        #expect(tree.shown("a") == nil)
        #expect(tree.shown("a/b") == "1:0")
        #expect(tree.impliedDirectories(below: 0).map(\.description).sorted() == ["/", "/a"])
        let root = try #require(tree.find("a/b"))
        #expect(tree.impliedDirectories(below: root).isEmpty)
    }

    @Test func theRootMayHaveAnEntry() throws {
        for name in ["./", "/", "."] {
            let tree = try merged { $0.directory(name, mode: 0o700) }
            #expect(tree.entry(at: .root).map { tree[$0].mode } == 0o700)
            #expect(tree.count == 1)
        }
    }

    @Test(arguments: ["/.", ".", "./", "/"])
    func C12_aSymlinkInThePlaceOfTheRootIsRefused(_ name: String) throws {
        // CVE-2021-29136: an extractor that follows this would leave its directory.
        let error = try #require(throws: DerootError.self) {
            try merged({ $0.file("etc/passwd") }, { $0.link(name, to: "/tmp") })
        }
        #expect(error.code == .hostile)
    }

    @Test func walksParentsFirstInByteOrder() throws {
        let tree = try merged { tar in
            for name in ["b", "a/z", "a-b", "a/c/d", "a"] {
                name == "a" ? tar.directory("a") : tar.file(name)
            }
        }
        var seen: [String] = []
        tree.walk { seen.append(tree.path(of: $0).description) }
        #expect(seen == ["/", "/a", "/a/c", "/a/c/d", "/a/z", "/a-b", "/b"])
    }

    @Test func C23_namesThatLookAlikeAreTwo() throws {
        let tree = try merged { tar in
            tar.header(RawHeader([0xC3, 0xA9]))
            tar.header(RawHeader([0x65, 0xCC, 0x81]))
            tar.header(RawHeader([0xFF]))
            tar.header(RawHeader([0xFE]))
        }
        #expect(tree.count == 5)
    }
}
