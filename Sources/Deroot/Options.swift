/// What is asked of a conversion; the same options on the same image give the same bytes.
public struct Options: Sendable, Hashable {
    /// Who the image shall run as.
    public enum User: Sendable, Hashable {
        /// An image's own non-root user, as numbers; else the account that a recipe or the start
        /// script names; else 65532:65532.
        case automatic
        /// The same, but never an account that the image does not name.
        case adopted
        /// These numbers, the user's from 1 to 2147483647; without a group the account's own one.
        case numbers(uid: UInt32, gid: UInt32? = nil)
        /// An account of the image.
        case account(String)
    }

    /// Where changes of existing files go.
    public enum LayerMode: String, Sendable, Hashable {
        /// Into the headers of the layers that hold them.
        case rewrite
        /// Into one layer on top; layers below keep their blobs, and their privileged files.
        case append
    }

    /// What becomes of file capabilities.
    public enum Capabilities: String, Sendable, Hashable {
        /// They go.
        case strip
        /// They stay, but are no longer raised by themselves: `+ep` becomes `+p`.
        case permit
        /// They stay.
        case keep
    }

    /// A place where the result is to run.
    public enum Profile: String, Sendable, Hashable {
        /// Any user number with group 0.
        case openshift
        /// Nothing but `/tmp` and volumes can be written.
        case readOnlyRootfs = "read-only-rootfs"
    }

    /// Which recipe is applied.
    public enum Recipe: Sendable, Hashable {
        /// The one that fits.
        case automatic
        /// None.
        case none
        /// The built-in recipe of this id, whether it fits or not.
        case builtIn(String)
        /// One of your own: the text of its file, and what messages call it.
        case own(yaml: String, name: String)
    }

    /// Who the image shall run as.
    public var user = User.automatic
    /// Paths inside the image that shall belong to the user, with all below; `*`, `?` and `**` are
    /// wildcards.
    public var own: [String] = []
    /// Paths that keep their privileges and their owners.
    public var keep: [String] = []
    /// Which recipe is applied.
    public var recipe = Recipe.automatic
    /// Where the result is to run.
    public var profiles: Set<Profile> = []
    /// Whether ports below 1024 move to where the recipe says.
    public var remapsPorts = false
    /// What becomes of file capabilities.
    public var capabilities = Capabilities.strip
    /// Whether setgid goes from directories as well, where it only makes the group inherited.
    public var stripsSetgidDirectories = false
    /// Whether files with ids of 65536 and more go to the user, or to root.
    public var squashesIDs = false
    /// Where changes go.
    public var layers = LayerMode.rewrite
    /// What all layers are compressed with; nil: as they are.
    public var compression: Compression?
    /// Seconds since 1970 for everything new; nil: the image's own date.
    public var sourceDateEpoch: Int64?
    /// Only the image for this platform, such as `linux/arm64`; nil: all.
    public var platform: String?
    /// Whether a conversion stops where the result would certainly not start.
    public var stopsAtFindings = true
    /// Layers that are worked on at once; nil: as many as the machine has cores.
    public var jobs: Int?

    /// The defaults of `deroot convert`.
    public init() {}
}
