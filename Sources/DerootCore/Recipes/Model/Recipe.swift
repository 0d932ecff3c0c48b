package import DerootBytes

/// What has to be done to one kind of image, beyond what every image gets: a file that people write.
///
/// The format is described in docs/recipes.md. A recipe is other people's input: it names paths inside
/// the image only, never protected ones, and its work is bounded.
package struct Recipe: Sendable, Hashable {
    /// What becomes of the way in which the start script changes the user.
    package enum StepDown: String, Sendable, Hashable, CaseIterable {
        /// It does so only as root, so it is left alone; an unguarded one stops the conversion.
        case guarded
        /// There is none.
        case none
        /// An edit of the recipe takes it out.
        case rewrite
    }

    /// A combination that cannot work.
    package struct Denial: Sendable, Hashable {
        package let condition: RecipeCondition
        /// Why, as a sentence for people.
        package let reason: String
    }

    /// Lower-case letters, digits and hyphens.
    package let id: String
    /// One line for people.
    package let title: String
    /// The digest of the file.
    package let digest: Digest
    /// What messages call the file.
    package let file: String
    /// Another recipe whose items come first.
    package var base: String?
    /// What an image must be; all of them.
    package var match: [RecipePredicate] = []
    package var user: RecipeUser?
    /// False where the WORKDIR keeps its owner.
    package var ownsWorkdir = true
    package var own: [RecipeOwn] = []
    package var directories: [RecipeDirectory] = []
    package var links: [RecipeLink] = []
    package var files: [RecipeFile] = []
    package var removals: [RecipeRemoval] = []
    package var edits: [RecipeEdit] = []
    package var ports: [RecipePort] = []
    package var environment: [RecipeVariable] = []
    package var config = RecipeConfig()
    package var stepDown: StepDown?
    /// Files that keep their privileges, with the reason.
    package var keep: [RecipeKeep] = []
    package var denials: [Denial] = []
    /// Why an image of this kind is not converted at all; nil: it is.
    package var refusal: String?
    package var assertions: [RecipeAssertion] = []
    /// What people should know, in their order.
    package var notes: [String] = []
    /// What the container needs when it runs.
    package var requires: [String] = []

    /// A recipe of nothing.
    package init(id: String, title: String, digest: Digest, file: String) {
        self.id = id
        self.title = title
        self.digest = digest
        self.file = file
    }

    /// This recipe after the items of its base; what only one can have stays this one's.
    package func stacked(on base: Recipe) -> Recipe {
        var out = self
        out.own = base.own + own
        out.directories = base.directories + directories
        out.links = base.links + links
        out.files = base.files + files
        out.removals = base.removals + removals
        out.edits = base.edits + edits
        out.ports = base.ports + ports
        out.environment = base.environment + environment
        out.config = config.falling(backTo: base.config)
        out.keep = base.keep + keep
        out.denials = base.denials + denials
        out.assertions = base.assertions + assertions
        out.notes = base.notes + notes
        out.requires = base.requires + requires
        out.user = user ?? base.user
        out.stepDown = stepDown ?? base.stepDown
        out.refusal = refusal ?? base.refusal
        out.ownsWorkdir = ownsWorkdir && base.ownsWorkdir
        return out
    }

    /// An error about the recipe, with its name.
    package func error(
        _ code: DerootError.Code = .blocked, _ message: String, advice: String? = nil
    ) -> DerootError {
        DerootError(code, "recipe \(id): \(message)", advice: advice)
    }
}

/// Who an image of a kind runs as.
package struct RecipeUser: Sendable, Hashable {
    package enum Strategy: String, Sendable, Hashable, CaseIterable {
        /// The first account of `names` that the image has.
        case adopt
        /// The numbers given, or 65532:65532.
        case assign
        /// The image's own, only as numbers.
        case keep
    }

    package var strategy: Strategy
    /// The accounts to look for; for `assign` the name of a new one.
    package var names: [String]
    package var uid: UInt32?
    package var gid: UInt32?
    /// The home of a new account.
    package var home: String?
}

/// When an item counts; all that is said must hold.
package struct RecipeCondition: Sendable, Hashable {
    package var ports: ConversionOptions.Ports?
    package var profile: ConversionOptions.Profile?
    /// `ID` or a word of `ID_LIKE` of the image's os-release.
    package var distro: String?
    /// A path that the image has.
    package var file: PathPattern?
    /// A path that the image has not.
    package var absent: PathPattern?

    /// Always.
    package init() {}
}
