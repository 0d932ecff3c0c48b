package import DerootTar

/// What is to change in an entry, decided from the entry alone.
///
/// The same rules foretell changes while a layer is read for the first time and make the plan
/// afterwards; only the lists of paths are better known then.
package struct EntryPolicy: Sendable {
    /// What happens to file capabilities; nil: nothing.
    package var capabilities: FileCapability.Treatment?
    package var stripsSetgidDirectories = false
    /// The new owner of everything at or below `ownedRoots`.
    package var owner: HeaderChange.Owner?
    package var ownedRoots: [TarPath] = [] { didSet { collectRules() } }
    /// Roots with a rule of their own; the nearest root above a path counts.
    package var rules: [TarPath: OwnRule] = [:] { didSet { collectRules() } }
    private var ruleOf: [ArraySlice<UInt8>: OwnRule] = [:]
    /// The lengths of their paths, modulo 64: most paths need no look into the dictionary.
    private var ruleLengths: UInt64 = 0
    /// The group of what the user owns may what the user may (`--profile openshift`).
    package var sharesWithGroup = false
    /// Where files with ids of 65536 and more go; nil: nowhere.
    package var squashing: Squashing?
    /// Entries that are left alone whatever they are: by pattern, and by path behind links.
    package var keptPatterns: [PathPattern] = []
    package var keptPaths: Set<TarPath> = []
    /// Protected as well, with all below: where protected paths really are, behind links.
    package var protectedPaths: Set<TarPath> = []

    package init() {}

    /// The policy of the options, without owner and paths.
    package init(_ options: ConversionOptions) {
        capabilities = options.capabilities.treatment
        stripsSetgidDirectories = options.stripsSetgidDirectories
        keptPatterns = options.keep
    }

    /// The change of an entry as its own name has it; nil: none.
    package func change(of index: Int, in listing: LayerListing) -> HeaderChange? {
        let entry = listing.entries[index]
        let rule = owner == nil ? nil : rule(for: listing.pathBytes(index))
        let isOwned = rule != nil
        let isSetgidDirectory = entry.type == .directory && entry.mode & 0o2000 != 0
        guard
            entry.isSetid || entry.hasCapabilities || isOwned
                || (stripsSetgidDirectories && isSetgidDirectory) || squashes(entry)
        else { return nil }
        let path = listing.path(index)
        guard !keeps(path), !keepsTarget(of: index, in: listing) else { return nil }
        var change = privilegeChange(of: entry)
        if let rule, mayOwn(entry), mayOwn(path) {
            apply(rule, to: index, in: listing, &change)
        } else if squashes(entry), mayOwn(entry) {
            change.owner = squashed(index, in: listing)
        }
        return change.isEmpty ? nil : change
    }

    /// The change that takes the privileges of an entry, whatever it is called.
    package func privilegeChange(of entry: TarEntry) -> HeaderChange {
        var change = HeaderChange()
        if entry.isSetid { change.clear = entry.mode & 0o6000 }
        if stripsSetgidDirectories, entry.type == .directory { change.clear |= entry.mode & 0o2000 }
        switch capabilities {
        case .strip: change.capabilities = entry.hasCapabilities ? .strip : nil
        case .permit: change.capabilities = entry.hasEffectiveCapabilities ? .permit : nil
        case nil: break
        }
        return change
    }

    /// True for a path at or below one that is owned.
    package func owns(_ path: ArraySlice<UInt8>) -> Bool { rule(for: path) != nil }

    /// The rule of the nearest root above a path, itself included.
    package func rule(for path: ArraySlice<UInt8>) -> OwnRule? {
        guard !ruleOf.isEmpty else { return nil }
        var found: OwnRule?
        if mayBeRoot(0), let rule = ruleOf[[]], rule.isRecursive || path.isEmpty { found = rule }
        // Every parent, shortest first; an image may name thousands of volumes.
        for slash in path.indices where path[slash] == 0x2F && mayBeRoot(slash - path.startIndex) {
            if let rule = ruleOf[path[..<slash]], rule.isRecursive { found = rule }
        }
        return mayBeRoot(path.count) ? ruleOf[path] ?? found : found
    }

    private func mayBeRoot(_ count: Int) -> Bool { ruleLengths >> UInt64(count & 63) & 1 == 1 }

    private mutating func collectRules() {
        ruleOf = [:]
        for root in ownedRoots { ruleOf[root.bytes[...]] = OwnRule() }
        for (root, rule) in rules { ruleOf[root.bytes[...]] = rule }
        ruleLengths = ruleOf.keys.reduce(0) { $0 | 1 << UInt64($1.count & 63) }
    }

    /// True where an entry may change hands: no device (its owner may open the hardware), and no
    /// file with capabilities that stay (its owner could put them to use).
    package func mayOwn(_ entry: TarEntry) -> Bool {
        entry.type != .characterDevice && entry.type != .blockDevice
            && !(entry.hasCapabilities && capabilities != .strip)
    }

    /// True where what is at a path may change hands: no whiteout, nothing protected.
    package func mayOwn(_ path: TarPath) -> Bool {
        !Whiteout.isMarker(path.bytes[...]) && !protects(path)
    }

    /// True for a path that never changes hands.
    package func protects(_ path: TarPath) -> Bool {
        if ProtectedPaths.contains(path) { return true }
        guard !protectedPaths.isEmpty else { return false }
        return protectedPaths.contains { path.isAt(orBelow: $0) }
    }

    /// True for a path that was asked to be kept.
    package func keeps(_ path: TarPath) -> Bool {
        keptPaths.contains(path) || keptPatterns.contains { $0.matches(path) }
    }

    private func keepsTarget(of index: Int, in listing: LayerListing) -> Bool {
        guard listing.entries[index].type == .hardLink,
            !keptPaths.isEmpty || !keptPatterns.isEmpty
        else { return false }
        return keeps(TarPath(listing.linkBytes(index)))
    }
}
