/// What is to change in one entry's headers; empty means nothing.
package struct HeaderChange: Sendable, Hashable {
    /// Who a file shall belong to, by number and by name.
    package struct Owner: Sendable, Hashable {
        package var uid: UInt32
        package var gid: UInt32
        /// Names for headers that name the owner: extractors that resolve names would restore root.
        package var userName: [UInt8]
        package var groupName: [UInt8]

        package init(uid: UInt32, gid: UInt32, userName: [UInt8] = [], groupName: [UInt8] = []) {
            self.uid = uid
            self.gid = gid
            self.userName = userName
            self.groupName = groupName
        }
    }

    /// Mode bits to clear, of 0o7777.
    package var clear: UInt16 = 0
    /// Mode bits to set, of 0o7777.
    package var set: UInt16 = 0
    /// The new owner.
    package var owner: Owner?
    /// What happens to file capabilities.
    package var capabilities: FileCapability.Treatment?

    /// A change of nothing.
    package init() {}

    /// True where applying it would do nothing to any entry.
    package var isEmpty: Bool { self == HeaderChange() }

    /// The mode after the change.
    package func mode(from mode: UInt16) -> UInt16 { mode & ~clear | set }
}
