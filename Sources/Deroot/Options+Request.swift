import DerootCore
import DerootOCI

extension Options {
    /// The options as the rooms below take them.
    struct Request {
        var options = ConversionOptions()
        var recipes = RecipeLibrary()
        var platform: Platform?
    }

    /// Checks the options.
    ///
    /// `compressesPlain` says that the source's plain layers become gzip unless something else is
    /// asked for.
    ///
    /// - Throws: `.usage` for a value that is none, `.malformed` for a recipe that is none.
    func request(compressesPlain: Bool) throws(DerootError) -> Request {
        var request = Request()
        request.options.user = try user.choice()
        for path in own { request.options.own.append(try PathPattern(path)) }
        for path in keep { request.options.keep.append(try PathPattern(path)) }
        request.options.capabilities = capabilities.core
        request.options.stripsSetgidDirectories = stripsSetgidDirectories
        request.options.layers = layers == .append ? .append : .rewrite
        request.options.compression =
            compression.map { .all($0) } ?? (compressesPlain ? .plainToGzip : .keep)
        request.options.profiles = Set(profiles.map(\.core))
        request.options.ports = remapsPorts ? .remap : .keep
        request.options.squashesIDs = squashesIDs
        if let epoch = sourceDateEpoch, !(0...253_402_300_799).contains(epoch) {
            throw DerootError(.usage, "the time \(epoch) is not in the years 1970 to 9999")
        }
        request.options.sourceDateEpoch = sourceDateEpoch
        if let jobs, jobs < 1 {
            throw DerootError(.usage, "\(jobs) jobs, at least 1 is needed")
        }
        request.platform = try platform.map { (text) throws(DerootError) in
            try Platform(parsing: text)
        }
        try choose(recipe, in: &request)
        return request
    }

    private func choose(_ recipe: Recipe, in request: inout Request) throws(DerootError) {
        guard recipe != .none else {
            request.options.recipe = .none
            return
        }
        request.recipes = try .builtIn()
        switch recipe {
        case .automatic, .none: break
        case .builtIn(let id):
            request.options.recipe = .one(try request.recipes.recipe(id).id)
        case .own(let yaml, let name):
            let own = try DerootCore.Recipe(parsing: Array(yaml.utf8), file: name)
            try request.recipes.add(own)
            request.options.ownRecipes = request.recipes.ownDigest
            request.options.recipe = .one(own.id)
        }
    }
}

extension Options.User {
    /// The choice, checked: root and numbers out of range are refused.
    fileprivate func choice() throws(DerootError) -> Identity.Choice {
        switch self {
        case .automatic: .auto
        case .adopted: .adopt
        case .numbers(let uid, let gid):
            try Identity.Choice(parsing: gid.map { "\(uid):\($0)" } ?? "\(uid)")
        case .account(let name):
            ["auto", "adopt"].contains(name) ? .name(name) : try Identity.Choice(parsing: name)
        }
    }
}

extension Options.Capabilities {
    fileprivate var core: ConversionOptions.Capabilities {
        switch self {
        case .strip: .strip
        case .permit: .permit
        case .keep: .keep
        }
    }
}

extension Options.Profile {
    fileprivate var core: ConversionOptions.Profile {
        switch self {
        case .openshift: .openshift
        case .readOnlyRootfs: .readOnlyRootfs
        }
    }
}
