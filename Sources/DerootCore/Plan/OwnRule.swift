package import DerootTar

/// What happens to the owner and the mode of a path, and of all below where it is recursive.
package struct OwnRule: Sendable, Hashable {
    package var isRecursive = true
    package var part = RecipeOwn.Part.both
    package var mode: SymbolicMode?
    /// nil: the image's user.
    package var owner: HeaderChange.Owner?

    /// The user owns it, with all below.
    package init() {}
}
