import DerootBytes
import DerootCore
import DerootOCI
import DerootStore

/// Texts: documents and names.
enum TextTargets {
    /// A value that is read must be written so that it is read as the same again; documents of every
    /// kind made of it must not trap.
    static func json(_ bytes: [UInt8]) {
        let value: JSON
        do throws(DerootError) {
            value = try JSON.parse(bytes)
        } catch { return }
        for indented in [false, true] {
            do throws(DerootError) {
                demand(
                    try JSON.parse(value.serialized(indented: indented)) == value,
                    "a value changes on its way")
            } catch {
                demand(false, "what we wrote is refused: \(error)")
            }
        }
        guard let document = try? Document(parsing: bytes) else { return }
        demand(document.bytes == bytes, "a document that nobody edited has other bytes")
        _ = try? ImageIndex(document)
        _ = try? Manifest(document)
        _ = try? DocumentKind.of(document, declared: .manifest)
        guard var config = try? ImageConfig(parsing: bytes) else { return }
        _ = (config.user, config.env, config.labels, config.history, config.platform)
        config.setUser("1:1")
        guard let again = try? ImageConfig(parsing: config.document.bytes) else {
            demand(false, "a config with a user set is refused")
            return
        }
        demand(again.user == "1:1", "the user that was set is not the one that is read")
    }

    /// Files that people write: read in time, or refused.
    static func yaml(_ bytes: [UInt8]) {
        do throws(DerootError) {
            _ = try StrictYAML.parse(bytes, file: "fuzz.yaml")
        } catch {
            demand(error.location.file == "fuzz.yaml", "a refusal without a file: \(error)")
        }
    }

    /// A recipe of somebody's: read, or refused with its file.
    static func recipe(_ bytes: [UInt8]) {
        do throws(DerootError) {
            _ = try Recipe(parsing: bytes, file: "fuzz.yaml")
        } catch {
            demand(error.location.file == "fuzz.yaml", "a refusal without a file: \(error)")
        }
    }

    /// A pattern, a NUL and a line: matches lie in the line, in work that is bounded.
    static func pattern(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2,
            let pattern = try? LinePattern(String(decoding: parts[0], as: UTF8.self))
        else { return }
        var work = 2_000_000
        guard let match = try? pattern.match(in: parts[1], work: &work) else { return }
        demand(match.groups.count == pattern.groupCount + 1, "\(match.groups.count) groups")
        for range in match.groups.compactMap({ $0 }) {
            let isInside =
                range.lowerBound >= parts[1].startIndex && range.upperBound <= parts[1].endIndex
            demand(isInside, "a group at \(range)")
        }
    }

    /// A reference that is read must mean the same once it was written.
    static func reference(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let name = try? ImageName(parsing: text) {
            let again = try? ImageName(parsing: name.description)
            demand(again == name, "the name \(name) changes on its way")
            demand(!name.repository.contains(".."), "the repository of \(name) goes up")
        }
        // Bare names are looked up on the disk; these forms are not.
        guard text.contains(":"), let reference = try? TransportReference(parsing: text) else {
            return
        }
        if case .registry = reference {
            let again = try? TransportReference(parsing: reference.description)
            demand(again == reference, "\(reference) changes on its way")
        }
    }

    /// A digest that is read is written as it came, and can be part of a path.
    static func digest(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let digest = try? Digest(parsing: text) else { return }
        demand(digest.description.utf8.elementsEqual(bytes), "\(digest) is spelt otherwise")
        let isHex = digest.hex.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
        }
        demand(isHex && [64, 128].contains(digest.hex.utf8.count), "\(digest) is no digest")
    }
}
