// check-image IMAGE: what makes an image need root, and would it pass the Pod Security Standards?
// Exit status 1 where it would not.
import Deroot
import Glibc

guard CommandLine.arguments.count == 2 else {
    print("usage: check-image IMAGE")
    exit(64)
}
do throws(DerootError) {
    let image = try ContainerImage(CommandLine.arguments[1])
    let report = try image.check(gates: [.podSecurity])
    for image in report.images {
        print("\(image.platform)  \(image.verdict)")
        for finding in image.findings where finding.severity >= .warning {
            let place = finding.places.first.map { " (\($0.location))" } ?? ""
            print("  \(finding.rule) \(finding.severity): \(finding.message)\(place)")
            if case .automatic(let change) = finding.remedy { print("    convert: \(change)") }
        }
    }
    exit(report.passes() ? 0 : 1)
} catch {
    print("check-image: \(error)")
    exit(error.code.exitStatus)
}
