// swift-tools-version: 6.2
import PackageDescription

// Three programs that use the library as any other package would. `make test-library` builds and
// runs them; with the repository's own .build as scratch path nothing is compiled twice.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "deroot-examples",
    dependencies: [.package(name: "deroot", path: "..")],
    targets: ["check-image", "convert-with-rule", "convert-tag"].map { name in
        .executableTarget(
            name: name, dependencies: [.product(name: "Deroot", package: "deroot")],
            swiftSettings: settings)
    },
    swiftLanguageModes: [.v6]
)
