package import ArgumentParser

/// The command line's root.
package struct Deroot: ParsableCommand {
    package static let configuration = CommandConfiguration(commandName: "deroot")

    package init() {}
}
