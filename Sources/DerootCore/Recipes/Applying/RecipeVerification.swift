import DerootBytes
import DerootTar

// What a recipe says must be true of the result, asked of the plan.
extension RecipeWork {
    /// Looks at every assertion.
    ///
    /// - Throws: `.blocked` for the first that does not hold.
    mutating func verify(
        _ added: AddedEntries, _ policy: EntryPolicy, exposed: [String], read: Read
    ) throws(DerootError) {
        var editing = LineEditing(values)
        for assertion in recipe.assertions where holds(assertion.condition) {
            let complaint = try complaint(
                assertion, added, policy, exposed, &editing, read: read)
            guard let complaint else { continue }
            var error = recipe.error(.blocked, "line \(assertion.line): verify: \(complaint)")
            error.location.file = recipe.file
            throw error
        }
    }

    /// A path as it will be.
    private struct Status {
        let path: TarPath
        let mode: UInt16
        let owner: (uid: UInt32, gid: UInt32)
        let added: AddedEntry?
        let entry: EntryRef?
    }

    private func status(
        _ text: RecipeText, _ added: AddedEntries, _ policy: EntryPolicy
    ) throws(DerootError) -> Status? {
        let found = try resolve(try literal(text))
        var above = found.path.parent
        while !above.isRoot {
            if added[above]?.kind == .whiteout { return nil }
            above = above.parent
        }
        if let new = added[found.path] {
            if case .whiteout = new.kind { return nil }
            return Status(
                path: found.path, mode: new.mode, owner: (new.owner.uid, new.owner.gid),
                added: new, entry: nil)
        }
        guard let node = found.node else { return nil }
        guard let entry = image.tree.entry(of: node) else {
            return Status(path: found.path, mode: 0o755, owner: (0, 0), added: nil, entry: nil)
        }
        let old = image.tree[entry]
        let change = policy.change(of: entry.index, in: image.tree.layers[entry.layer])
        return Status(
            path: found.path, mode: change?.mode(from: old.mode) ?? old.mode,
            owner: (change?.owner?.uid ?? old.uid, change?.owner?.gid ?? old.gid), added: nil,
            entry: entry)
    }

    /// What is wrong; nil: nothing.
    private func complaint(
        _ assertion: RecipeAssertion, _ added: AddedEntries, _ policy: EntryPolicy,
        _ exposed: [String], _ editing: inout LineEditing, read: Read
    ) throws(DerootError) -> String? {
        func missing(_ text: RecipeText) -> String { "\(printable(text.text.utf8)) is not there" }
        switch assertion.kind {
        case .mode(let text, let mode):
            guard let status = try status(text, added, policy) else { return missing(text) }
            return status.mode & 0o7777 == mode
                ? nil
                : "\(status.path) has the mode \(PlanJSON.octal(status.mode)), "
                    + "not \(PlanJSON.octal(mode))"
        case .owner(let text, let owner):
            guard let status = try status(text, added, policy) else { return missing(text) }
            let uid = owner == .user ? values.uid : 0
            return status.owner.uid == uid
                ? nil : "\(status.path) belongs to \(status.owner.uid), not to \(uid)"
        case .contains(let text, let pattern), .lacks(let text, let pattern):
            guard let status = try status(text, added, policy),
                let content = try content(status, read: read)
            else { return missing(text) }
            let has = try editing.has(pattern, in: content)
            if case .lacks = assertion.kind {
                return has ? "\(status.path) has a line that fits '\(pattern.text)'" : nil
            }
            return has ? nil : "\(status.path) has no line that fits '\(pattern.text)'"
        case .absent(let text):
            return try status(text, added, policy).map { "\($0.path) is there" }
        case .port(let port):
            let found = exposed.contains { RecipePort.normalized($0) == port }
            return found ? nil : "the port \(port) is not exposed"
        }
    }

    private func content(_ status: Status, read: Read) throws(DerootError) -> [UInt8]? {
        if let new = status.added {
            guard case .file(let bytes) = new.kind else { return nil }
            return bytes
        }
        guard let entry = status.entry, let origin = body(of: entry),
            image.tree[origin].bodySize <= LineEditing.largest
        else { return nil }
        return try read(origin)
    }
}
