import DerootBytes
import DerootCore
import Testing

struct OptionsTextTests {
    @Test func defaultsSayNothing() {
        #expect(ConversionOptions().description.isEmpty)
        #expect(ConversionOptions().commandLine == "deroot convert")
    }

    @Test func namesWhatDiffers() throws {
        var options = try ConversionOptions(
            user: "5:6", own: ["/a", "/b/*"], keep: ["/bin/ping"], layers: .append,
            capabilities: .permit)
        options.stripsSetgidDirectories = true
        options.compression = .all(.zstd)
        options.sourceDateEpoch = 12
        #expect(
            options.commandLine == "deroot convert --user 5:6 --own /a --own /b/* --keep /bin/ping "
                + "--caps permit --strip-setgid-dirs --layers append --compress zstd "
                + "--source-date-epoch 12")
    }

    @Test(arguments: [
        ("/plain-1_2.x", "/plain-1_2.x"), ("/a b", "'/a b'"), ("/it's", "'/it'\\''s'"),
        ("/$HOME", "'/$HOME'"), ("/ü", "'/ü'"), ("/a\nb", "'/a\nb'"), ("/a;b", "'/a;b'"),
    ])
    func quotesForAShell(_ path: String, _ quoted: String) throws {
        let options = try ConversionOptions(own: [path])
        #expect(options.description == "--own \(quoted)")
    }

    @Test(arguments: [("auto", ""), ("5", "--user 5"), ("app", "--user app")])
    func namesTheUser(_ choice: String, _ text: String) throws {
        #expect(try ConversionOptions(user: choice).description == text)
    }
}
