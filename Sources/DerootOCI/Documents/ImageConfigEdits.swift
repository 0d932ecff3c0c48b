package import DerootBytes

// Changes of an image's config. What is absent or null is created; places and spellings are kept.
extension ImageConfig {
    /// Sets `User`; nil removes it.
    package mutating func setUser(_ user: String?) {
        self.user = user
        set("User", user.map(JSON.string))
    }

    /// Sets `WorkingDir`; nil removes it.
    package mutating func setWorkingDirectory(_ path: String?) {
        workingDirectory = path
        set("WorkingDir", path.map(JSON.string))
    }

    /// Sets `Entrypoint`; nil removes it.
    package mutating func setEntrypoint(_ words: [String]?) {
        entrypoint = words
        set("Entrypoint", words)
    }

    /// Sets `Cmd`; nil removes it.
    package mutating func setCmd(_ words: [String]?) {
        cmd = words
        set("Cmd", words)
    }

    /// Sets a variable in the place of its first entry, or appends it; nil removes it.
    ///
    /// Further entries of the same name go: which of them counts differs between runtimes.
    package mutating func setEnv(_ name: String, _ value: String?) {
        // In bytes: a combining mark after the '=' makes another Character of it.
        let isNamed = { (entry: String) in
            entry.utf8.prefix { $0 != UInt8(ascii: "=") }.elementsEqual(name.utf8)
        }
        var entries = env
        let first = entries.firstIndex(where: isNamed)
        if let value, let first {
            entries[first] = "\(name)=\(value)"
        } else if let value {
            entries.append("\(name)=\(value)")
        }
        let kept = value == nil ? nil : first ?? entries.count - 1
        setEnv(
            entries.enumerated().filter { $0.offset == kept || !isNamed($0.element) }.map(\.element)
        )
    }

    /// Replaces `Env`; an empty one is removed where it was absent.
    package mutating func setEnv(_ entries: [String]) {
        guard !(env.isEmpty && entries.isEmpty) else { return }
        env = entries
        set("Env", entries)
    }

    /// Sets a label, or removes it where `value` is nil.
    package mutating func setLabel(_ name: String, _ value: String?) {
        let old = document.root[field: "config"]?.object
        var config = old ?? JSONObject()
        labels = config.setText(in: "Labels", name, value)
        guard old != nil || value != nil else { return }
        document.root[field: "config"] = .object(config)
    }

    /// Replaces `ExposedPorts`, in order; ports that stay keep their members.
    package mutating func setExposedPorts(_ ports: [String]) {
        guard !(exposedPorts.isEmpty && ports.isEmpty) else { return }
        exposedPorts = ports
        setNames("ExposedPorts", ports)
    }

    /// Replaces `Volumes`, in order; paths that stay keep their members.
    package mutating func setVolumes(_ paths: [String]) {
        guard !(volumes.isEmpty && paths.isEmpty) else { return }
        volumes = paths
        setNames("Volumes", paths)
    }

    /// Sets `created` (RFC 3339).
    package mutating func setCreated(_ created: String) {
        self.created = created
        document.root[field: "created"] = .string(created)
    }

    /// Replaces a layer's diffID; the index must exist.
    package mutating func replaceDiffID(at index: Int, _ id: DiffID) {
        guard diffIDs[index] != id else { return }
        diffIDs[index] = id
        storeDiffIDs()
    }

    /// Adds the diffID of a new top layer.
    package mutating func appendDiffID(_ id: DiffID) {
        diffIDs.append(id)
        storeDiffIDs()
    }

    /// Adds one history entry; the others stay as they are, even if they do not fit the layers.
    package mutating func appendHistory(
        createdBy: String, comment: String? = nil, created: String? = nil, emptyLayer: Bool
    ) {
        let entry = HistoryEntry(
            created: created, createdBy: createdBy, comment: comment, isEmptyLayer: emptyLayer)
        history.append(entry)
        document.root[field: "history"] = .array(
            (document.root[field: "history"]?.array ?? []) + [entry.json])
    }

    /// Removes the image IDs that old Docker versions left in `config` and `container_config`.
    ///
    /// They name the image that this one was built from and are wrong once a layer has changed.
    package mutating func removeStaleImageIDs() {
        for name in ["config", "container_config"] {
            guard var object = document.root[field: name]?.object else { continue }
            object[field: "Image"] = nil
            document.root[field: name] = .object(object)
        }
    }

    private mutating func set(_ name: String, _ value: JSON?) {
        var config = document.root[field: "config"]?.object
        guard config != nil || value != nil else { return }
        config = config ?? JSONObject()
        config?[field: name] = value
        document.root[field: "config"] = config.map(JSON.object)
    }

    private mutating func set(_ name: String, _ texts: [String]?) {
        let old = document.root[field: "config"]?.object?[field: name]?.array ?? []
        set(name, texts.map { JSON.array(spelled($0, like: old)) })
    }

    private mutating func setNames(_ name: String, _ names: [String]) {
        let old = document.root[field: "config"]?.object?[field: name]?.object?.members ?? []
        // By bytes: a String as a key would take canonically equivalent names for one.
        var kept: [[UInt8]: JSONObject.Member] = [:]
        for member in old { kept[Array(member.name.value.utf8)] = member }
        let members = names.map { name in
            kept[Array(name.utf8)] ?? .init(name: JSONString(name), value: .object([:]))
        }
        set(name, .object(JSONObject(members: members)))
    }

    private mutating func storeDiffIDs() {
        var rootfs =
            document.root[field: "rootfs"]?.object ?? ["type": .string("layers")]
        let old = rootfs[field: "diff_ids"]?.array ?? []
        rootfs[field: "diff_ids"] = .array(spelled(diffIDs.map(\.description), like: old))
        document.root[field: "rootfs"] = .object(rootfs)
    }
}

/// Texts as JSON, each spelled as it was where it was among the old ones.
private func spelled(_ texts: [String], like old: [JSON]) -> [JSON] {
    var spellings: [[UInt8]: JSON] = [:]
    for json in old {
        if let text = json.string { spellings[Array(text.utf8)] = json }
    }
    return texts.map { spellings[Array($0.utf8)] ?? .string($0) }
}
