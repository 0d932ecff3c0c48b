package import DerootBytes
import DerootTar

extension Collection<EntryChange> {
    /// A digest of changes, in their order: the same layer with the same changes gives the same bytes.
    package var digest: Digest {
        var hasher = DigestHasher()
        var bytes: [UInt8] = []
        func add(_ value: some FixedWidthInteger & UnsignedInteger) {
            for shift in stride(from: 0, to: value.bitWidth, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        func add(_ text: [UInt8]) {
            add(UInt64(text.count))
            bytes += text
        }
        for entry in self {
            add(UInt64(entry.index))
            add(entry.change.clear)
            add(entry.change.set)
            switch entry.change.capabilities {
            case nil: bytes.append(0)
            case .strip: bytes.append(1)
            case .permit: bytes.append(2)
            }
            bytes.append(entry.change.owner == nil ? 0 : 1)
            if let owner = entry.change.owner {
                add(owner.uid)
                add(owner.gid)
                add(owner.userName)
                add(owner.groupName)
            }
            if bytes.count > 1 << 16 {
                hasher.update(bytes)
                bytes.removeAll(keepingCapacity: true)
            }
        }
        hasher.update(bytes)
        return hasher.digest()
    }
}
