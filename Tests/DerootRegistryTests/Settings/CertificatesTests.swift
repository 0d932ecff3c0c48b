import DerootBytes
import DerootOCI
import DerootRegistry
import DerootTestSupport
import Testing

@Suite("certs.d")
struct CertificatesTests {
    private func trust(
        _ home: Home, _ name: String, _ overrides: RegistryOverrides = RegistryOverrides()
    ) throws -> TrustSettings {
        let endpoints = try home.settings(overrides).endpoints(
            for: ImageName(parsing: name), .read)
        return try #require(endpoints.last).trust
    }

    @Test("the first folder for the host and port counts")
    func order() throws {
        let home = try Home()
        #expect(try trust(home, "h.io:5000/a") == TrustSettings())
        for parent in ["etc/docker", "etc/containers", "home/.config/containers"] {
            let folder = "\(parent)/certs.d/h.io:5000"
            for name in ["b.crt", "a.crt", "me.cert", "me.key", "note.txt", "you.cert", "you.key"] {
                try home.write("\(folder)/\(name)", "x")
            }
            let found = try trust(home, "h.io:5000/a/b:c")
            #expect(found.authorities == ["a.crt", "b.crt"].map { home.files("\(folder)/\($0)") })
            #expect(found.certificate == home.files("\(folder)/me.cert"))
            #expect(found.key == home.files("\(folder)/me.key"))
            #expect(found.verifies)
        }
        #expect(try trust(home, "h.io/a") == TrustSettings())
        #expect(try trust(home, "h.io:5001/a") == TrustSettings())
    }

    @Test("Docker Hub's folder has the registry's name")
    func hub() throws {
        let home = try Home()
        try home.write("etc/docker/certs.d/docker.io/ca.crt", "x")
        #expect(try trust(home, "nginx").authorities.count == 1)
    }

    @Test("--cert-dir is for every registry and hides the others")
    func only() throws {
        let home = try Home()
        try home.write("etc/docker/certs.d/h.io/other.crt", "x")
        try home.write("mine/ca.crt", "x")
        var overrides = RegistryOverrides()
        overrides.certificateDirectory = home.files("mine")
        #expect(try trust(home, "h.io/a", overrides).authorities == [home.files("mine/ca.crt")])
        overrides.certificateDirectory = home.files("none")
        let error = failure { () throws(DerootError) in
            _ = try home.settings(overrides).endpoints(for: ImageName(parsing: "h.io/a"), .read)
        }
        #expect(error?.code == .notFound)
    }

    @Test("half a pair is an error", arguments: ["me.cert", "me.key"])
    func pairs(_ name: String) throws {
        let home = try Home()
        try home.write("etc/containers/certs.d/h.io/\(name)", "x")
        let error = failure { () throws(DerootError) in
            _ = try home.settings().endpoints(for: ImageName(parsing: "h.io/a"), .read)
        }
        #expect(error?.code == .malformed)
        #expect(error?.location.file?.hasSuffix(name) == true)
    }
}
