package import DerootBytes
import DerootOCI
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
        if let recipe { add("recipe \(recipe.fact)") }
        for (name, value) in PlanJSON.members(of: config) {
            add("config \(name) \(hexadecimal(value.serialized()))")
        }
        for layer in layers {
            add("layer \(layer.diffID)")
            for entry in layer.changes {
                let change = entry.change
                add(
                    "\(entry.index) \(change.clear) \(change.set) \(change.owner == nil ? 0 : 1) "
                        + (change.capabilities?.rawValue ?? "-"))
                if let other = change.owner, other != owner { add(other) }
            }
        }
        for entry in added {
            add("added \(hexadecimal(entry.path.bytes)) \(entry.mode)")
            add(entry.owner)
            switch entry.kind {
            case .directory: break
            case .file(let content): add("file \(Digest.of(content))")
            case .symlink(let target): add("link \(hexadecimal(target))")
            case .whiteout: add("whiteout")
            }
        }
        return hasher.digest()
    }
}
