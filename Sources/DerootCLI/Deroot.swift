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
        subcommands: [
            CheckCommand.self, ConvertCommand.self, VerifyCommand.self, MirrorCommand.self,
            RecipeCommand.self,
            ReportCommand.self, RulesCommand.self,
        ])

    package init() {}

    /// Runs the command that the process was called with.
    package static func start() {
        // Swift reads its arguments from /proc/self/cmdline; without them every call would look
        // like one for help, and succeed.
        guard !CommandLine.arguments.isEmpty else {
            Console.error("deroot: /proc is not mounted, so no arguments can be read; mount it")
            exit(withError: ExitCode(2))
        }
        main()
    }
}
