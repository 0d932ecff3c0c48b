import DerootBytes
import Glibc
import Synchronization

/// Keeps a cache's folder below its size: what was used longest ago goes first.
final class CacheSize: Sendable {
    private struct Entry {
        let path: String
        let bytes: UInt64
        let used: Int
    }

    /// Bytes at most.
    let most: UInt64
    private let folder: String
    /// Bytes that may be there; nil: nobody has looked yet.
    private let known = Mutex<UInt64?>(nil)

    /// Seconds after which a file that was begun and never kept is nobody's.
    private static let abandoned = 86_400

    init(folder: String, most: UInt64) {
        self.folder = folder
        self.most = most
    }

    /// Says that a file was used now.
    static func touch(_ path: String) { unsafe _ = utimensat(AT_FDCWD, path, nil, 0) }

    /// Counts new bytes, and makes room where there are too many.
    ///
    /// Others add files too, so that what is there is looked at each time the bound seems to be met.
    func added(_ bytes: UInt64) {
        known.withLock { known in
            let sum = (known ?? list().reduce(0) { $0 + $1.bytes }) + bytes
            known = sum > most ? shrink() : sum
        }
    }

    private func shrink() -> UInt64 {
        let entries = list().sorted { $0.used < $1.used }
        var sum = entries.reduce(UInt64(0)) { $0 + $1.bytes }
        // A tenth less, so that not every new file makes us look.
        let wanted = most - most / 10
        for entry in entries where sum > wanted {
            if (try? File.remove(entry.path)) != nil { sum -= entry.bytes }
        }
        return sum
    }

    private func list() -> [Entry] {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        var entries: [Entry] = []
        for name in (try? Directory.names(in: folder)) ?? []
        where name == "records" || name.hasPrefix("forms-") {
            for file in (try? Directory.names(in: "\(folder)/\(name)")) ?? [] {
                let path = "\(folder)/\(name)/\(file)"
                var status = stat()
                guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                    continue
                }
                let used = status.st_mtim.tv_sec
                if file.contains(".new-") {
                    // Somebody may be writing it.
                    if used < now.tv_sec - Self.abandoned { _ = try? File.remove(path) }
                    continue
                }
                entries.append(
                    Entry(path: path, bytes: UInt64(clamping: status.st_size), used: used))
            }
        }
        return entries
    }
}
