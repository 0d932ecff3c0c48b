import DerootCore
import DerootTar
import DerootTestSupport
import Testing

/// Which names share an inode (hostile input C16).
struct LinkGroupTests {
    /// The group of an entry as `layer:index` names.
    private func group(_ tree: FileTree, _ layer: Int, _ index: Int) -> [String] {
        tree.linkGroup(of: EntryRef(layer: layer, index: index)).map { "\($0.layer):\($0.index)" }
            .sorted()
    }

    @Test func C16_gathersAllNamesInALayer() throws {
        let tree = try merged { tar in
            tar.file("bin/busybox")
            tar.link("bin/ls", to: "bin/busybox", type: "1")
            tar.file("other")
            tar.link("./bin/cat", to: "/bin/busybox", type: "1")
            tar.link("bin/again", to: "./bin/ls", type: "1")
        }
        #expect(group(tree, 0, 0) == ["0:0", "0:1", "0:3", "0:4"])
        #expect(group(tree, 0, 4) == group(tree, 0, 0))
        #expect(group(tree, 0, 2) == ["0:2"])
        #expect(tree.linkGroups.count == 1)
    }

    @Test func C16_reachesIntoLowerLayers() throws {
        let tree = try merged(
            { $0.file("su", mode: 0o4755) }, { $0.link("alias", to: "su", type: "1") },
            { $0.link("third", to: "alias", type: "1") })
        #expect(group(tree, 0, 0) == ["0:0", "1:0", "2:0"])
    }

    @Test func C16_meansTheEntryThatIsThereAtThatMoment() throws {
        let tree = try merged { tar in
            tar.file("a", mode: 0o4755)
            tar.link("b", to: "a", type: "1")
            tar.file("a")
            tar.link("c", to: "a", type: "1")
        }
        #expect(group(tree, 0, 0) == ["0:0", "0:1"])
        #expect(group(tree, 0, 2) == ["0:2", "0:3"])
    }

    @Test func C16_meansTheLowerFileWhereItsOwnComesLater() throws {
        let tree = try merged(
            { $0.file("a") },
            {
                $0.link("b", to: "a", type: "1"); $0.file("a")
            })
        #expect(group(tree, 1, 0) == ["0:0", "1:0"])
        #expect(group(tree, 1, 1) == ["1:1"])
    }

    @Test(arguments: ["gone", "../a", "a/../../b", ""])
    func C16_aLinkToNothingStandsAlone(_ target: String) throws {
        let tree = try merged { tar in
            tar.file("a")
            tar.link("b", to: target, type: "1")
        }
        #expect(target.isEmpty || group(tree, 0, 1) == ["0:1"])
        #expect(group(tree, 0, 0) == ["0:0"])
    }

    @Test func C16_aLinkToItselfStandsAlone() throws {
        let tree = try merged { $0.link("a", to: "a", type: "1") }
        #expect(group(tree, 0, 0) == ["0:0"])
    }

    /// link(2) follows symbolic links on the way, and not the last one.
    @Test func C16_aLinkThroughASymlinkedDirectory() throws {
        let tree = try merged { tar in
            tar.directory("usr/bin")
            tar.link("bin", to: "usr/bin")
            tar.file("usr/bin/su", mode: 0o4755)
            tar.link("usr/bin/link", to: "su")
            tar.link("a", to: "bin/su", type: "1")
            tar.link("b", to: "bin/link", type: "1")
        }
        #expect(group(tree, 0, 2) == ["0:2", "0:4"])
        #expect(group(tree, 0, 3) == ["0:3", "0:5"])
    }

    @Test func C16_aHiddenFileIsNoTarget() throws {
        let tree = try merged(
            { $0.file("a") }, { $0.file(".wh.a") }, { $0.link("b", to: "a", type: "1") })
        #expect(group(tree, 2, 0) == ["2:0"])
    }
}
