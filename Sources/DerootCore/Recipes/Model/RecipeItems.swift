import DerootBytes

/// A path whose owner or mode changes, and nothing of its content.
package struct RecipeOwn: Sendable, Hashable {
    /// Which part of the owner.
    package enum Part: String, Sendable, Hashable, CaseIterable {
        case user, group, both
    }

    /// With wildcards; links in it are followed inside the image.
    package let path: RecipeText
    package var isRecursive = true
    package var part = Part.both
    package var mode: SymbolicMode?
    /// True: a path that is not there is not made.
    package var isOptional = false
    package var condition = RecipeCondition()
}

/// Who something new belongs to.
package enum RecipeOwner: String, Sendable, Hashable, CaseIterable {
    case user, root
}

/// A directory that must be there, with this owner and mode.
package struct RecipeDirectory: Sendable, Hashable {
    package let path: RecipeText
    package var mode: UInt16
    package var owner: RecipeOwner
    package var condition = RecipeCondition()
}

/// A symbolic link, new or in the place of a file or another link.
package struct RecipeLink: Sendable, Hashable {
    package let path: RecipeText
    package let target: RecipeText
    package var condition = RecipeCondition()
}

/// A small file, new or in the place of another.
package struct RecipeFile: Sendable, Hashable {
    package let path: RecipeText
    package var mode: UInt16
    package var owner: RecipeOwner
    package let content: RecipeText
    package var condition = RecipeCondition()
}

/// A path that goes, with all below.
package struct RecipeRemoval: Sendable, Hashable {
    package let path: RecipeText
    package var condition = RecipeCondition()
}

/// A port that moves with `--ports remap`.
package struct RecipePort: Sendable, Hashable {
    /// `80/tcp`.
    package let from: String
    package let to: String

    /// The number of the port that it becomes.
    package var number: UInt16 { UInt16(to.prefix { $0 != "/" }) ?? 0 }
}

/// A variable of the environment; without a value it goes.
package struct RecipeVariable: Sendable, Hashable {
    package let name: String
    package let value: RecipeText?
    package var condition = RecipeCondition()
}

/// Parts of the config that are replaced as wholes.
package struct RecipeConfig: Sendable, Hashable {
    package var entrypoint: [RecipeText]?
    package var cmd: [RecipeText]?
    package var workingDirectory: RecipeText?
    package var condition = RecipeCondition()

    /// Nothing.
    package init() {}

    /// These, and for what they leave open those of a base.
    package func falling(backTo base: RecipeConfig) -> RecipeConfig {
        var out = self
        // Both vectors belong together: an entrypoint of its own does not take another's arguments.
        if entrypoint == nil, cmd == nil {
            out.entrypoint = base.entrypoint
            out.cmd = base.cmd
            out.condition = base.condition
        }
        out.workingDirectory = workingDirectory ?? base.workingDirectory
        return out
    }
}

/// A file that keeps its setuid bit or its capabilities.
package struct RecipeKeep: Sendable, Hashable {
    package let path: PathPattern
    package let reason: String
}

/// Something that must be true of the result.
package struct RecipeAssertion: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The path's mode.
        case mode(RecipeText, UInt16)
        /// The path's owner.
        case owner(RecipeText, RecipeOwner)
        /// A line of the file that fits.
        case contains(RecipeText, LinePattern)
        /// No line of the file fits.
        case lacks(RecipeText, LinePattern)
        /// The path is not there.
        case absent(RecipeText)
        /// The port is exposed.
        case port(String)
    }

    package let kind: Kind
    /// Where it stands in the recipe.
    package let line: Int
    package var condition = RecipeCondition()
}
