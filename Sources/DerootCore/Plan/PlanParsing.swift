package import DerootBytes
package import DerootOCI
import DerootTar

extension ConversionPlan {
    /// Reads a plan that `--dry-run` wrote.
    ///
    /// - Throws: `.malformed` naming what is wrong.
    package init(parsing bytes: [UInt8]) throws(DerootError) {
        let root = try Self.object(try JSON.parse(bytes), "the plan")
        guard try root.text("deroot") == "plan", try root.integer("version") == 1 else {
            throw DerootError(.malformed, "not a plan of deroot, version 1")
        }
        let source = try Self.object(try root.field("source"), "'source'")
        var images: [ImagePlan] = []
        for image in try root.array("images") ?? [] {
            images.append(try ImagePlan(parsing: try Self.object(image, "an image")))
        }
        self.init(
            source: try source.text("reference") ?? "",
            digest: try Digest(parsing: try source.text("digest") ?? ""),
            options: try ConversionOptions(
                parsing: try Self.object(try root.field("options"), "'options'")),
            platform: try root.text("platform"), images: images)
    }

    fileprivate static func object(_ json: JSON?, _ what: String) throws(DerootError) -> JSONObject
    {
        guard let object = json?.object else {
            throw DerootError(.malformed, "plan: \(what) is no object")
        }
        return object
    }

    fileprivate static func bytes(_ json: JSON?, _ what: String) throws(DerootError) -> [UInt8] {
        if let text = json?.string { return Array(text.utf8) }
        guard let hex = json?.object?["hex"]?.string, hex.utf8.count.isMultiple(of: 2) else {
            throw DerootError(.malformed, "plan: \(what) is neither text nor hex")
        }
        var out: [UInt8] = []
        var rest = hex.utf8[...]
        while !rest.isEmpty {
            guard let byte = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else {
                throw DerootError(.malformed, "plan: \(what) has a digit that is not hex")
            }
            out.append(byte)
            rest = rest.dropFirst(2)
        }
        return out
    }

    fileprivate static func mode(_ text: String?, _ what: String) throws(DerootError) -> UInt16 {
        guard let text else { return 0 }
        guard let mode = UInt16(text, radix: 8), mode <= 0o7777 else {
            throw DerootError(.malformed, "plan: \(what) is no mode")
        }
        return mode
    }
}

extension ConversionOptions {
    /// Reads options as `PlanJSON.options` writes them; what is absent has its default.
    ///
    /// - Throws: `.malformed` or `.usage` for a value that is none.
    package init(parsing object: JSONObject) throws(DerootError) {
        self.init()
        let bad = DerootError(
            .malformed, "plan: an option has a value that this version does not know")
        user = try Identity.Choice(parsing: try object.text("user") ?? "auto")
        for text in try object.texts("own") ?? [] { own.append(try PathPattern(text)) }
        for text in try object.texts("keep") ?? [] { keep.append(try PathPattern(text)) }
        guard let caps = Capabilities(rawValue: try object.text("caps") ?? "strip"),
            let mode = LayerMode(rawValue: try object.text("layers") ?? "rewrite")
        else { throw bad }
        capabilities = caps
        layers = mode
        stripsSetgidDirectories = try object.flag("stripSetgidDirs") ?? false
        switch try object.text("compress") ?? "keep" {
        case "keep": compression = .keep
        case "plain-to-gzip": compression = .plainToGzip
        case let name:
            guard let all = Compression(rawValue: name) else { throw bad }
            compression = .all(all)
        }
        sourceDateEpoch = try object.integer("sourceDateEpoch")
        try readRecipe(object)
    }
}

extension HeaderChange.Owner {
    fileprivate init(parsing object: JSONObject) throws(DerootError) {
        guard let uid = UInt32(exactly: try object.integer("uid") ?? -1),
            let gid = UInt32(exactly: try object.integer("gid") ?? -1)
        else { throw DerootError(.malformed, "plan: an owner without numbers") }
        self.init(
            uid: uid, gid: gid,
            userName: try ConversionPlan.bytes(try object.field("userName"), "'userName'"),
            groupName: try ConversionPlan.bytes(try object.field("groupName"), "'groupName'"))
    }
}

extension ImagePlan {
    fileprivate init(parsing object: JSONObject) throws(DerootError) {
        let config = try ConversionPlan.object(try object.field("config"), "'config'")
        let user = try ConversionPlan.object(try config.field("user"), "'user'")
        let home = try config.field("home").map { (json) throws(DerootError) in
            try ConversionPlan.object(json, "'home'")
        }
        let owner = try HeaderChange.Owner(
            parsing: try ConversionPlan.object(try object.field("owner"), "'owner'"))
        guard let userAfter = try user.text("after"), userAfter == "\(owner.uid):\(owner.gid)",
            (1...2_147_483_647).contains(owner.uid)
        else {
            throw DerootError(
                .malformed, "plan: the user after is not the owner, or not a non-root UID:GID")
        }
        var layers: [LayerPlan] = []
        for json in try object.array("layers") ?? [] {
            let layer = try ConversionPlan.object(json, "a layer")
            var changes: [EntryChange] = []
            for entry in try layer.array("entries") ?? [] {
                let entry = try ConversionPlan.object(entry, "an entry")
                changes.append(try EntryChange(parsing: entry, owner: owner))
            }
            layers.append(
                LayerPlan(
                    digest: try Digest(parsing: try layer.text("digest") ?? ""),
                    diffID: DiffID(try Digest(parsing: try layer.text("diffID") ?? "")),
                    changes: changes.sorted { $0.index < $1.index }))
        }
        var added: [AddedEntry] = []
        for json in try object.array("added") ?? [] {
            added.append(try AddedEntry(parsing: try ConversionPlan.object(json, "an added entry")))
        }
        self.init(
            manifest: try Digest(parsing: try object.text("manifest") ?? ""),
            platform: try object.text("platform") ?? "", owner: owner,
            userBefore: try user.text("before"), userAfter: userAfter,
            homeBefore: try home?.text("before"), homeAfter: try home?.text("after"),
            layers: layers, added: added.sorted { $0.path < $1.path },
            notes: try object.texts("notes") ?? [],
            recipe: try object.object("recipe").map { (recipe) throws(DerootError) in
                try PlannedRecipe(parsing: recipe)
            },
            config: try ConfigChanges(parsing: config))
    }
}

extension EntryChange {
    fileprivate init(
        parsing object: JSONObject, owner: HeaderChange.Owner
    ) throws(DerootError) {
        guard let index = try object.integer("index"), index >= 0 else {
            throw DerootError(.malformed, "plan: an entry without an index")
        }
        var change = HeaderChange()
        change.clear = try ConversionPlan.mode(try object.text("clear"), "'clear'")
        change.set = try ConversionPlan.mode(try object.text("set"), "'set'")
        guard change.set & 0o6000 == 0, change.set & change.clear == 0 else {
            throw DerootError(
                .malformed, "plan: a mode gets 06000, or a bit that it loses at the same time")
        }
        if let text = try object.text("capabilities") {
            guard let treatment = FileCapability.Treatment(rawValue: text) else {
                throw DerootError(.malformed, "plan: 'capabilities' is neither strip nor permit")
            }
            change.capabilities = treatment
        }
        if let other = try object.object("newOwner") {
            change.owner = try HeaderChange.Owner(parsing: other)
        } else if try object.field("owner") != nil {
            change.owner = owner
        }
        self.init(index: Int(index), change: change)
    }
}

extension AddedEntry {
    fileprivate init(parsing object: JSONObject) throws(DerootError) {
        let kind: Kind
        switch try object.text("type") {
        case "directory": kind = .directory
        case "file":
            kind = .file(try ConversionPlan.bytes(try object.field("content"), "'content'"))
        case "symlink":
            kind = .symlink(try ConversionPlan.bytes(try object.field("target"), "'target'"))
        case "whiteout": kind = .whiteout
        default: throw DerootError(.malformed, "plan: an added entry of an unknown type")
        }
        let mode = try ConversionPlan.mode(try object.text("mode"), "'mode'")
        guard mode & 0o6000 == 0 else {
            throw DerootError(.malformed, "plan: an added entry with setuid or setgid")
        }
        self.init(
            path: try TarPath(try ConversionPlan.bytes(try object.field("path"), "'path'"))
                .cleaned(),
            kind: kind, mode: mode,
            owner: try HeaderChange.Owner(
                parsing: try ConversionPlan.object(try object.field("owner"), "'owner'")),
            reason: try object.text("why") ?? "")
    }
}
