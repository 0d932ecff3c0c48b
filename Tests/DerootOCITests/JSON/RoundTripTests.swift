import DerootBytes
import DerootOCI
import Testing

@Suite("JSON round trips")
struct RoundTripTests {
    @Test("random trees: written and read again they are the same, compact and indented")
    func randomTrees() throws {
        for seed in 0..<2000 as Range<UInt64> {
            var random = RandomJSON(dice: Dice(seed: seed))
            let spelled = random.text()
            let json = try parsed(spelled)
            let compact = json.serialized()
            #expect(try JSON.parse(compact) == json, "seed \(seed)")
            #expect(try JSON.parse(compact).serialized() == compact, "seed \(seed)")
            let indented = try JSON.parse(json.serialized(indented: true))
            #expect(indented.serialized() == compact, "seed \(seed)")
            // White space apart, the text is what it was: nothing was spelled anew.
            let isSpace = { (byte: UInt8) in [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
            #expect(compact == spelled.utf8.filter { !isSpace($0) }, "seed \(seed)")
        }
    }

    @Test("random objects: a set value is got, and all other members keep their spelling")
    func setThenGet() throws {
        for seed in 0..<500 as Range<UInt64> {
            var random = RandomJSON(dice: Dice(seed: seed))
            let members = (0..<6).map { "\"k\($0)\":" + random.text(depth: 2) }
            var edited = try object("{" + members.joined(separator: ",") + "}")
            let before = edited.members.map { text($0.value) }
            let chosen = Int.random(in: 0..<6, using: &random.dice)
            edited["k\(chosen)"] = .string("new")
            #expect(edited["k\(chosen)"]?.string == "new")
            #expect(edited.members.map(\.name.value) == (0..<6).map { "k\($0)" })
            for index in 0..<6 where index != chosen {
                #expect(text(edited.members[index].value) == before[index], "seed \(seed)")
            }
        }
    }

    @Test(
        "real documents: not edited they give the same bytes, and their trees survive",
        .enabled(if: Corpus.root != nil))
    func corpus() throws {
        var documents = 0
        for (_, bytes) in try Corpus.files("", largest: 1 << 20) {
            guard let json = try? JSON.parse(bytes) else { continue }
            #expect(try JSON.parse(json.serialized()) == json)
            guard let document = try? Document(parsing: bytes) else { continue }
            #expect(document.bytes == bytes)
            #expect(document.digest == Digest.of(bytes))
            documents += 1
        }
        #expect(documents >= 200)
    }
}
