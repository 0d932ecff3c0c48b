package import DerootBytes
import DerootTar

extension ImagePlan {
    /// A digest of everything that the plan decides, for the result's facts.
    ///
    /// Over lines of text of its own and not over the JSON: a plan may have a million entries.
    package var digest: Digest {
        var hasher = DigestHasher()
        func add(_ line: String) { hasher.update(Array((line + "\n").utf8)) }
        func add(_ owner: HeaderChange.Owner) {
            add(
                "owner \(owner.uid):\(owner.gid) \(hexadecimal(owner.userName)):\(hexadecimal(owner.groupName))"
            )
        }
        add("deroot plan 1")
        add("user \(userAfter) home \(homeAfter ?? "")")
        add(owner)
        for layer in layers {
            add("layer \(layer.diffID)")
            for entry in layer.changes {
                let change = entry.change
                add(
                    "\(entry.index) \(change.clear) \(change.set) \(change.owner == nil ? 0 : 1) "
                        + (change.capabilities?.rawValue ?? "-"))
            }
        }
        for entry in added {
            add("added \(hexadecimal(entry.path.bytes)) \(entry.mode)")
            add(entry.owner)
            if case .file(let content) = entry.kind { add("file \(Digest.of(content))") }
        }
        return hasher.digest()
    }
}
