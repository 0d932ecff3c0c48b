package import DerootBytes
package import DerootTar

/// What runs when a container starts, as far as the image shows it: programs, scripts and what
/// these do that depends on being root.
///
/// Read from text, never run: a guess where a script computes its words.
package struct StartChain: Sendable {
    /// Where something stands.
    package struct Place: Sendable, Hashable {
        /// A script or configuration file, or a key of the config.
        package let place: Finding.Evidence.Place
        /// From 1; nil for keys of the config.
        package let line: Int?
    }

    /// Under which conditions something is done.
    package struct Circumstances: Sendable, Hashable {
        /// Only root comes here: a test of the uid is around it or before it.
        package let isGuarded: Bool
        /// Comes here only where some other test says so, which nobody can foretell.
        package let isConditional: Bool
        /// A failure ends the script: `set -e` is in force and nothing catches it.
        package let isFatal: Bool
    }

    /// A command that runs another one as somebody else.
    package struct StepDown: Sendable, Hashable {
        /// `gosu`, `su-exec`, `setpriv` and the like.
        package let tool: String
        /// A name or a uid, with a group behind a colon where one is named; nil where it is computed.
        package let account: String?
        package let at: Place
        package let circumstances: Circumstances

        /// True where only root comes here, so that a non-root start passes it by.
        package var isGuarded: Bool { circumstances.isGuarded }
    }

    /// A command that only root may run, or that has an effect for root only.
    package struct RootCommand: Sendable, Hashable {
        package let name: String
        /// The command's first words.
        package let text: String
        package let at: Place
        package let circumstances: Circumstances
    }

    /// A path that a script writes.
    package struct Write: Sendable, Hashable {
        /// As the script spells it, links not followed.
        package let path: TarPath
        /// True where the script makes a directory.
        package let isDirectory: Bool
        package let tool: String
        package let at: Place
        package let circumstances: Circumstances
    }

    /// An option or setting that asks for root.
    package struct RootFlag: Sendable, Hashable {
        package let text: String
        package let at: Place
        package let circumstances: Circumstances
    }

    /// A program that wants to be root for what it does to others.
    package struct Service: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable {
            case s6Overlay = "s6-overlay"
            case s6 = "s6"
            case supervisord, runit, systemd, cron, sshd
        }

        package let kind: Kind
        package let at: Place
        package let circumstances: Circumstances
    }

    /// A program or script that is started.
    package struct Program: Sendable, Hashable {
        package enum Role: String, Sendable, Hashable {
            case entrypoint, cmd, healthcheck, script, interpreter, sourced
        }

        package enum Kind: Sendable, Hashable {
            case binary
            /// With the interpreter's path.
            case script(String)
            /// Nothing is known of the content.
            case unknown
            /// Not found in the image.
            case missing
        }

        package let role: Role
        /// As it is spelled where it is started.
        package let word: String
        /// Where it was found, links not followed; nil where it was not found.
        package let path: TarPath?
        package let kind: Kind
        package let at: Place
        package let circumstances: Circumstances
    }

    package internal(set) var programs: [Program] = []
    package internal(set) var stepDowns: [StepDown] = []
    package internal(set) var rootCommands: [RootCommand] = []
    package internal(set) var writes: [Write] = []
    package internal(set) var rootFlags: [RootFlag] = []
    package internal(set) var services: [Service] = []
    /// The names of all commands that scripts run when not root, each with its first place.
    package internal(set) var commands: [String: Place] = [:]
    /// The scripts that were read, in the order of the start.
    package internal(set) var scripts: [TarPath] = []

    /// The account that the start steps down to anyway; nil where none is seen, or several.
    ///
    /// Only guarded steps without computed accounts count, none of them to root.
    package var adoptable: String? {
        let accounts = Set(stepDowns.compactMap(\.account)).subtracting(["root", "0", "0:0"])
        guard accounts.count == 1, stepDowns.allSatisfy(\.isGuarded) else { return nil }
        return accounts.first
    }

    /// Nothing at all.
    init() {}
}

extension StartChain {
    /// Reads the chain of an image as far as its files are known already.
    package init(_ image: StartImage, files: ImageFiles) { self = ChainReader.read(image, files) }

    /// Reads the chain of an image, with one more pass over those layers whose scripts were not kept.
    ///
    /// Bounded in size and depth; scripts that are odd are read as far as they can be.
    /// - Parameters:
    ///   - image: Config words and the merged view.
    ///   - files: What was kept of the layers.
    ///   - read: Reads more of them.
    /// - Throws: What `read` throws.
    package init(
        _ image: StartImage, files: ImageFiles, read: ImageFiles.Read
    ) throws(DerootError) {
        self = ChainReader.read(image, files)
        // Each round reaches one step further: a script, what it starts, what that starts.
        for _ in 0..<4 {
            guard try files.fetch(read) else { return }
            self = ChainReader.read(image, files)
        }
    }
}
