import DerootBytes
import DerootOCI
import DerootTar

/// NR007: a uid that some gate does not like.
package enum NumberRange: ImageRule {
    package static let rule = Rule(
        "NR007", "id-range", .warn, "The user's number is outside a gate's range",
        help: """
            Gates want different ranges: Trivy KSV-0020 and KSV-0021 above 10000, OpenShift \
            restricted-v3 from 1000 to 65534, user namespaces below 65536; runtimes refuse more \
            than 2147483647 or take it for root. 65532:65532 meets them all; an account that the \
            image brings along may not.
            """,
        classes: [6, 33])

    package static func findings(in image: CheckedImage) -> [Finding] {
        if isOutside(image.config.user), !image.isConverted {
            let raw = printable((image.config.user ?? "").utf8)
            return found(
                "User '\(raw)' is not from 1 to 2147483647; some runtimes take it for root",
                at: [Finding.Evidence(.config("config.User"), before: raw)], severity: .block,
                fix: image.plan.map { .automatic("User becomes \($0.userAfter)") }
                    ?? .option("--user UID:GID chooses another"))
        }
        guard let owner = image.identity else { return [] }
        var gates: [String] = []
        if owner.uid < 1000 || owner.uid > 65534 { gates.append("OpenShift restricted-v3") }
        if owner.uid <= 10000 { gates.append("KSV-0020") }
        if owner.uid >= 65536 { gates.append("user namespaces of 65536 ids") }
        return gates.isEmpty
            ? []
            : found(
                "user \(owner.uid) is outside the range of \(gates.joined(separator: ", "))",
                at: [
                    Finding.Evidence(
                        .config("config.User"), before: printable((image.config.user ?? "").utf8),
                        after: image.plan?.userAfter)
                ], fix: .option("--user 65532:65532 meets every gate"))
    }

    /// True for a user in digits that no runtime takes as they stand.
    static func isOutside(_ user: String?) -> Bool {
        let digits = (user ?? "").utf8.prefix { $0 != UInt8(ascii: ":") }
        guard let first = digits.first, (0x30...0x39).contains(first) || first == 0x2D,
            digits.dropFirst().allSatisfy({ (0x30...0x39).contains($0) }),
            !digits.allSatisfy({ $0 == 0x30 })
        else { return false }
        return AccountFile.number(digits).map { $0 > 2_147_483_647 } ?? true
    }
}
