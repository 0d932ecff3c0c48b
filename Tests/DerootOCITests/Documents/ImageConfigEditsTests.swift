import DerootBytes
import DerootOCI
import Testing

@Suite("edits of image configs")
struct ImageConfigEditsTests {
    private func config(_ spelled: String = configText) throws -> ImageConfig {
        try ImageConfig(parsing: Array(spelled.utf8))
    }

    /// What a config reads as after being written.
    private func again(_ config: ImageConfig) throws -> ImageConfig {
        try ImageConfig(parsing: config.document.bytes)
    }

    @Test("each edit reads back, and an edit back to the old value restores the bytes")
    func setThenGet() throws {
        typealias Edit = (
            name: String, make: (inout ImageConfig) -> Void, undo: (inout ImageConfig) -> Void
        )
        let old = try config()
        let edits: [Edit] = [
            ("User", { $0.setUser("65532:65532") }, { $0.setUser(old.user) }),
            ("WorkingDir", { $0.setWorkingDirectory("/") }, { $0.setWorkingDirectory("/srv") }),
            ("Cmd", { $0.setCmd(["a", "b"]) }, { $0.setCmd(["sh"]) }),
            ("Env", { $0.setEnv("PATH", "/bin") }, { $0.setEnv(old.env) }),
            ("Labels", { $0.setLabel("a", "2") }, { $0.setLabel("a", "1") }),
            ("Ports", { $0.setExposedPorts(["8080/tcp"]) }, { $0.setExposedPorts(["80/tcp"]) }),
            (
                "created", { $0.setCreated("1970-01-01T00:00:00Z") },
                { $0.setCreated(old.created ?? "") }
            ),
        ]
        for edit in edits {
            var config = old
            edit.make(&config)
            let read = try again(config)
            #expect(config.document.isEdited, "\(edit.name)")
            #expect(read.user == config.user && read.env == config.env && read.cmd == config.cmd)
            #expect(
                read.workingDirectory == config.workingDirectory && read.labels == config.labels)
            #expect(read.exposedPorts == config.exposedPorts && read.created == config.created)
            edit.undo(&config)
            #expect(text(config.document) == configText, "\(edit.name)")
        }
    }

    @Test("setting the user changes nothing else")
    func user() throws {
        var edited = try config()
        edited.setUser("65532:65532")
        let expected = text(try parsed(configText)).replacing("\"0:0\"", with: "\"65532:65532\"")
        #expect(text(edited.document) == expected)
    }

    @Test(
        "config is created where it is absent or null",
        arguments: [
            ("{}", #"{"config":{"User":"1:1"}}"#),
            (#"{"config":null}"#, #"{"config":{"User":"1:1"}}"#),
            (#"{"Config":null,"x":1}"#, #"{"config":{"User":"1:1"},"x":1}"#),
            (#"{"config":{}}"#, #"{"config":{"User":"1:1"}}"#),
            (#"{"config":{"User":null,"a":1}}"#, #"{"config":{"User":"1:1","a":1}}"#),
        ])
    func createConfig(_ spelled: String, _ expected: String) throws {
        var edited = try config(spelled)
        edited.setUser("1:1")
        #expect(text(edited.document) == expected)
    }

    @Test(
        "removing what is not there is not a change",
        arguments: ["{}", #"{"config":null}"#, #"{"config":{ }}"#])
    func removeNothing(_ spelled: String) throws {
        var edited = try config(spelled)
        edited.setUser(nil)
        edited.setCmd(nil)
        edited.setEntrypoint(nil)
        edited.setLabel("a", nil)
        edited.setEnv("A", nil)
        edited.setVolumes([])
        edited.setExposedPorts([])
        edited.removeStaleImageIDs()
        #expect(text(edited.document) == spelled)
    }

    @Test(
        "environment: in place, in order, one entry of a name",
        arguments: [
            ("A", "9", ["PATH=/usr/bin", "A=9", "B"]),
            ("B", "x=y", ["PATH=/usr/bin", "A=1", "B=x=y", "A=2"]),
            ("NEW", "", ["PATH=/usr/bin", "A=1", "B", "A=2", "NEW="]),
            ("A", nil, ["PATH=/usr/bin", "B"]),
            ("PATH", "/usr/bin", ["PATH=/usr/bin", "A=1", "B", "A=2"]),
            ("path", nil, ["PATH=/usr/bin", "A=1", "B", "A=2"]),
            ("PATH=", nil, ["PATH=/usr/bin", "A=1", "B", "A=2"]),
        ] as [(String, String?, [String])])
    func env(_ name: String, _ value: String?, _ expected: [String]) throws {
        var edited = try config()
        edited.setEnv(name, value)
        #expect(edited.env == expected)
        #expect(try again(edited).env == expected)
        #expect(edited.document.isEdited == (try config().env != expected))
    }

    @Test("the entries and words that stay keep their spelling")
    func spellings() throws {
        var edited = try config(
            #"{"config":{"Env":["A=\u003c","B=\u003e","C=1"],"Cmd":["\u0061","b"]}}"#)
        edited.setEnv("B", "2")
        edited.setCmd(["b", "a", "<"])
        let expected = #"{"config":{"Env":["A=\u003c","B=2","C=1"],"Cmd":["b","\u0061","<"]}}"#
        #expect(text(edited.document) == expected)
        let id = try digest("1").description.replacing("s", with: #"\u0073"#)
        var ids = try config(#"{"rootfs":{"diff_ids":["\#(id)"]}}"#)
        ids.appendDiffID(DiffID(try digest("2")))
        #expect(text(ids.document).contains("[\"\(id)\",\"\(try digest("2"))\"]"))
    }

    @Test("an entry's name ends at the byte '=', whatever follows")
    func combiningMark() throws {
        var edited = try config("{\"config\":{\"Env\":[\"A=\u{301}x\",\"\u{E9}=1\"]}}")
        edited.setEnv("A", "2")
        edited.setEnv("e\u{301}", "3")
        #expect(edited.env == ["A=2", "\u{E9}=1", "e\u{301}=3"])
        #expect(edited.env.count == 3)
    }

    @Test("sets keep the members that stay")
    func sets() throws {
        var edited = try config()
        edited.setVolumes(["/new", "/cache"])
        #expect(text(edited.document).contains(#""Volumes":{"/new":{},"/cache":{"x":1}}"#))
        edited.setVolumes([])
        #expect(text(edited.document).contains(#""Volumes":{}"#))
        #expect(edited.volumes.isEmpty)
        var composed = try config("{\"config\":{\"Volumes\":{\"/\u{E9}\":{}}}}")
        composed.setVolumes(["/e\u{301}"])
        #expect(
            text(composed.document).utf8.elementsEqual(
                "{\"config\":{\"Volumes\":{\"/e\u{301}\":{}}}}".utf8))
    }

    @Test("labels: added at the end, removed, and the map goes with its last one")
    func labels() throws {
        var edited = try config(#"{"config":{"Labels":{"b":"\u0032"},"x":1}}"#)
        edited.setLabel("a", "1")
        #expect(text(edited.document) == #"{"config":{"Labels":{"b":"\u0032","a":"1"},"x":1}}"#)
        edited.setLabel("b", nil)
        edited.setLabel("a", nil)
        #expect(edited.labels.isEmpty)
        #expect(text(edited.document) == #"{"config":{"x":1}}"#)
        var only = try config(#"{"config":{"Labels":{"b":"2"}}}"#)
        only.setLabel("b", nil)
        #expect(text(only.document) == #"{"config":{}}"#)
    }

    @Test("diffIDs are replaced and added; rootfs is created where absent or null")
    func diffIDs() throws {
        let id = DiffID(try digest("9"))
        var edited = try config()
        edited.replaceDiffID(at: 0, edited.diffIDs[0])
        #expect(text(edited.document) == configText)
        edited.replaceDiffID(at: 1, id)
        edited.appendDiffID(id)
        #expect(try again(edited).diffIDs == [DiffID(digest("1")), id, id])
        for spelled in ["{}", #"{"rootfs":null}"#] {
            var created = try config(spelled)
            created.appendDiffID(id)
            #expect(
                text(created.document)
                    == "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"\(id)\"]}}")
        }
    }

    @Test("history: one entry more, the others as they were (A06)")
    func history() throws {
        var edited = try config()
        edited.appendHistory(
            createdBy: "deroot", comment: "x", created: "2024-01-01T00:00:00Z", emptyLayer: true)
        let entry =
            #"{"created":"2024-01-01T00:00:00Z","created_by":"deroot","comment":"x","empty_layer":true}"#
        let before = #"[{"created_by":"ADD","x":1},{"created_by":"ENV","empty_layer":true},{}"#
        #expect(text(edited.document).contains("\(before),\(entry)]"))
        #expect(try again(edited).history == edited.history)
        var created = try config(#"{"history":null}"#)
        created.appendHistory(createdBy: "deroot", emptyLayer: false)
        #expect(text(created.document) == #"{"history":[{"created_by":"deroot"}]}"#)
    }

    @Test("the image IDs of old builds go, and nothing else")
    func staleIDs() throws {
        var edited = try config(
            #"{"config":{"Image":"sha256:x","User":""},"container_config":{"image":"y","a":1}}"#)
        edited.removeStaleImageIDs()
        #expect(text(edited.document) == #"{"config":{"User":""},"container_config":{"a":1}}"#)
    }

    @Test("a new config reads back as itself")
    func new() throws {
        var new = ImageConfig(platform: Platform(os: "linux", architecture: "arm", variant: "v7"))
        new.setUser("1000:1000")
        new.appendDiffID(DiffID(try digest("3")))
        let read = try again(new)
        #expect(
            read.platform == new.platform && read.diffIDs == new.diffIDs && read.user == new.user)
    }
}
