package import ArgumentParser
import DerootCore

/// The command line's root.
package struct Deroot: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "deroot",
        abstract: "Turn root container images into non-root ones.",
        discussion: """
            Nothing in an image is run, nothing is unpacked, no daemon is needed. Setuid and setgid \
            bits and file capabilities go, application paths get a new owner, the config says a \
            numeric user; every other byte of every layer stays as it was.
            """,
        version: Version.text,
        subcommands: [ConvertCommand.self, VerifyCommand.self, RecipeCommand.self])

    package init() {}
}
