// swift-tools-version: 6.1
// Two HTTP servers of others that answer GET /mask with given bytes, for Benchmarks/peers/mask.py.
import PackageDescription

let package = Package(
  name: "FixedAnswer",
  platforms: [.macOS(.v14)],
  dependencies: [
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.0.0"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.0"),
  ],
  targets: [
    .executableTarget(
      name: "FixedAnswer",
      dependencies: [.product(name: "Hummingbird", package: "hummingbird"), .product(name: "FlyingFox", package: "FlyingFox")])
  ])
