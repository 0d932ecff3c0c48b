// swift-tools-version: 6.2
import PackageDescription

// The rooms of the house, lowest first; ARCHITECTURE.md says what may import what and why.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "deroot",
    products: [
        .executable(name: "deroot", targets: ["DerootTool"]),
        .library(name: "Deroot", targets: ["Deroot"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CZlib", path: "Sources/C/CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "CZstd", path: "Sources/C/CZstd", pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(
            name: "CCrypto", path: "Sources/C/CCrypto", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),
        .systemLibrary(
            name: "CArchive", path: "Sources/C/CArchive", pkgConfig: "libarchive",
            providers: [.apt(["libarchive-dev"]), .brew(["libarchive"])]),
        .systemLibrary(
            name: "CCurl", path: "Sources/C/CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        .systemLibrary(
            name: "CYAML", path: "Sources/C/CYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        .systemLibrary(name: "CSystem", path: "Sources/C/CSystem"),
        .target(name: "CDeflate", path: "Sources/C/CDeflate"),
        .target(name: "CDigest", path: "Sources/C/CDigest"),
        .target(
            name: "DerootBytes",
            dependencies: ["CDeflate", "CDigest", "CSystem", "CZlib", "CZstd", "CCrypto"],
            swiftSettings: strict),
        .target(name: "DerootOCI", dependencies: ["DerootBytes"], swiftSettings: strict),
        .target(
            name: "DerootTar", dependencies: ["DerootBytes", "CArchive"], swiftSettings: strict),
        .target(
            name: "DerootStore", dependencies: ["DerootOCI", "DerootTar", "DerootBytes"],
            swiftSettings: strict),
        .target(
            name: "DerootRegistry",
            dependencies: [
                "DerootStore", "DerootOCI", "DerootBytes", "CCurl",
                .product(name: "TOMLKit", package: "TOMLKit"),
            ],
            swiftSettings: strict),
        .target(
            name: "DerootCore",
            dependencies: [
                "DerootStore", "DerootTar", "DerootOCI", "DerootBytes",
                "CYAML",
            ],
            resources: [.embedInCode("Recipes/BuiltIn")],
            swiftSettings: strict),
        .target(
            name: "DerootReport", dependencies: ["DerootCore", "DerootOCI", "DerootBytes"],
            swiftSettings: strict),
        .target(
            name: "DerootMirror",
            dependencies: [
                "DerootReport", "DerootCore", "DerootRegistry", "DerootStore", "DerootTar",
                "DerootOCI", "DerootBytes",
            ],
            swiftSettings: strict),
        .target(
            name: "DerootCLI",
            dependencies: [
                "DerootMirror", "DerootReport", "DerootCore", "DerootRegistry", "DerootStore",
                "DerootTar",
                "DerootOCI", "DerootBytes",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        // What other programs import; everything below is `package` and may change at any time.
        .target(
            name: "Deroot",
            dependencies: [
                "DerootCore", "DerootRegistry", "DerootStore", "DerootTar", "DerootOCI",
                "DerootBytes",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "DerootTool",
            dependencies: [
                "DerootCLI", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .target(name: "CThreadOrder", path: "Tests/ThreadOrder"),
        .target(
            name: "DerootTestSupport",
            dependencies: ["CThreadOrder", "DerootStore", "DerootTar", "DerootOCI", "DerootBytes"],
            path: "Tests/Support", swiftSettings: strict),
        .target(
            name: "DerootRegistryTestSupport",
            dependencies: ["DerootRegistry", "DerootOCI", "DerootBytes"],
            path: "Tests/RegistrySupport", swiftSettings: strict),
        .target(
            name: "DerootFaultServer", dependencies: ["DerootOCI", "DerootBytes"],
            path: "Tests/FaultServer", swiftSettings: strict),
        .testTarget(
            name: "DerootBytesTests", dependencies: ["DerootBytes", "CZlib", "CZstd"],
            swiftSettings: strict),
        .testTarget(
            name: "DerootOCITests", dependencies: ["DerootOCI", "DerootBytes"],
            swiftSettings: strict),
        .testTarget(
            name: "DerootTarTests",
            dependencies: ["DerootTestSupport", "DerootTar", "DerootBytes"],
            swiftSettings: strict),
        .testTarget(
            name: "DerootStoreTests",
            dependencies: ["DerootStore", "DerootOCI", "DerootTar", "DerootBytes"],
            swiftSettings: strict),
        .testTarget(
            name: "DerootRegistryTests",
            dependencies: [
                "DerootRegistryTestSupport", "DerootTestSupport", "DerootFaultServer",
                "DerootRegistry", "DerootCore", "DerootStore", "DerootOCI", "DerootBytes",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DerootMirrorTests",
            dependencies: [
                "DerootRegistryTestSupport", "DerootTestSupport", "DerootMirror", "DerootCore",
                "DerootRegistry", "DerootStore", "DerootOCI", "DerootBytes",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DerootCoreTests",
            dependencies: [
                "DerootTestSupport", "DerootCore", "DerootStore", "DerootTar", "DerootOCI",
                "DerootBytes",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DerootTests", dependencies: ["DerootTestSupport", "Deroot", "DerootBytes"],
            swiftSettings: strict),
        .testTarget(
            name: "DerootReportTests",
            dependencies: [
                "DerootTestSupport", "DerootReport", "DerootCore", "DerootStore", "DerootTar",
                "DerootOCI", "DerootBytes",
            ],
            swiftSettings: strict),
    ]
)
