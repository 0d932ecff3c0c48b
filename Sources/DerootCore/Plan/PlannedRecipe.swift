package import DerootBytes

/// A recipe as far as a plan remembers it.
package struct PlannedRecipe: Sendable, Hashable {
    package let id: String
    package let title: String
    /// Of its file, and of its bases' files where it has any.
    package let digest: Digest
    /// What its items came to, a line each.
    package let steps: [String]
    /// What the container needs when it runs.
    package let requires: [String]
    /// Patterns of files that keep their privileges.
    package let keep: [String]

    package init(
        id: String, title: String, digest: Digest, steps: [String], requires: [String],
        keep: [String] = []
    ) {
        self.id = id
        self.title = title
        self.digest = digest
        self.steps = steps
        self.requires = requires
        self.keep = keep
    }

    /// As a result notes it: `nginx@sha256:…`.
    package var fact: String { "\(id)@\(digest)" }
}

/// A value before and after.
package struct ValueChange<Value: Sendable & Hashable>: Sendable, Hashable {
    package let before: Value
    package let after: Value

    package init(before: Value, after: Value) {
        self.before = before
        self.after = after
    }
}

/// What changes in a config besides User and HOME; nil and empty: nothing.
package struct ConfigChanges: Sendable, Hashable {
    /// A variable; nil: it is not there.
    package struct Variable: Sendable, Hashable {
        package let name: String
        package let before: String?
        package let after: String?

        package init(name: String, before: String?, after: String?) {
            self.name = name
            self.before = before
            self.after = after
        }
    }

    package var entrypoint: ValueChange<[String]?>?
    package var cmd: ValueChange<[String]?>?
    package var workingDirectory: ValueChange<String?>?
    package var exposedPorts: ValueChange<[String]>?
    /// In the recipe's order.
    package var environment: [Variable] = []

    /// Nothing.
    package init() {}

    /// True where nothing changes.
    package var isEmpty: Bool { self == ConfigChanges() }
}
