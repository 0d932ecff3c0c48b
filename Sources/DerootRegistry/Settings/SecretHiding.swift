// Messages, dumps and debuggers see what kind of credentials these are, and nothing else (hostile
// input F07).
extension RegistryCredentials: CustomDebugStringConvertible, CustomReflectable {
    /// The same as `description`.
    package var debugDescription: String { description }

    /// Nothing that could be looked into.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
