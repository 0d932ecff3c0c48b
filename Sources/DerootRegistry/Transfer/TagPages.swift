import DerootBytes
import DerootOCI

/// A list of tags that comes in pages (distribution-spec, "Listing Tags"; RFC 8288).
///
/// Without I/O.
struct TagPages {
    /// Pages and tags at most (hostile input F05), where nobody says otherwise.
    static let mostPages = 1000
    static let mostTags = 100_000

    /// The next page; nil after the last one.
    private(set) var next: WebAddress?
    /// The tags so far, each once; none where `each` takes them.
    private(set) var tags: [String] = []
    private var count = 0
    private var known: Set<String> = []
    private var seen: Set<WebAddress> = []

    /// The member of a page that holds the names.
    private let member: String
    private let most: Int
    /// Takes each tag as it comes, some perhaps twice, where they are too many to be held.
    private let each: ((String) -> Void)?

    init(
        first: WebAddress, member: String = "tags", most: Int = mostTags,
        each: ((String) -> Void)? = nil
    ) {
        next = first
        self.member = member
        self.most = most
        self.each = each
    }

    /// Bytes of a page at most: some registries give all tags in one, and a tag has up to 128
    /// characters.
    var pageBytes: Int { max(8 << 20, most * 136) }

    /// Takes the page that `next` led to.
    ///
    /// - Throws: `.malformed`, `.hostile`, `.limit`.
    mutating func take(_ response: HTTPResponse) throws(DerootError) {
        guard let address = next else { return }
        seen.insert(address)
        do throws(DerootError) {
            let root = try JSON.parse(response.body, list: member, depth: 32) {
                (json) throws(DerootError) in
                guard let name = json.string else {
                    throw DerootError(.malformed, "a tag is \(json.typeName)")
                }
                keep(name)
            }
            // Nothing is left unless the member is spelled in another way, or no list.
            for name in try root.texts(member) ?? [] { keep(name) }
        } catch {
            throw DerootError(
                .malformed, "\(address.origin.shortHost) gives a list of tags that is none",
                cause: error)
        }
        guard count <= most, seen.count < max(Self.mostPages, most / 100) else {
            throw DerootError(
                .limit, "the repository has more than \(most) tags, or too many pages")
        }
        next = try Self.nextPage(response).map { (text) throws(DerootError) in
            RedirectPolicy.secured(try address.resolving(text), from: address.origin)
        }
        guard let next else { return }
        guard next.origin == address.origin, !seen.contains(next) else {
            throw DerootError(
                .hostile, "\(address.origin.shortHost) leads to pages elsewhere or in circles")
        }
    }

    private mutating func keep(_ name: String) {
        guard isName(name) else { return }
        if let each {
            count += 1
            each(name)
        } else if known.insert(name).inserted {
            count += 1
            tags.append(name)
        }
    }

    private func isName(_ text: String) -> Bool {
        if member == "tags" { return isTag(text) }
        return (try? ImageName(parsing: "h.io/\(text):x"))?.repository == text
    }

    /// The target of the Link whose relation is `next`.
    private static func nextPage(_ response: HTTPResponse) -> String? {
        for link in response.all("link").flatMap({ $0.split(separator: ",") }) {
            let parts = link.split(separator: ";").map { $0.trimmed }
            guard let target = parts.first, target.hasPrefix("<"), target.hasSuffix(">") else {
                continue
            }
            let isNext = parts.dropFirst().contains { part in
                ["rel=\"next\"", "rel=next"].contains(part.lowercased().filter { $0 != " " })
            }
            if isNext { return String(target.dropFirst().dropLast()) }
        }
        return nil
    }
}
