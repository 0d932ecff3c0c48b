// convert-with-rule SRC DST: converts under a rule of the house, and decides what to do about it.
//
// The rule: who runs the application must not own its code, or a break-in could change it. By
// default the WORKDIR becomes the user's; where the rule objects, those paths keep their owners.
import Deroot
import Glibc

guard CommandLine.arguments.count == 3 else {
    print("usage: convert-with-rule SRC DST")
    exit(64)
}
do throws(DerootError) {
    let rule = try CustomRule(
        "HOUSE-1", severity: .block, title: "Code belongs to its user"
    ) { image in
        let code = (try? image.files(matching: "/srv/**")) ?? []
        let owned = code.filter { $0.kind == .file && $0.uid == image.uid }
        guard !owned.isEmpty else { return [] }
        return [
            .init(
                "\(owned.count) files below /srv belong to the user", at: owned.map(\.path),
                advice: "keep their owners")
        ]
    }
    let image = try ContainerImage(CommandLine.arguments[1])
    var options = Options()
    let report = try image.check(options, rules: [rule], converted: true)
    let breaches = report.images.flatMap(\.findings).filter { $0.rule == rule.id }
    for breach in breaches { print("\(breach.rule): \(breach.message)") }
    if !breaches.isEmpty { options.keep = ["/srv/**"] }
    // The rule guards the conversion as well: nothing is written where it still objects.
    let result = try image.convert(to: CommandLine.arguments[2], options, rules: [rule])
    print("\(result.reference)@\(result.digest)")
} catch {
    print("convert-with-rule: \(error)")
    exit(error.code.exitStatus)
}
