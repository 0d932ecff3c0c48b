import DerootBytes
package import DerootOCI
package import DerootTar

/// Plans as JSON: for people to read and for files to keep.
package enum PlanJSON {
    /// The document of a whole plan.
    ///
    /// `listings` is what is known of each image's layers, for names and values before; it may be empty.
    package static func document(
        _ plan: ConversionPlan, listings: [[LayerListing]] = []
    ) -> JSON {
        var members: [(String, JSON)] = [
            ("deroot", .string("plan")), ("version", .number(1)), ("tool", .string(Version.text)),
            (
                "source",
                .object([
                    "reference": .string(plan.source), "digest": .string(plan.digest.description),
                ])
            ),
            ("options", options(plan.options)),
        ]
        if let platform = plan.platform { members.append(("platform", .string(platform))) }
        let images = plan.images.enumerated().map { index, image in
            self.image(image, listings: index < listings.count ? listings[index] : [])
        }
        members.append(("images", .array(images)))
        return object(members)
    }

    static func object(_ members: [(String, JSON)]) -> JSON {
        .object(JSONObject(members: members.map { .init(name: JSONString($0.0), value: $0.1) }))
    }

    /// Bytes as text where they are UTF-8, else as hex under a name of its own.
    static func text(_ bytes: some Collection<UInt8>) -> JSON {
        if let text = String(validating: Array(bytes), as: UTF8.self) { return .string(text) }
        return .object(["hex": .string(hexadecimal(bytes))])
    }

    /// Options as plans hold them; `ConversionOptions.init(parsing:)` reads them.
    package static func options(_ options: ConversionOptions) -> JSON {
        let user: String =
            switch options.user {
            case .auto: "auto"
            case .adopt: "adopt"
            case .numbers(let uid, let gid): gid.map { "\(uid):\($0)" } ?? "\(uid)"
            case .name(let name): name
            }
        let compression: String =
            switch options.compression {
            case .keep: "keep"
            case .plainToGzip: "plain-to-gzip"
            case .all(let compression): compression.rawValue
            }
        var members: [(String, JSON)] = [
            ("user", .string(user)), ("own", .strings(options.own.map(\.text))),
            ("keep", .strings(options.keep.map(\.text))),
            ("caps", .string(options.capabilities.rawValue)),
            ("stripSetgidDirs", .bool(options.stripsSetgidDirectories)),
            ("layers", .string(options.layers.rawValue)), ("compress", .string(compression)),
        ]
        members += recipeMembers(of: options)
        if let epoch = options.sourceDateEpoch {
            members.append(("sourceDateEpoch", .number(epoch)))
        }
        return object(members)
    }

    /// One image's plan.
    package static func image(_ plan: ImagePlan, listings: [LayerListing]) -> JSON {
        var config: [(String, JSON)] = [
            ("user", change(plan.userBefore.map { .string($0) }, .string(plan.userAfter)))
        ]
        if let after = plan.homeAfter {
            config.append(("home", change(plan.homeBefore.map { .string($0) }, .string(after))))
        }
        config += members(of: plan.config)
        let layers = plan.layers.enumerated().map { index, layer in
            self.layer(layer, plan.owner, listing: index < listings.count ? listings[index] : nil)
        }
        var members: [(String, JSON)] = [
            ("manifest", .string(plan.manifest.description)),
            ("platform", .string(plan.platform)), ("owner", owner(plan.owner)),
        ]
        if let recipe = plan.recipe { members.append(("recipe", self.recipe(recipe))) }
        members += [
            ("config", object(config)), ("layers", .array(layers)),
            ("added", .array(plan.added.map(added))), ("notes", .strings(plan.notes)),
        ]
        return object(members)
    }

    private static func change(_ before: JSON?, _ after: JSON) -> JSON {
        .object(["before": before ?? .null, "after": after])
    }

    private static func owner(_ owner: HeaderChange.Owner) -> JSON {
        .object([
            "uid": .number(owner.uid), "gid": .number(owner.gid),
            "userName": text(owner.userName), "groupName": text(owner.groupName),
        ])
    }

    private static func layer(
        _ plan: LayerPlan, _ owner: HeaderChange.Owner, listing: LayerListing?
    ) -> JSON {
        .object([
            "digest": .string(plan.digest.description),
            "diffID": .string(plan.diffID.description),
            "entries": .array(plan.changes.map { entry($0, owner, listing: listing) }),
        ])
    }

    private static func entry(
        _ change: EntryChange, _ usual: HeaderChange.Owner, listing: LayerListing?
    ) -> JSON {
        var members: [(String, JSON)] = [("index", .number(change.index))]
        let header = change.change
        if let listing, change.index < listing.count {
            let entry = listing.entries[change.index]
            members.append(("offset", .number(entry.offset)))
            members.append(("path", text([0x2F] + listing.pathBytes(change.index))))
            if header.clear != 0 || header.set != 0 {
                let after = header.mode(from: entry.mode)
                members.append(
                    ("mode", self.change(.string(octal(entry.mode)), .string(octal(after)))))
            }
            if let owner = header.owner {
                let after = "\(owner.uid):\(owner.gid)"
                members.append(
                    ("owner", self.change(.string("\(entry.uid):\(entry.gid)"), .string(after))))
            }
        } else if header.owner != nil {
            members.append(("owner", .bool(true)))
        }
        if let owner = header.owner, owner != usual {
            members.append(("newOwner", self.owner(owner)))
        }
        if header.clear != 0 { members.append(("clear", .string(octal(header.clear)))) }
        if header.set != 0 { members.append(("set", .string(octal(header.set)))) }
        if let capabilities = header.capabilities {
            members.append(("capabilities", .string(capabilities.rawValue)))
        }
        members.append(("why", .strings(reasons(for: change, listing: listing))))
        return object(members)
    }

    private static func reasons(for change: EntryChange, listing: LayerListing?) -> [String] {
        var reasons: [String] = []
        if change.change.clear & 0o4000 != 0 { reasons.append("setuid") }
        if change.change.clear & 0o2000 != 0 { reasons.append("setgid") }
        if change.change.capabilities != nil { reasons.append("file-capabilities") }
        if change.change.owner != nil { reasons.append("owned") }
        if change.change.set != 0 || change.change.clear & ~0o6000 != 0 { reasons.append("mode") }
        return reasons
    }

    private static func added(_ entry: AddedEntry) -> JSON {
        var members: [(String, JSON)] = [("path", text([0x2F] + entry.path.bytes))]
        switch entry.kind {
        case .directory: members.append(("type", .string("directory")))
        case .file(let content):
            members.append(("type", .string("file")))
            members.append(("content", text(content)))
        case .symlink(let target):
            members.append(("type", .string("symlink")))
            members.append(("target", text(target)))
        case .whiteout: members.append(("type", .string("whiteout")))
        }
        members.append(("mode", .string(octal(entry.mode))))
        members.append(("owner", owner(entry.owner)))
        members.append(("why", .string(entry.reason)))
        return object(members)
    }

    /// Four octal digits, as people write modes.
    package static func octal(_ mode: UInt16) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
