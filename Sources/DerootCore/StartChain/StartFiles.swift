package import DerootOCI
package import DerootTar
import Synchronization

/// Which files are kept when a layer is read for the first time, since rules will look into them.
///
/// A guess from names and sizes: a file that is kept in vain costs memory, one that is not kept and
/// wanted costs a second reading of its layer.
package struct StartFiles: Sendable {
    /// Bytes of a file that anybody looks at; longer scripts do not occur.
    package static let limit: UInt64 = 256 << 10
    /// Bytes of all files kept of one layer.
    private static let budget: UInt64 = 16 << 20
    /// Larger ones are programs or data, unless the config names them.
    private static let small: UInt64 = 64 << 10

    /// The last components of the words with which the images start.
    private let names: Set<[UInt8]>

    /// The files with which images of these configs start, most likely.
    package init(_ configs: [ImageConfig]) {
        var names: Set<[UInt8]> = []
        for config in configs {
            let lists = [config.entrypoint, config.cmd, config.healthcheckTest]
            for word in lists.compactMap({ $0 }).flatMap({ $0 }).prefix(200) {
                for part in word.utf8.prefix(4096).split(whereSeparator: { $0 == 0x20 || $0 == 10 })
                {
                    let name = part.split(separator: 0x2F).last ?? part[...]
                    if !name.isEmpty { names.insert(Array(name)) }
                }
            }
        }
        self.names = names
    }

    /// Says of a layer's entries, one after another, how many bytes are kept.
    package func beginnings() -> @Sendable (LayerListing) -> UInt64 {
        let budget = Budget(Self.budget)
        return { listing in
            let wanted = wanted(listing)
            return wanted > 0 && budget.take(wanted) ? wanted : 0
        }
    }

    private final class Budget: Sendable {
        private let left: Mutex<UInt64>

        init(_ bytes: UInt64) { left = Mutex(bytes) }

        func take(_ bytes: UInt64) -> Bool {
            left.withLock { left in
                guard bytes <= left else { return false }
                left -= bytes
                return true
            }
        }
    }

    private func wanted(_ listing: LayerListing) -> UInt64 {
        let index = listing.count - 1
        let entry = listing.entries[index]
        guard entry.type == .file, entry.bodySize > 0, !entry.isSparse else { return 0 }
        let path = listing.pathBytes(index)
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let name = slash.map { path[($0 + 1)...] } ?? path
        if names.contains(Array(name)) { return min(entry.bodySize, Self.limit) }
        guard entry.bodySize <= Self.small else { return 0 }
        let isTop = slash == nil
        if isTop || Self.isConfiguration(path, name: name) { return entry.bodySize }
        let isScript = Self.scriptSuffixes.contains { name.hasSuffix($0) }
        if isScript, !path.starts(with: "usr/share/".utf8) { return entry.bodySize }
        let isProgram =
            entry.mode & 0o111 != 0
            && Self.programPlaces.contains { path.starts(with: $0.utf8) }
        return isProgram ? entry.bodySize : 0
    }

    private static let scriptSuffixes = [".sh", ".envsh", ".bash"]
    private static let programPlaces = ["usr/local/bin/", "usr/local/sbin/", "opt/", "docker-"]
    private static let configurationSuffixes = [".conf", ".cnf", ".ini", ".cfg"]
    private static let configurationPlaces = [
        "etc/nginx/", "etc/apache2/", "etc/httpd/", "etc/s6", "etc/services.d/", "etc/cont-init.d/",
        "etc/service/", "etc/my_init.d/", "etc/cron", "etc/ssh/sshd_config", "etc/supervisor",
        "docker-entrypoint.d/",
    ]

    private static func isConfiguration(
        _ path: ArraySlice<UInt8>, name: ArraySlice<UInt8>
    ) -> Bool {
        if configurationPlaces.contains(where: { path.starts(with: $0.utf8) }) { return true }
        guard path.starts(with: "etc/".utf8) || path.starts(with: "usr/local/".utf8) else {
            return false
        }
        return configurationSuffixes.contains { name.hasSuffix($0) }
    }
}

extension Collection<UInt8> where Self: BidirectionalCollection {
    /// True where the bytes end with those of a text.
    func hasSuffix(_ text: String) -> Bool {
        count >= text.utf8.count && suffix(text.utf8.count).elementsEqual(text.utf8)
    }
}
