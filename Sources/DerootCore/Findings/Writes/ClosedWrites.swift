import DerootBytes
import DerootTar

/// Writes of start scripts that the user may not do, told apart by what they come to.
enum ClosedWrites {
    /// One finding for the writes that end the start for certain, one for those that `convert` makes
    /// possible, one for all others.
    static func findings(
        _ rule: Rule, _ writes: [StartChain.Write], in image: CheckedImage,
        _ message: (Int) -> String
    ) -> [Finding] {
        guard let access = image.access else { return [] }
        var first: [TarPath: StartChain.Write] = [:]
        for write in writes {
            guard let known = first[write.path] else {
                first[write.path] = write
                continue
            }
            if isFatal(write, access), !isFatal(known, access) { first[write.path] = write }
        }
        let sorted = first.sorted { $0.key < $1.key }.map(\.value)
        let future = image.futureAccess
        let mended = sorted.filter { future?.mayMake($0.path) ?? false }
        let lasting = sorted.filter { !(future?.mayMake($0.path) ?? false) }
        let fatal = lasting.filter { isFatal($0, access) }
        let others = lasting.filter { !isFatal($0, access) }
        func finding(
            _ writes: [StartChain.Write], _ severity: Rule.Severity, _ end: String,
            _ fix: Finding.Fix
        ) -> [Finding] {
            guard !writes.isEmpty else { return [] }
            let places = writes.map { write in
                write.at.evidence(in: image, before: "\(write.tool) \(write.path)")
            }
            let found = Finding(
                rule, severity: severity, confidence: .seen, message(writes.count) + end,
                fix: fix)
            return [found.with(places)]
        }
        let advice = fatal.prefix(3).map { "--own \($0.path)" }.joined(separator: " ")
        return finding(
            fatal, .block, ", and set -e ends it there",
            .option(
                "\(advice) hands \(fatal.count == 1 ? "it" : "them") over; or a recipe takes the line out"
            ))
            + finding(mended, .warn, "", .automatic("what it writes is handed over"))
            + finding(
                others, .warn, "", .option("--own PATH hands it over, or a recipe makes it once"))
    }

    /// True where the script ends at the write.
    private static func isFatal(_ write: StartChain.Write, _ access: Access) -> Bool {
        guard write.circumstances.isFatal, !write.circumstances.isConditional else { return false }
        switch write.tool {
        // Nothing is to be done for what is there.
        case "mkdir": return access.tree.resolve(write.path).node == nil
        // These put a new file in the place of the old one.
        case "sed", "mv", "ln": return !access.mayMake(access.tree.resolve(write.path).path.parent)
        default: return true
        }
    }
}
