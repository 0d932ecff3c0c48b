package import DerootBytes
import DerootCore
import DerootOCI
import DerootReport
import Glibc

/// A folder with a page about each image, named after what it is about: a later run writes the same
/// page again, and one that only finds the result known lets it be.
package struct MirrorReports: Sendable {
    /// The folder, as an absolute path.
    package let folder: String

    /// Uses a folder, and makes it where there is none.
    ///
    /// - Throws: `.io`.
    package init(folder: String) throws(DerootError) {
        _ = try Directory.ensure(folder)
        self.folder = try File.resolved(folder)
    }

    /// A name for an image's page: readable, and no two images have the same.
    package static func name(of item: MirrorPlan.Item) -> String {
        let place = item.repository.split(separator: "/").suffix(2).joined(separator: "_")
        let text = "\(place)_\(item.tags.first ?? "")".map { character -> Character in
            let isPlain = character.isASCII && (character.isLetter || character.isNumber)
            return isPlain || character == "." || character == "-" || character == "_"
                ? character : "_"
        }
        let identity = Digest.of(Array("\(item.key) \(item.repository)".utf8))
        return "\(String(text.prefix(100)))-\(identity.hex.prefix(12)).html"
    }

    /// Writes the page of a conversion; gives its name, nil where it could not be written.
    func page(_ result: ConversionResult, _ item: MirrorPlan.Item) -> String? {
        let json = ConversionReport.document(
            result, listings: result.listings,
            destination: "docker://\(item.repository):\(item.tags[0])")
        guard let page = try? ReportPage(json, file: item.source) else { return nil }
        return write(page, of: item)
    }

    /// Writes the page of an image that was not converted; gives the one that is there where the
    /// result was known.
    func page(_ outcome: MirrorOutcome) -> String? {
        switch outcome.ending {
        case .refused(let code, let message, _), .failed(let code, let message):
            return write(
                ReportPage(
                    failure: "docker://\(outcome.item.pinned)", message: "\(code): \(message)",
                    tool: Version.text), of: outcome.item)
        case .transient(let message):
            return write(
                ReportPage(
                    failure: "docker://\(outcome.item.pinned)",
                    message: "for the time being: \(message)", tool: Version.text),
                of: outcome.item)
        case .reused, .unchanged, .converted: return existing(outcome.item)
        }
    }

    /// The name of an image's page, if there is one.
    package func existing(_ item: MirrorPlan.Item) -> String? {
        let name = Self.name(of: item)
        return (try? File.kind(of: "\(folder)/\(name)")) == .regular ? name : nil
    }

    private func write(_ page: ReportPage, of item: MirrorPlan.Item) -> String? {
        let name = Self.name(of: item)
        let new = "\(folder)/.\(name).\(String(UInt64.random(in: .min ... .max), radix: 36))"
        do throws(DerootError) {
            let file = try File.creating(new, permissions: 0o644)
            try file.write(Array(HTMLPage.text([page]).utf8))
            try File.rename(new, to: "\(folder)/\(name)")
            return name
        } catch {
            _ = try? File.remove(new)
            return nil
        }
    }
}
