// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is compiled with: Swift 6 concurrency checking, explicit `any`, imports that say what they use and for whom, no warnings.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

/// A room of the house: a folder under `Sources`, importing only what it names.
func room(_ name: String, imports: [Target.Dependency] = [], linking libraries: [String] = []) -> Target {
  .target(name: name, dependencies: imports, swiftSettings: strict, linkerSettings: libraries.map { .linkedLibrary($0) })
}

/// The tests of a room: `Tests/<Room>Tests`.
func tests(of room: String, imports: [Target.Dependency] = []) -> Target {
  .testTarget(name: "\(room)Tests", dependencies: [.byName(name: room), "TestSupport"] + imports, swiftSettings: strict)
}

let package = Package(
  name: "hpm",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .target(
      name: "CKernels",
      linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("gomp"), .linkedLibrary("m")]),
    room("Tensors"),
    room("Kernels", imports: ["CKernels", "Tensors"]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
    room("Checkpoints", imports: ["COpenSSL", "CZlib", "Tensors"]),
    .target(
      name: "CImages",
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("turbojpeg"), .linkedLibrary("webp"), .linkedLibrary("webpdemux")]),
    room("Images", imports: ["CImages"]),
    room("Masking", imports: ["Tensors"]),
    room("VisionModels", imports: ["Checkpoints", "Kernels", "Masking", "Tensors"]),
    .systemLibrary(name: "CArchive", pkgConfig: "libarchive"),
    room("Training", imports: ["CArchive", "Checkpoints", "Images", "Kernels", "Masking", "Tensors", "VisionModels"]),
    room("Evaluation", imports: ["Checkpoints", "Images", "Kernels", "Masking", "Tensors", "Training", "VisionModels"]),
    .executableTarget(
      name: "hpm",
      dependencies: [
        "Checkpoints", "Evaluation", "HTTP", "Images", "Jobs", "Kernels", "Masking", "Service", "Tensors", "Training", "VisionModels",
        .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .systemLibrary(name: "CLinux"),
    room("Jobs", imports: ["CArchive", "CLinux", .product(name: "GRDB", package: "GRDB.swift")]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl"),
    room("HTTP", imports: ["CLinux", "COpenSSL", "CZlib", .product(name: "HTTPTypes", package: "swift-http-types")]),
    room(
      "Service",
      imports: [
        "COpenSSL", "Checkpoints", "Evaluation", "HTTP", "Images", "Jobs", "Kernels", "Masking", "Tensors", "Training", "VisionModels",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    room("TestSupport", imports: ["Tensors"]),
    tests(of: "Tensors"),
    tests(of: "Kernels", imports: ["Tensors"]),
    tests(of: "Checkpoints", imports: ["Tensors"]),
    tests(of: "Images", imports: ["Tensors"]),
    tests(of: "Masking", imports: ["Tensors"]),
    tests(of: "Jobs", imports: ["CArchive", "CZlib", "Tensors", .product(name: "GRDB", package: "GRDB.swift")]),
    tests(of: "HTTP", imports: ["COpenSSL", "CZlib", "Tensors", .product(name: "HTTPTypes", package: "swift-http-types")]),
    tests(
      of: "Service",
      imports: [
        "Checkpoints", "HTTP", "Images", "Jobs", "Masking", "Tensors", .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    tests(of: "Evaluation", imports: ["Checkpoints", "Images", "Kernels", "Masking", "Tensors", "Training", "VisionModels"]),
    tests(of: "Training", imports: ["CArchive", "Checkpoints", "Images", "Kernels", "Masking", "Tensors", "VisionModels"]),
    tests(of: "VisionModels", imports: ["Checkpoints", "Kernels", "Masking", "Tensors"]),
    .testTarget(name: "EndToEndTests", dependencies: ["hpm", "Images", "Kernels", "Tensors", "TestSupport"], swiftSettings: strict),
  ]
)

// libFuzzer's runtime is linked to this one by `Scripts/fuzz`; nothing else needs it.
if Context.environment["HPM_FUZZING"] != nil {
  package.targets += [
    .systemLibrary(name: "CFuzzer", path: "Tests/Fuzzing/CFuzzer"),
    .executableTarget(
      name: "Fuzzer",
      dependencies: [
        "CFuzzer", "Checkpoints", "HTTP", "Images", "Jobs", "Service", "Tensors", "Training",
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ],
      path: "Tests/Fuzzing/Fuzzer", swiftSettings: strict),
  ]
}
