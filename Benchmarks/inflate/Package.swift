// swift-tools-version: 6.2
import PackageDescription

// The byte room as it is, through links, so that what is `package` there can be measured.
let package = Package(
    name: "inflate-bench",
    targets: [
        .systemLibrary(name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib"),
        .systemLibrary(name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd"),
        .systemLibrary(name: "CCrypto", path: "Sources/CCrypto", pkgConfig: "libcrypto"),
        .systemLibrary(name: "CSystem", path: "Sources/CSystem"),
        .target(name: "CDeflate", path: "Sources/CDeflate"),
        .target(name: "CDigest", path: "Sources/CDigest"),
        .target(
            name: "DerootBytes",
            dependencies: ["CDeflate", "CDigest", "CSystem", "CZlib", "CZstd", "CCrypto"],
            swiftSettings: [
                .enableUpcomingFeature("InternalImportsByDefault"), .strictMemorySafety(),
            ]),
        .executableTarget(
            name: "inflate-bench", dependencies: ["DerootBytes", "CDeflate", "CZlib"]),
    ],
    swiftLanguageModes: [.v6]
)
