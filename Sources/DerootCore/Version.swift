/// The version of the tool, one place for all.
package enum Version {
    /// Semantic version.
    package static let text = "0.1.0"
}
