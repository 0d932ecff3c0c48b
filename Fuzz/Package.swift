// swift-tools-version: 6.2
import PackageDescription

// The rooms as they are, through links, so that what is `package` in them can be fuzzed. To be
// built with --sanitize=fuzzer, which brings the program's entry point; see run.sh.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
]

let package = Package(
    name: "deroot-fuzz",
    targets: [
        .systemLibrary(name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib"),
        .systemLibrary(name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd"),
        .systemLibrary(name: "CCrypto", path: "Sources/CCrypto", pkgConfig: "libcrypto"),
        .systemLibrary(name: "CYAML", path: "Sources/CYAML", pkgConfig: "yaml-0.1"),
        .systemLibrary(name: "CArchive", path: "Sources/CArchive", pkgConfig: "libarchive"),
        .systemLibrary(name: "CSystem", path: "Sources/CSystem"),
        .target(name: "CDeflate", path: "Sources/CDeflate"),
        .target(name: "CDigest", path: "Sources/CDigest"),
        .target(
            name: "DerootBytes",
            dependencies: ["CDeflate", "CDigest", "CSystem", "CZlib", "CZstd", "CCrypto"],
            swiftSettings: settings),
        .target(name: "DerootOCI", dependencies: ["DerootBytes"], swiftSettings: settings),
        .target(
            name: "DerootTar", dependencies: ["DerootBytes", "CArchive"], swiftSettings: settings),
        .target(
            name: "DerootStore", dependencies: ["DerootOCI", "DerootTar", "DerootBytes"],
            swiftSettings: settings),
        .target(
            name: "DerootCore",
            dependencies: ["DerootStore", "DerootTar", "DerootOCI", "DerootBytes", "CYAML"],
            resources: [.embedInCode("Recipes/BuiltIn")],
            swiftSettings: settings),
        // Of the registry only what reads a server's words, which is no part of the room's surface.
        .target(
            name: "DerootRegistry", dependencies: ["DerootOCI", "DerootBytes"],
            swiftSettings: settings + [.unsafeFlags(["-enable-testing"])]),
        .executableTarget(
            name: "deroot-fuzz",
            dependencies: [
                "DerootCore", "DerootRegistry", "DerootStore", "DerootTar", "DerootOCI",
                "DerootBytes",
            ],
            path: "Sources/Fuzz", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
