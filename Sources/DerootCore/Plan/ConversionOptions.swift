package import DerootBytes
package import DerootTar

/// What the user asked for; everything that may change the result, and nothing else.
package struct ConversionOptions: Sendable, Hashable {
    /// Where changes of existing files go.
    package enum LayerMode: String, Sendable, Hashable, CaseIterable {
        /// Into the headers of the layers that hold them.
        case rewrite
        /// Into one layer on top, as whole files; layers below keep their blobs and privileges.
        case append
    }

    /// What happens to file capabilities.
    package enum Capabilities: String, Sendable, Hashable, CaseIterable {
        case strip, permit, keep

        /// The same as a change of headers; nil for keep.
        package var treatment: FileCapability.Treatment? {
            switch self {
            case .strip: .strip
            case .permit: .permit
            case .keep: nil
            }
        }
    }

    /// How the result's layers are compressed.
    package enum LayerCompression: Sendable, Hashable {
        /// As they were.
        case keep
        /// As they were, but plain ones with gzip: for what comes out of a docker-archive.
        case plainToGzip
        case all(Compression)

        /// What a layer becomes.
        package func target(for current: Compression) -> Compression {
            switch self {
            case .keep: current
            case .plainToGzip: current == .none ? .gzip : current
            case .all(let compression): compression
            }
        }
    }

    /// What becomes of ports below 1024, which a user may not bind everywhere.
    package enum Ports: String, Sendable, Hashable, CaseIterable {
        case keep
        /// They move to where the recipe says.
        case remap
    }

    /// A place where the result is to run.
    package enum Profile: String, Sendable, Hashable, CaseIterable {
        /// Any uid with group 0: the group may what the user may, where the application writes.
        case openshift
        /// Nothing but `/tmp` and volumes can be written.
        case readOnlyRootfs = "read-only-rootfs"
    }

    /// Who the image shall run as.
    package var user = Identity.Choice.auto
    /// Paths that shall belong to the user, with all that is below.
    package var own: [PathPattern] = []
    /// Paths that keep their privileges and are never chowned.
    package var keep: [PathPattern] = []
    package var capabilities = Capabilities.strip
    /// Clears setgid on directories as well, where it only means inheritance of the group.
    package var stripsSetgidDirectories = false
    package var layers = LayerMode.rewrite
    package var compression = LayerCompression.keep
    /// Which recipe is applied.
    package var recipe = RecipeChoice.automatic
    /// The digest of the user's own recipes, where there are any.
    package var ownRecipes: Digest?
    package var profiles: Set<Profile> = []
    package var ports = Ports.keep
    /// Gives files with ids of 65536 and more to the user, or to root.
    package var squashesIDs = false
    /// Seconds since 1970 for everything new; nil: the image's own `created`.
    package var sourceDateEpoch: Int64?

    /// The defaults.
    package init() {}
}
