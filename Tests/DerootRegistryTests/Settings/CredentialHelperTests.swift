import DerootBytes
import DerootTestSupport
import Glibc
import Testing

@testable import DerootRegistry

@Suite("credential helpers")
struct CredentialHelperTests {
    private func ask(_ home: Home, _ host: String) throws(DerootError) -> RegistryCredentials {
        try home.settings().credentials(
            for: RegistryEndpoint(
                host: host, repository: "a/b",
                credentialName: host == "registry-1.docker.io" ? "docker.io/a/b" : nil))
    }

    private static let answer = #"printf '{"ServerURL":"x","Username":"me","Secret":"s3"}'"#

    @Test("a host's helper is asked with the raw name on standard input")
    func hostHelper() throws {
        let home = try Home()
        try home.write(
            "run/containers/auth.json",
            #"{"credHelpers":{"h.io:5000":"one"},"auths":{"h.io:5000":\#(auth("file:f"))}}"#)
        try home.helper("one", "cat > \(home.files("asked")); test \"$1\" = get; \(Self.answer)")
        #expect(try ask(home, "h.io:5000") == .basic(user: "me", secret: "s3"))
        #expect(try home.files.read("asked") == Array("h.io:5000".utf8))
        #expect(try ask(home, "h.io") == .anonymous)
    }

    @Test("a helper is asked once for a host, and again when what it said is refused")
    func askedOnce() throws {
        let home = try Home()
        try home.write("run/containers/auth.json", #"{"credHelpers":{"h.io":"one","i.io":"one"}}"#)
        try home.helper(
            "one",
            "echo >> \(home.files("runs")); "
                + #"printf '{"Username":"me","Secret":"%s"}' $(wc -l < "#
                + "\(home.files("runs")))")
        let settings = try home.settings()
        func place(_ host: String, _ repository: String) -> RegistryEndpoint {
            RegistryEndpoint(host: host, repository: repository)
        }
        let first = RegistryCredentials.basic(user: "me", secret: "1")
        let second = RegistryCredentials.basic(user: "me", secret: "2")
        #expect(try settings.credentials(for: place("h.io", "a")) == first)
        #expect(try settings.credentials(for: place("h.io", "b/c")) == first)
        #expect(try settings.credentials(for: place("h.io", "a"), insteadOf: first) == second)
        // What another repository has renewed is not renewed again.
        #expect(try settings.credentials(for: place("h.io", "b/c"), insteadOf: first) == second)
        #expect(try settings.credentials(for: place("h.io", "d")) == second)
        #expect(try home.files.read("runs").count == 2)
        #expect(
            try settings.credentials(for: place("i.io", "a")) == .basic(user: "me", secret: "3"))
    }

    @Test("one that is refused everywhere is run again once a minute, whatever it says")
    func refusedEverywhere() throws {
        let home = try Home()
        try home.helper(
            "one",
            "echo >> \(home.files("runs")); "
                + #"printf '{"Username":"me","Secret":"%s"}' $(wc -l < "#
                + "\(home.files("runs")))")
        let clock = FakeClock()
        let answers = HelperAnswers(now: clock.timekeeper.now)
        let helper = try CredentialHelper("one", in: home.environment())
        func ask(_ refused: RegistryCredentials?) throws -> RegistryCredentials? {
            try answers.credentials(helper, for: "h.io", insteadOf: refused)
        }
        for _ in 0..<5 { _ = try ask(try ask(nil)) }
        #expect(try home.files.read("runs").count == 2)
        clock.pass(61)
        for _ in 0..<5 { _ = try ask(try ask(nil)) }
        #expect(try home.files.read("runs").count == 3)
    }

    @Test("one that fails is left in peace for a minute, and says the same")
    func failsOnce() throws {
        let home = try Home()
        try home.helper("one", "echo >> \(home.files("runs")); exit 3")
        let clock = FakeClock()
        let answers = HelperAnswers(now: clock.timekeeper.now)
        let helper = try CredentialHelper("one", in: home.environment())
        func ask() -> DerootError? {
            failure { () throws(DerootError) in
                _ = try answers.credentials(helper, for: "h.io", insteadOf: nil)
            }
        }
        for _ in 0..<5 { #expect(ask()?.message.contains("status 3") == true) }
        #expect(try home.files.read("runs").count == 1)
        clock.pass(61)
        #expect(ask() != nil)
        #expect(try home.files.read("runs").count == 2)
    }

    @Test("Docker Hub has its own name, and a token is one")
    func hub() throws {
        let home = try Home()
        try home.write("home/.docker/config.json", #"{"credsStore":"two"}"#)
        try home.helper(
            "two",
            #"test "$(cat)" = https://index.docker.io/v1/ || exit 7; "#
                + #"printf '{"Username":"<token>","Secret":"T"}'"#)
        #expect(try ask(home, "registry-1.docker.io") == .identityToken("T"))
    }

    @Test("the order: the host's helper, the file's entries, the store, the next file")
    func order() throws {
        let home = try Home()
        let missing = "echo 'credentials not found in native keychain'; exit 1"
        try home.helper("none", missing)
        try home.helper("store", Self.answer)
        try home.write(
            "run/containers/auth.json",
            #"""
            {"credHelpers":{"a.io":"none","b.io":"none"},"credsStore":"store",
             "auths":{"a.io":\#(auth("file:f"))}}
            """#)
        #expect(try ask(home, "a.io") == .basic(user: "file", secret: "f"))
        #expect(try ask(home, "b.io") == .basic(user: "me", secret: "s3"))
        try home.helper("store", missing)
        try home.write("home/.docker/config.json", #"{"auths":{"b.io":\#(auth("next:n"))}}"#)
        #expect(try ask(home, "b.io") == .basic(user: "next", secret: "n"))
        #expect(try ask(home, "c.io") == .anonymous)
    }

    @Test("a store that is not installed matters only to hosts that the file names")
    func notInstalled() throws {
        let home = try Home()
        try home.write(
            "run/containers/auth.json", #"{"credsStore":"nowhere","auths":{"h.io":{}}}"#)
        #expect(try ask(home, "other.io") == .anonymous)
        let error = failure { () throws(DerootError) in _ = try ask(home, "h.io") }
        #expect(error?.code == .notFound)
        #expect(error?.description.contains("docker-credential-nowhere") == true)
    }

    @Test(
        "names that are paths or options are refused",
        arguments: ["../x", "/bin/sh", "", ".x", "a b", "a/b", "a\n"])
    func names(_ name: String) throws {
        let home = try Home()
        let error = failure { () throws(DerootError) in
            _ = try CredentialHelper(name, in: home.environment())
        }
        #expect(error?.code == .hostile)
    }

    @Test("a program in the working directory is not run")
    func relativePath() throws {
        let home = try Home()
        try home.helper("here", Self.answer)
        let environment = home.environment(["PATH": "::.:bin"])
        let error = failure { () throws(DerootError) in
            _ = try CredentialHelper("here", in: environment)
        }
        #expect(error?.code == .notFound)
    }

    @Test(
        "failures say which helper, and nothing of what it wrote (F07)",
        arguments: [
            ("echo s3cret; echo s3cret >&2; exit 3", "ended with status 3", DerootError.Code.io),
            ("echo s3cret >&2; kill -9 $$", "signal 9", .io),
            ("echo '{s3cret'", "not what helpers answer", .malformed),
            (#"echo '{"Username":["s3cret"]}'"#, "not what helpers answer", .malformed),
            ("echo '[]'", "not what helpers answer", .malformed),
        ])
    func failures(_ body: String, _ expected: String, _ code: DerootError.Code) throws {
        let home = try Home()
        try home.write("run/containers/auth.json", #"{"credsStore":"bad"}"#)
        try home.helper("bad", body)
        let error = try #require(failure { () throws(DerootError) in _ = try ask(home, "h.io") })
        #expect(error.code == code)
        #expect(error.description.contains(expected), "\(error)")
        #expect(error.description.contains("'bad'"))
        #expect(!error.description.contains("s3cret"))
    }

    @Test("one that hangs is killed with all that it started")
    func hanging() throws {
        let home = try Home()
        // Named when it is whole, and long before the time is up, on a slow machine too.
        let child = home.files("child")
        try home.helper(
            "slow", "sleep 60 & echo $! > \(child).part; mv \(child).part \(child); wait")
        let helper = try CredentialHelper("slow", in: home.environment())
        let error = failure { () throws(DerootError) in
            _ = try helper.credentials(for: "h.io", timeout: 5000)
        }
        #expect(error?.code == .io)
        #expect(error?.description.contains("did not answer") == true)
        let text = String(decoding: try home.files.read("child"), as: UTF8.self)
        let number = try #require(pid_t(text.filter { $0 != "\n" }))
        // Killed, and then reaped by whoever inherited it; a zombie is dead too.
        var isGone = false
        for _ in 0..<100 where !isGone {
            let status = try? File.reading("/proc/\(number)/stat").beginning()
            isGone = status?.contains(") Z") ?? true
            if !isGone { usleep(20_000) }
        }
        #expect(isGone)
    }

    @Test("one that talks without end is stopped")
    func endless() throws {
        let home = try Home()
        try home.helper("loud", "exec yes")
        let helper = try CredentialHelper("loud", in: home.environment())
        let error = failure { () throws(DerootError) in _ = try helper.credentials(for: "h.io") }
        #expect(error?.code == .limit)
    }

    @Test("one that leaves a daemon behind is not waited for")
    func daemon() throws {
        let home = try Home()
        try home.helper("agent", "sleep 60 & \(Self.answer)")
        let helper = try CredentialHelper("agent", in: home.environment())
        #expect(
            try helper.credentials(for: "h.io", timeout: 30_000) == .basic(user: "me", secret: "s3")
        )
    }

    @Test("programs see the variables and no others")
    func variables() throws {
        let outcome = try ChildProcess(
            program: "/usr/bin/env", arguments: [], variables: ["A": "1", "B": "x=y"]
        ).run(input: [], timeout: 10_000, outputLimit: 1000)
        #expect(outcome.output == Array("A=1\nB=x=y\n".utf8))
        #expect(outcome.status == .exited(0))
    }
}

extension File {
    /// The first bytes as text.
    fileprivate consuming func beginning() throws(DerootError) -> String {
        var bytes = [UInt8](repeating: 0, count: 200)
        var count = 0
        var span = bytes.mutableSpan
        try unsafe span.withUnsafeMutableBytes { (memory) throws(DerootError) in
            count = try unsafe read(into: memory)
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
