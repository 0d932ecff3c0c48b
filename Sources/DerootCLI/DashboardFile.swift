import DerootBytes
import DerootOCI
import DerootReport

/// The dashboard as a file.
enum DashboardFile {
    /// Bytes of a file that say what it is.
    static let lookedAt = 1 << 20

    /// Whether a file with this beginning, of `lookedAt` bytes where it is longer, is a log of mirror runs:
    /// its first line is an object with an event.
    static func isLog(_ bytes: [UInt8]) -> Bool {
        let line = bytes.prefix { $0 != 0x0A }
        if line.count >= lookedAt {
            // Cut: the summary of a run of which very many images are missing.
            let start = String(decoding: line.prefix(512), as: UTF8.self)
            return start.hasPrefix("{") && start.contains("\"event\":")
        }
        guard let json = try? JSON.parse(Array(line)) else { return false }
        return json.object?["event"] != nil
    }

    /// Writes the page; links lead from its own folder.
    ///
    /// - Throws: `.io`.
    static func write(
        _ history: MirrorHistory, to path: String?, reports: String? = nil
    ) throws(DerootError) {
        let parts = path?.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let name = parts?.joined(separator: "/") ?? ""
        let folder = name.isEmpty && path?.hasPrefix("/") != true ? "." : name + "/"
        let place = try reports.map { (folder) throws(DerootError) in try File.resolved(folder) }
        let dashboard = Dashboard(history, in: try File.resolved(folder), reports: place)
        let text = Array(dashboard.text.utf8)
        guard let path else {
            try File.standardOutput.write(text)
            return
        }
        try OutputFile.write(text, to: path)
    }
}
