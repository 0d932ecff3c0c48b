package import DerootBytes

// What manifests and indexes have in common.
extension JSONObject {
    /// A field that is a descriptor; nil where absent or null.
    package func descriptor(_ name: String) throws(DerootError) -> Descriptor? {
        guard let object = try object(name) else { return nil }
        do throws(DerootError) {
            return try Descriptor(object)
        } catch { throw error.inside(name) }
    }

    /// A field that is an array of descriptors; nil where absent or null.
    package func descriptors(_ name: String) throws(DerootError) -> [Descriptor]? {
        guard let elements = try array(name) else { return nil }
        var descriptors: [Descriptor] = []
        descriptors.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            do throws(DerootError) {
                descriptors.append(try Descriptor(element))
            } catch { throw error.inside("\(name)[\(index)]") }
        }
        return descriptors
    }

    /// Refuses any other schema version than 2, which image-spec and Docker's schema 2 both ask for.
    func requireSchemaVersion2(_ what: String) throws(DerootError) {
        switch try integer("schemaVersion") {
        case 2: return
        case 1:
            throw DerootError(
                .unsupported, "\(what) of Docker's schema 1, which has neither config nor diffIDs",
                advice: "push the image anew with a tool of this decade")
        case let version?:
            throw DerootError(.unsupported, "\(what) has the schema version \(version), not 2")
        case nil: throw DerootError(.malformed, "\(what) has no 'schemaVersion'")
        }
    }
}
