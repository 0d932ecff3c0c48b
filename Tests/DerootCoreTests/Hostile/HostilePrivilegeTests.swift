import DerootBytes
import DerootCore
import DerootOCI
import DerootTar
import DerootTestSupport
import Testing

/// Hostile inputs D01 to D15: what gives a privilege, and what only looks like one.
struct HostilePrivilegeTests {
    private func trial(
        _ options: ConversionOptions = .init(), settings: String = "", _ build: @escaping Build
    ) throws -> Trial {
        try Trial(options, settings: settings, build)
    }

    @Test(arguments: [0o4755, 0o2755, 0o6755, 0o4000, 0o7777] as [UInt64])
    func D01_setuidAndSetgidOfFilesAreCleared(_ mode: UInt64) throws {
        let done = try trial { $0.file("bin/su", "su", mode: mode) }.neutralises("/bin/su")
        let after = try walked(done.image().layers[0]).first?.meaning.mode
        #expect(after == UInt16(mode & 0o1777))
    }

    @Test func D02_bitsOfDirectoriesAreCarried() throws {
        try trial { tar in
            tar.directory("var/mail", mode: 0o2775, gid: 8)
            tar.directory("tmp", mode: 0o1777)
            tar.directory("odd", mode: 0o7777)
        }.carries()
    }

    @Test func D03_aLinkThatArmsALowerFileIsCleared() throws {
        let done = try Trial(
            .init(), { $0.file("bin/tool", "x", mode: 0o755) },
            { $0.link("bin/armed", to: "bin/tool", type: "1", mode: 0o4755) },
            { $0.link("bin/third", to: "bin/armed", type: "1", mode: 0o2755) }
        ).neutralises("/bin/armed", "/bin/third")
        #expect(try done.image().layers.count == 4)
    }

    /// A copy of the link in a layer of its own would lead to the armed file below, or to nothing.
    @Test(arguments: [
        ["bin/.wh..wh.plnk/1.2", "bin/su"], [".wh..wh.plnk/1.2", "su"], ["later", "su"],
    ])
    func D03_aLinkWithoutAFileIsNotAppended(_ names: [String]) throws {
        var options = ConversionOptions()
        options.layers = .append
        let build: Build = { tar in
            if names[0] == "later" { tar.link(names[1], to: names[0], type: "1", mode: 0o4755) }
            tar.file(names[0], "x", mode: 0o4755)
            if names[0] != "later" { tar.link(names[1], to: names[0], type: "1", mode: 0o4755) }
        }
        try Trial(options, build).refuses(.blocked, naming: "--layers rewrite")
        try Trial(.init(), build).neutralises("/\(names[1])")
    }

    @Test func D04_everyLayerIsClearedHiddenOnesIncluded() throws {
        try Trial(
            .init(), { $0.file("a/su", "1", mode: 0o4755) }, { $0.file("a/su", "2") },
            { $0.file("a/su", "3", mode: 0o2755) }, { $0.file("a/.wh.su") },
            { $0.file("a/.wh..wh..opq") }, { $0.link("a", to: "/b") }
        ).neutralises("/a/su")
    }

    @Test(arguments: ["2", "3", "4", "5", "6"] as [Character])
    func D05_bitsOfWhatIsNoFileAreCarried(_ type: Character) throws {
        try trial { $0.header(RawHeader("odd", type: type, mode: 0o7777)) }.carries()
    }

    @Test func D06_aScriptOrAForeignFileIsClearedAnyway() throws {
        try trial { tar in
            tar.file("script", "#!/bin/sh\n", mode: 0o4755, uid: 1000)
            tar.file("data", "", mode: 0o6644, uid: 5, gid: 5)
        }.neutralises("/script", "/data")
    }

    /// Versions 1 to 3 of the value (linux/capability.h), too short and too long ones, both keys.
    @Test func D07_capabilitiesGoInEveryEncoding() throws {
        for value in [[1, 0, 0, 1], [1, 0, 0, 2], [1, 0, 0, 3], [], [1]] as [[UInt8]] {
            for size in [0, 8, 16, 20] {
                let bytes = value + [UInt8](repeating: 0, count: size)
                try trial { tar in
                    tar.pax([PaxRecord("SCHILY.xattr.security.capability", bytes)])
                    tar.file("ping", "p", mode: 0o755)
                    tar.pax([
                        PaxRecord(
                            "LIBARCHIVE.xattr.security.capability", "AQAAAgAgAAAAAAAAAAAAAAAAAAA"),
                        PaxRecord("SCHILY.xattr.security.capability", bytes),
                    ])
                    tar.link("alias", to: "ping", type: "1", mode: 0o755)
                }.neutralises("/ping", "/alias")
            }
        }
    }

    @Test(arguments: [
        "trusted.overlay.redirect", "trusted.overlay.opaque", "user.overlay.metacopy",
    ])
    func D08_overlayAttributesAreCarried(_ name: String) throws {
        let done = try trial { tar in
            for path in ["d", "e"] {
                tar.pax([
                    PaxRecord("SCHILY.xattr.\(name)", "y"),
                    PaxRecord("LIBARCHIVE.xattr.\(name)", "eQ"),
                ])
                tar.directory(path)
            }
        }.carries()
        let notes = done.outcome.images[0].plan.notes
        #expect(notes.contains { $0.hasPrefix("/d (and 1 more) carries an attribute of overlay") })
    }

    @Test(arguments: ["security.selinux", "security.ima", "security.evm"])
    func D09_otherSecurityAttributesAreCarriedBesideAChange(_ name: String) throws {
        let record = PaxRecord("SCHILY.xattr.\(name)", [3, 2, 4, 0])
        let done = try trial { tar in
            tar.pax([record])
            tar.file("su", "x", mode: 0o4755)
            tar.pax([record])
            tar.file("same", "x")
        }.neutralises("/su")
        #expect(try walked(done.image().layers[0]).first?.meaning.records == [record])
        // A signature covers owner and mode: said where they change, and only there.
        let notes = done.outcome.images[0].plan.notes.filter { $0.contains("signature") }
        #expect(notes.map { $0.hasPrefix("/su carries") } == (name.hasSuffix("x") ? [] : [true]))
    }

    @Test func D10_accountFilesThatOthersMayWriteAreWrittenAnew() throws {
        let done = try trial { tar in
            tar.file("etc/passwd", "root:x:0:0::/:\n", mode: 0o666, uid: 1000)
            tar.file("etc/group", "root:x:0:\n", mode: 0o664)
            tar.file("etc/shadow", "root:*::::::::\n", mode: 0o646)
            tar.file("etc/sudoers", "ALL ALL=(ALL) NOPASSWD: ALL\n", mode: 0o440)
        }.converts()
        for name in ["passwd", "group", "shadow"] {
            let tree = try done.image().tree()
            let entry = try #require(tree.entry(at: TarPath("etc/\(name)")))
            #expect(tree[entry].uid == 0 && tree[entry].mode & 0o022 == 0, "\(name)")
        }
        // A policy of the image is no privilege of a file: it stays as it is.
        #expect(try done.image().status("etc/sudoers") == "0:0 0440")
    }

    @Test func D11_volumesAreHandedOverAndNothingOutside() throws {
        let settings = #""Volumes":{"/data":{},"/link":{}},"WorkingDir":"/srv/app""#
        let done = try trial(settings: settings) { tar in
            tar.directory("data")
            tar.file("data/file", "x")
            tar.link("link", to: "/usr")
            tar.directory("usr")
            tar.file("usr/tool", "x", mode: 0o755)
            tar.directory("srv/app")
        }.converts()
        let image = try done.image()
        #expect(try image.status("data/file") == "65532:65532 0644")
        #expect(try image.status("srv/app") == "65532:65532 0755")
        #expect(try image.status("usr/tool") == "0:0 0755")
    }

    /// The same file by two readings: below the volume, and where the link in its path led at that time.
    @Test func D11_whatWentThroughALinkKeepsItsProtectedOwner() throws {
        let done = try Trial(
            .init(), settings: #""Volumes":{"/data":{}}"#,
            { tar in
                tar.file("usr/bin/tool", "x", mode: 0o755)
                tar.link("data", to: "usr/bin")
            }, { $0.file("data/tool", "y", mode: 0o755) },
            { tar in
                tar.directory("data")
                tar.file("data/kept", "z")
            }
        ).converts()
        let image = try done.image()
        #expect(try image.status("data/tool") == "0:0 0755")
        #expect(try image.status("data/kept") == "65532:65532 0644")
    }

    @Test(arguments: ["etc/pam.d", "etc/sudoers.d", "etc/ssl", "var/lib/dpkg", "etc/security"])
    func D11_directoriesOfProtectedFilesAreNoVolumes(_ path: String) throws {
        for setting in [#""Volumes":{"/\#(path)":{}}"#, #""WorkingDir":"/\#(path)""#] {
            let image = try trial(settings: setting) { $0.directory(path) }.converts().image()
            #expect(try image.status(TarPath(path)) == "0:0 0755")
        }
    }

    @Test func D12_notesOfARewrittenLayerAreDropped() throws {
        let note = #""containerd.io/snapshot/stargz/toc.digest":"sha256:0","mine":"1""#
        let changing: Build = { $0.file("su", mode: 0o4755) }
        let staying: Build = { $0.file("a") }
        for (build, stays) in [(changing, false), (staying, true)] {
            var image = ImageFixture([try LayerFixture(.gzip, build)])
            image.layerAnnotations = [note]
            let done = try Trial(LayoutFixture(image)).converts()
            let names = try done.image().manifest.layers[0].annotations
            #expect((names["containerd.io/snapshot/stargz/toc.digest"] != nil) == stays)
            #expect(names["mine"] == "1")
        }
    }

    @Test func D13_aSharedLayerHasOneResult() throws {
        let base = try Samples.base()
        var images = [ImageFixture([base, try Samples.app()]), ImageFixture([base])]
        images[1].architecture = "arm64"
        let done = try Trial(LayoutFixture(images)).neutralises("/usr/bin/su")
        #expect(done.images[0].manifest.layers[0] == done.images[1].manifest.layers[0])
        let alone = try Trial(layer: base).neutralises("/usr/bin/su")
        #expect(try alone.image().manifest.layers[0] == done.images[1].manifest.layers[0])
    }

    @Test func D14_convertingAgainChangesNothing() throws {
        let trial = try Trial(LayoutFixture(Samples.image()))
        let once = try trial.neutralises("/usr/bin/su").outcome
        let again = try trial.convert(from: trial.populated.result())
        #expect(again.isUnchanged && again.root.digest == once.root.digest)
        #expect(try trial.populated.harm() == nil)
    }

    @Test func D15_theSameDigestWithAnyNumberOfThreads() throws {
        let trial = try Trial(LayoutFixture(Samples.image()))
        let digests = try [1, 2, 3, 8].map { try trial.convert(jobs: $0).root.digest }
        #expect(Set(digests).count == 1)
        #expect(try trial.populated.harm() == nil)
    }
}
