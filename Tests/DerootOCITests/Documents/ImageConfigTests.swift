import DerootBytes
import DerootOCI
import Testing

@Suite("image configs")
struct ImageConfigTests {
    private func config(_ spelled: String = configText) throws -> ImageConfig {
        try ImageConfig(parsing: Array(spelled.utf8))
    }

    @Test("all members are read, and the bytes stay")
    func read() throws {
        let config = try config()
        #expect(config.platform == Platform(os: "linux", architecture: "arm64", variant: "v8"))
        #expect(config.created == "2024-05-14T19:20:00.5Z")
        #expect(config.user == "0:0")
        #expect(config.env == ["PATH=/usr/bin", "A=1", "B", "A=2"])
        #expect(config.workingDirectory == "/srv")
        #expect(config.entrypoint == nil)
        #expect(config.cmd == ["sh"])
        #expect(config.volumes == ["/data", "/cache"])
        #expect(config.exposedPorts == ["80/tcp"])
        #expect(config.labels.map(\.name) == ["b", "a"])
        #expect(config.labels["a"] == "1")
        #expect(config.onBuild == ["RUN true"])
        #expect(config.shell == ["/bin/sh", "-c"])
        #expect(config.healthcheckTest == ["CMD", "true"])
        #expect(config.stopSignal == "SIGTERM")
        #expect(try config.diffIDs == [DiffID(digest("1")), DiffID(digest("2"))])
        #expect(
            config.history == [
                HistoryEntry(createdBy: "ADD"), HistoryEntry(createdBy: "ENV", isEmptyLayer: true),
                HistoryEntry(),
            ])
        #expect(config.history.map(\.createdBy) == ["ADD", "ENV", nil])
        #expect(text(config.document) == configText)
    }

    @Test(
        "what is absent or null reads as empty (A22)",
        arguments: [
            "{}", #"{"config":null,"rootfs":null,"history":null,"created":null}"#,
            #"{"config":{"User":null,"Env":null,"Cmd":null,"Entrypoint":null,"Volumes":null}}"#,
            #"{"config":{"ExposedPorts":null,"Labels":null,"Healthcheck":null,"OnBuild":null}}"#,
            #"{"config":{"Healthcheck":{"Test":null}},"rootfs":{"type":"layers","diff_ids":null}}"#,
        ])
    func empty(_ spelled: String) throws {
        let config = try config(spelled)
        #expect(config.user == nil && config.created == nil && config.cmd == nil)
        #expect(config.env.isEmpty && config.volumes.isEmpty && config.exposedPorts.isEmpty)
        #expect(config.labels.isEmpty && config.onBuild.isEmpty && config.healthcheckTest == nil)
        #expect(config.diffIDs.isEmpty && config.history.isEmpty)
        #expect(config.platform.description == "unknown/unknown")
        #expect(text(config.document) == spelled)
    }

    @Test(
        "a wrong type is refused and named, never a trap (A22)",
        arguments: [
            (#"{"os":1}"#, "'os'"), (#"{"architecture":[]}"#, "'architecture'"),
            (#"{"created":1715714400}"#, "'created'"), (#"{"config":[]}"#, "'config'"),
            (#"{"config":"x"}"#, "'config'"), (#"{"rootfs":[]}"#, "'rootfs'"),
            (#"{"history":{}}"#, "'history'"), (#"{"history":[1]}"#, "history[0]: "),
            (#"{"history":[{},{"empty_layer":"yes"}]}"#, "history[1]: 'empty_layer'"),
            (#"{"history":[{"created_by":["x"]}]}"#, "history[0]: 'created_by'"),
            (#"{"config":{"User":0}}"#, "config: 'User'"),
            (#"{"config":{"User":{"uid":1}}}"#, "config: 'User'"),
            (#"{"config":{"Env":{"A":"1"}}}"#, "config: 'Env'"),
            (#"{"config":{"Env":["A=1",2]}}"#, "config: 'Env[1]'"),
            (#"{"config":{"Env":[null]}}"#, "config: 'Env[0]'"),
            (#"{"config":{"Cmd":"sh"}}"#, "config: 'Cmd'"),
            (#"{"config":{"Entrypoint":"sh -c"}}"#, "config: 'Entrypoint'"),
            (#"{"config":{"WorkingDir":[]}}"#, "config: 'WorkingDir'"),
            (#"{"config":{"Volumes":["/x"]}}"#, "config: 'Volumes'"),
            (#"{"config":{"Volumes":{"/x":1}}}"#, "config: 'Volumes./x'"),
            (#"{"config":{"Volumes":{"/x":{},"/x":{}}}}"#, "config: 'Volumes'"),
            (#"{"config":{"ExposedPorts":[80]}}"#, "config: 'ExposedPorts'"),
            (#"{"config":{"Labels":{"a":1}}}"#, "config: 'Labels.a'"),
            (#"{"config":{"Labels":{"a":"1","\u0061":"1"}}}"#, "config: 'Labels'"),
            (#"{"config":{"OnBuild":"RUN"}}"#, "config: 'OnBuild'"),
            (#"{"config":{"Shell":"sh"}}"#, "config: 'Shell'"),
            (#"{"config":{"Healthcheck":[]}}"#, "config: 'Healthcheck'"),
            (#"{"config":{"Healthcheck":{"Test":"x"}}}"#, "config: 'Test'"),
            (#"{"config":{"StopSignal":15}}"#, "config: 'StopSignal'"),
            (#"{"rootfs":{"diff_ids":[1]}}"#, "rootfs: 'diff_ids[0]'"),
            (#"{"rootfs":{"diff_ids":["sha256:x"]}}"#, "rootfs: diff_ids[0]: "),
            (#"{"rootfs":{"type":1}}"#, "rootfs: 'type'"),
        ])
    func wrongTypes(_ spelled: String, _ named: String) {
        let error = failure { _ = try config(spelled) }
        #expect(error?.code == .malformed)
        #expect(error?.message.hasPrefix(named) == true, "\(error?.message ?? "no error")")
    }

    @Test(
        "two spellings of a field that counts are refused (A20)",
        arguments: [
            #"{"config":{"User":"1000","user":"0"}}"#, #"{"config":{"User":"1000","User":"0"}}"#,
            #"{"config":{"U\u017fer":"0","User":"1000"}}"#, #"{"config":{},"Config":{"User":"0"}}"#,
            #"{"config":{"Env":[],"ENV":["A=1"]}}"#, #"{"config":{"Volumes":{},"volumes":{}}}"#,
            #"{"rootfs":{"diff_ids":[],"Diff_IDs":[]}}"#, #"{"rootf\u017f":{},"rootfs":{}}"#,
            #"{"history":[],"History":[]}"#,
            #"{"history":[{"empty_layer":true,"Empty_Layer":false}]}"#,
            #"{"os":"linux","OS":"windows"}"#,
        ])
    func twoSpellings(_ spelled: String) {
        #expect(failure { _ = try config(spelled) }?.code == .hostile)
    }

    @Test("a spelling of another case is the field, as in Go")
    func otherCase() throws {
        var config = try config(#"{"CONFIG":{"user":"0","\u017fhell":["x"]}}"#)
        #expect(config.user == "0")
        #expect(config.shell == ["x"])
        config.setUser("65532:65532")
        // Readers that do not fold case must see it too.
        #expect(text(config.document) == #"{"config":{"User":"65532:65532","\u017fhell":["x"]}}"#)
        #expect(config.exactUser == "65532:65532")
    }

    @Test("another kind of root filesystem is not supported")
    func rootfsType() {
        let error = failure { _ = try config(#"{"rootfs":{"type":"layers+base"}}"#) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("layers+base") == true)
    }
}
