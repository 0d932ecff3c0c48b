import DerootBytes
import DerootOCI
import Testing

@testable import DerootStore

@Suite("Remembered results")
struct ResultMemoryTests {
    private let scratch: Scratch
    private let memory: ResultMemory
    private let key: ResultMemory.Key
    private let entry: ResultMemory.Entry

    init() throws {
        scratch = try Scratch()
        memory = ResultMemory(folder: scratch("deep/cache"))
        key = Self.key()
        entry = ResultMemory.Entry(
            root: Descriptor(mediaType: .index, digest: Digest.of([1]), size: 7),
            place: try ImageName(parsing: "r.corp:5000/team/app:1"))
    }

    private static func key(
        source: [UInt8] = [0], name: String = "r/a", version: String = "1",
        options: String = "--user 1",
        platform: Platform? = nil
    ) -> ResultMemory.Key {
        ResultMemory.Key(
            source: Digest.of(source), name: name, version: version, options: options,
            platform: platform)
    }

    @Test func remembers() throws {
        #expect(memory.entry(for: key) == nil)
        try memory.keep(entry, for: key)
        let found = try #require(memory.entry(for: key))
        #expect(found.root == entry.root)
        #expect(found.place.name == "r.corp:5000/team/app")
        try memory.keep(entry, for: key)
        #expect(try Directory.names(in: scratch("deep/cache/results")).count == 1)
    }

    @Test func everythingThatDecidesIsPartOfTheKey() throws {
        let keys = [
            key, Self.key(source: [1]), Self.key(name: "r/b"), Self.key(version: "2"),
            Self.key(options: ""),
            Self.key(platform: try Platform(parsing: "linux/arm64")),
            Self.key(version: "1:1", options: "8:--user 1"),
        ]
        #expect(Set(keys).count == keys.count)
        #expect(Self.key() == key)
    }

    // Whatever is in the file, it is a memory and no authority.
    @Test(arguments: [
        "", "{", "[]", #"{"version":2}"#, #"{"version":1,"place":"r.corp/a"}"#,
        #"{"version":1,"place":"A B","root":{}}"#,
        #"{"version":1,"place":"r.corp/a","root":{"mediaType":"a","digest":"sha256:1","size":1}}"#,
        String(repeating: " ", count: 100_000),
    ])
    func damage(_ text: String) throws {
        try scratch.write("deep/cache/results/\(key.digest.hex).json", text)
        #expect(memory.entry(for: key) == nil)
        try memory.keep(entry, for: key)
        #expect(memory.entry(for: key) != nil)
    }

    @Test func cannotBeKept() throws {
        try scratch.write("deep", "a file")
        #expect(throws: DerootError.self) { try memory.keep(entry, for: key) }
    }
}
