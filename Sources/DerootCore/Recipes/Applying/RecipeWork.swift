import DerootBytes
import DerootOCI
import DerootTar

/// A recipe at work on one image: what it makes of paths, files and config.
///
/// First `claim` says what belongs to whom, then, when the policy is known, `addFiles` adds what is
/// new; both only decide.
struct RecipeWork {
    typealias Read = (EntryRef) throws(DerootError) -> [UInt8]

    let recipe: Recipe
    let image: ImageKind
    let options: ConversionOptions
    let values: RecipeValues
    /// What the items came to, a line each.
    private(set) var steps: [String] = []

    init(
        _ recipe: Recipe, _ image: ImageKind, _ options: ConversionOptions, _ identity: Identity
    ) {
        self.recipe = recipe
        self.image = image
        self.options = options
        var ports: [String: UInt16] = [:]
        if options.ports == .remap { for port in recipe.ports { ports[port.from] = port.number } }
        values = RecipeValues(
            uid: identity.uid, gid: identity.gid, user: identity.userName, home: identity.home,
            env: image.config.env, ports: ports)
    }

    /// Refuses what cannot work, before anything is decided.
    static func check(
        _ recipe: Recipe, _ image: ImageKind, _ options: ConversionOptions
    ) throws(DerootError) {
        if let refusal = recipe.refusal {
            throw recipe.error(
                .refused, refusal, advice: "--recipe none converts without it, at your own risk")
        }
        for denial in recipe.denials where denial.condition.holds(for: image, options) {
            let what = options.profiles.map { "--profile \($0.rawValue)" }.sorted()
            let asked =
                denial.condition.profile.map { "--profile \($0.rawValue)" }
                ?? denial.condition.ports.map { "--ports \($0.rawValue)" }
                ?? what.joined(separator: " ")
            throw recipe.error(.refused, "\(asked) cannot work: \(denial.reason)")
        }
    }

    func holds(_ condition: RecipeCondition) -> Bool { condition.holds(for: image, options) }

    mutating func note(_ step: String) { steps.append(step) }

    /// A path of the recipe with its variables filled in.
    func path(_ text: RecipeText) throws(DerootError) -> PathPattern {
        let bytes = try text.filled(values)
        do throws(DerootError) {
            try RecipePath.check(bytes)
            guard bytes.first == UInt8(ascii: "/") else {
                throw DerootError(
                    .malformed, "'\(printable(bytes.prefix(80)))' does not begin with /")
            }
            return try PathPattern(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw recipe.error(.blocked, error.message)
        }
    }

    /// A path without wildcards.
    func literal(_ text: RecipeText) throws(DerootError) -> TarPath {
        let pattern = try path(text)
        guard pattern.isLiteral else {
            throw recipe.error(.blocked, "'\(printable(pattern.text.utf8))' has wildcards")
        }
        return pattern.literal
    }

    /// Where a path really is.
    ///
    /// - Throws: `.hostile` for links that loop.
    func resolve(_ path: TarPath, followingLast: Bool = true) throws(DerootError) -> ResolvedPath {
        let resolved = image.tree.resolve(path, followingLast: followingLast)
        guard !resolved.loops else {
            throw DerootError(
                .hostile, "a path that leads through symbolic links that loop",
                at: .init(entry: printable(path.bytes)))
        }
        return resolved
    }

    /// Stops a recipe that reaches for accounts, keys or programs (NR083).
    func protect(
        _ path: TarPath, _ policy: EntryPolicy, isWhole: Bool = true
    ) throws(DerootError) {
        let isAbove =
            isWhole
            && (ProtectedPaths.lie(below: path)
                || policy.protectedPaths.contains { $0.isAt(orBelow: path) })
        guard !policy.protects(path), !isAbove else {
            throw recipe.error(
                .blocked, "NR083 protected-path: \(path) is not for recipes to change")
        }
    }
}

// Who owns what.
extension RecipeWork {
    /// What the recipe says of owners: rules by path, and directories to be made.
    struct Claims {
        var rules: [TarPath: OwnRule] = [:]
        var wanted: [(path: TarPath, mode: UInt16, reason: String)] = []
    }

    /// Resolves the paths of `own` and `dirs`.
    func claim(_ policy: EntryPolicy) throws(DerootError) -> Claims {
        var claims = Claims()
        for item in recipe.own where holds(item.condition) {
            let pattern = try path(item.path)
            var paths = pattern.expand(in: image.tree)
            if item.isOptional { paths.removeAll { image.tree.find($0) == nil } }
            guard !paths.isEmpty || item.isOptional else {
                throw recipe.error(
                    .blocked, "own: '\(printable(pattern.text.utf8))' fits nothing in the image")
            }
            for path in paths {
                // Behind a link there may be `/tmp`, which is everybody's.
                if pattern.isLiteral, path != pattern.literal, SharedDirectories.contains(path) {
                    continue
                }
                try protect(path, policy)
                var rule = OwnRule()
                (rule.isRecursive, rule.part, rule.mode) = (item.isRecursive, item.part, item.mode)
                claims.rules[path] = rule
                if image.tree.find(path) == nil {
                    claims.wanted.append((path, 0o755, "recipe \(recipe.id)"))
                }
            }
        }
        for item in recipe.directories where holds(item.condition) {
            let resolved = try resolve(try literal(item.path))
            try protect(resolved.path, policy)
            if let node = resolved.node, let entry = image.tree.entry(of: node),
                image.tree[entry].type != .directory
            {
                throw recipe.error(.blocked, "dirs: \(resolved.path) is no directory")
            }
            var rule = claims.rules[resolved.path] ?? OwnRule()
            if claims.rules[resolved.path] == nil { rule.isRecursive = false }
            rule.mode = try SymbolicMode(PlanJSON.octal(item.mode))
            if item.owner == .root { rule.owner = .root }
            claims.rules[resolved.path] = rule
            if resolved.node == nil {
                claims.wanted.append((resolved.path, item.mode, "recipe \(recipe.id)"))
            }
        }
        return claims
    }
}
