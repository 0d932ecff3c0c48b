import DerootBytes
import DerootTar

/// NR037: a /tmp that is missing or closed.
package enum ClosedTemporary: ImageRule {
    package static let rule = Rule(
        "NR037", "tmp-missing", .error, "There is no /tmp that everybody may write",
        help: """
            Nearly every program wants /tmp, with the mode 1777. convert adds it where it is \
            missing; one that is there and closed needs --own /tmp.
            """,
        classes: [35])

    package static func findings(in image: CheckedImage) -> [Finding] {
        let path = image.tree.resolve("tmp").path
        guard let node = image.tree.find(path) else {
            return found(
                "/tmp does not exist",
                at: [Finding.Evidence(.file("tmp"), before: "absent", after: "1777")],
                fix: .automatic("it is added with the mode 1777"))
        }
        guard let reference = image.tree.entry(of: node),
            image.tree[reference].mode & 0o1777 != 0o1777
        else {
            return []
        }
        let isClosed = image.access.map { !$0.mayMake(path) } ?? true
        return found(
            isClosed ? "/tmp cannot be written" : "/tmp has another mode than 1777",
            at: [image.evidence(reference, before: image.status(reference), after: "1777")],
            severity: isClosed ? nil : .info, fix: .option("--own /tmp gives it to the user"))
    }
}
