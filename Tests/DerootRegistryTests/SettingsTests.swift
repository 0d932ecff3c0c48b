import DerootBytes
import DerootOCI
import Testing

@testable import DerootRegistry

@Suite("Settings without files")
struct SettingsTests {
    @Test(arguments: [
        ("nginx", "registry-1.docker.io", "library/nginx", "docker.io/library/nginx"),
        ("index.docker.io/a/b", "registry-1.docker.io", "a/b", "docker.io/a/b"),
        ("LOCALHOST:5000/x", "localhost:5000", "x", "LOCALHOST:5000/x"),
        ("[::1]:5000/x:1", "[::1]:5000", "x", "[::1]:5000/x"),
    ])
    func endpoint(_ text: String, _ host: String, _ repository: String, _ key: String) throws {
        let endpoints = try DefaultSettings().endpoints(for: ImageName(parsing: text), .read)
        #expect(
            endpoints == [
                RegistryEndpoint(host: host, repository: repository, credentialName: key)
            ])
    }

    @Test func secretsAreNotText() {
        let credentials = RegistryCredentials.basic(user: "u", secret: "hush")
        #expect(!"\(credentials)".contains("hush"))
    }
}
