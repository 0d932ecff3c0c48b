import DerootTar

/// NR061: character and block devices.
package enum DeviceNode: ImageRule {
    package static let rule = Rule(
        "NR061", "device-node", .warn, "A layer holds device nodes",
        help: """
            Rootless engines cannot make device nodes and skip them or fail; runtimes put their \
            own /dev in the way. convert carries them as they are and never hands them over.
            """,
        classes: [36])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let places = image.census.devices.filter { image.isShown($0) }.map {
            image.evidence($0, before: image.status($0))
        }
        return found(
            count(places.count, "device node", "device nodes"), at: places,
            fix: .none("leave them out of the image's own build"))
    }
}
