import DerootBytes
import DerootOCI
import Testing

@Suite("platforms")
struct PlatformTests {
    @Test(
        "a platform is parsed and normalised as containerd does",
        arguments: [
            ("linux/amd64", "linux/amd64"), ("linux/arm64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"), ("linux/arm64/8", "linux/arm64"),
            ("linux/arm64/v9", "linux/arm64/v9"), ("linux/arm", "linux/arm/v7"),
            ("linux/arm/7", "linux/arm/v7"), ("linux/arm/v6", "linux/arm/v6"),
            ("linux/arm/6", "linux/arm/v6"), ("linux/armhf", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"), ("linux/x86_64", "linux/amd64"),
            ("linux/x86-64", "linux/amd64"), ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"), ("linux/i386", "linux/386"),
            ("linux/aarch64", "linux/arm64"), ("Linux/ARM64/V8", "linux/arm64"),
            ("macos/arm64", "darwin/arm64"), ("linux/s390x", "linux/s390x"),
        ])
    func parse(_ spelled: String, _ normalized: String) throws {
        #expect(try Platform(parsing: spelled).description == normalized)
    }

    @Test(
        "anything else is a usage error",
        arguments: [
            "", "linux", "linux/", "/amd64", "linux//v8", "linux/arm64/v8/x", "linux/a b",
            "linux/é", "*/*",
        ])
    func refuse(_ spelled: String) {
        let error = failure { _ = try Platform(parsing: spelled) }
        #expect(error?.code == .usage)
        #expect(error?.advice != nil)
    }

    @Test(
        "matching",
        arguments: [
            (#"{"os":"linux","architecture":"arm64"}"#, "linux/arm64/v8", true),
            (#"{"os":"linux","architecture":"arm64","variant":"v8"}"#, "linux/arm64", true),
            (#"{"os":"linux","architecture":"arm64","variant":""}"#, "linux/arm64", true),
            (#"{"os":"linux","architecture":"arm64","variant":"v9"}"#, "linux/arm64", false),
            (#"{"os":"linux","architecture":"arm","variant":"v7"}"#, "linux/arm", true),
            (#"{"os":"linux","architecture":"arm"}"#, "linux/arm/v7", true),
            (#"{"os":"linux","architecture":"arm","variant":"v6"}"#, "linux/arm", false),
            (#"{"os":"linux","architecture":"amd64"}"#, "linux/arm64", false),
            (
                #"{"os":"windows","architecture":"amd64","os.version":"10.0.1"}"#, "windows/amd64",
                true
            ),
            (#"{"os":"windows","architecture":"amd64"}"#, "linux/amd64", false),
            (#"{"os":"unknown","architecture":"unknown"}"#, "linux/amd64", false),
            (#"{}"#, "linux/amd64", false),
        ])
    func matching(_ own: String, _ wanted: String, _ fits: Bool) throws {
        #expect(try Platform(object(own)).matches(Platform(parsing: wanted)) == fits)
    }

    @Test("a version and features count where they are asked for")
    func windows() {
        let own = Platform(
            os: "windows", architecture: "amd64", osVersion: "10.0.1", osFeatures: ["win32k", "x"])
        var wanted = Platform(os: "windows", architecture: "amd64", osFeatures: ["win32k"])
        #expect(own.matches(wanted))
        wanted.osVersion = "10.0.2"
        #expect(!own.matches(wanted))
        wanted = Platform(os: "windows", architecture: "amd64", osFeatures: ["y"])
        #expect(!own.matches(wanted))
        #expect(own.description == "windows(10.0.1)/amd64")
    }

    @Test("a platform is written and read back")
    func roundTrip() throws {
        for platform in [
            Platform(os: "linux", architecture: "arm", variant: "v7"),
            Platform(os: "windows", architecture: "amd64", osVersion: "1", osFeatures: ["a", "b"]),
        ] {
            #expect(try Platform(#require(platform.json.object)) == platform)
        }
    }

    @Test("wrong types are refused, unknown is unknown")
    func wrong() throws {
        for spelled in [#"{"os":1}"#, #"{"os.features":"x"}"#, #"{"variant":{}}"#] {
            #expect(failure { _ = try Platform(object(spelled)) }?.code == .malformed)
        }
        #expect(try Platform(object(#"{"os":"unknown","architecture":"unknown"}"#)).isUnknown)
        #expect(try !Platform(object(#"{"os":"linux","architecture":"unknown"}"#)).isUnknown)
    }
}
