import Checkpoints
import Foundation
import Kernels
import Masking
import Tensors
import TestSupport
import Testing
import VisionModels

/// Features beside those of PyTorch's models of the same layouts (`Tests/Fixtures/towers/make.py`).
@Suite struct FeatureTowerTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let file: String
    let golden: String
    let resizing: PositionResizing
    var weights = Checkpoint.WeightChoice.automatic
    var testDescription: String { golden }
  }

  private static let trainedGrid = PatchGrid(rows: 4, columns: 4)
  private static let otherGrid = PatchGrid(rows: 6, columns: 5)
  private static let cases = [
    Case(file: "timm.pth", golden: "timm", resizing: .antialiased), Case(file: "dino.pth", golden: "dino", resizing: .offset),
    Case(file: "dino-full.pth", golden: "dino", resizing: .offset),
    Case(file: "dino-full.pth", golden: "dino-student", resizing: .offset, weights: .student),
    Case(file: "clip.pt", golden: "clip", resizing: .antialiased),
  ]

  private func floats(_ name: String) throws -> [Float] {
    try #require(NumPyFile.parse([UInt8](Data(contentsOf: Fixtures.file("towers/\(name).npy")))).floats)
  }

  private func tower<Operations: OperationSet>(_ file: Case, _ operations: Operations) throws -> FeatureTower<Operations> {
    let checkpoint = try Checkpoint.open(Fixtures.file("towers/\(file.file)").path, weights: file.weights)
    let architecture = try TowerArchitecture(of: checkpoint, heads: 2)
    let configuration = try #require(TowerConfiguration(architecture, resizing: file.resizing))
    return try FeatureTower(configuration, reading: CheckpointParameters(checkpoint), operations: operations)
  }

  private func greatestDifference(_ found: [Float], _ expected: [Float]) -> Float {
    found.count == expected.count ? zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity : .infinity
  }

  @Test(arguments: cases)
  func `tokens equal PyTorch's on the trained grid`(file: Case) throws {
    let (images, expected) = (try floats("images"), try floats(file.golden))
    let fast = try tower(file, OneDNNOperations(precision: .float32, threads: 2))
    #expect(greatestDifference(try fast.features(images.span, grid: Self.trainedGrid, images: 2).floats, expected) < 1e-5)
    let plain = try tower(file, ReferenceOperations())
    #expect(greatestDifference(try plain.features(images.span, grid: Self.trainedGrid, images: 2).floats, expected) < 1e-5)
  }

  @Test(arguments: cases.filter { $0.weights == .automatic })
  func `on another grid the position table is resized as the family does it`(file: Case) throws {
    let (images, expected) = (try floats("other-images"), try floats("\(file.golden)-other"))
    let tower = try tower(file, OneDNNOperations(precision: .float32, threads: 2))
    #expect(greatestDifference(try tower.features(images.span, grid: Self.otherGrid, images: 2).floats, expected) < 1e-5)
  }

  @Test func `more images than one pass takes give the features of each alone`() throws {
    let images = try floats("images")
    let tower = try tower(Self.cases[4], OneDNNOperations(precision: .float32, threads: 1))
    let many = 200  // 94 of 17 tokens go into one pass
    let repeated = Array(repeatElement(images, count: many / 2).joined())
    let once = try tower.features(images.span, grid: Self.trainedGrid, images: 2).floats
    let features = try tower.features(repeated.span, grid: Self.trainedGrid, images: many).floats
    #expect(greatestDifference(features, Array(repeatElement(once, count: many / 2).joined())) < 1e-5)
  }

  @Test func `after the first passes no more activation memory is taken`() throws {
    let images = try floats("images")
    let tower = try tower(Self.cases[4], OneDNNOperations(precision: .float32, threads: 1))
    for _ in 0..<2 { _ = try tower.features(images.span, grid: Self.trainedGrid, images: 2) }
    let held = tower.activationBytes
    for _ in 0..<3 { _ = try tower.features(images.span, grid: Self.trainedGrid, images: 2) }
    #expect(tower.activationBytes == held && held > 0)
  }

  @Test(arguments: [PositionResizing.antialiased, .offset])
  func `resizing keeps the class token, and a table that is the same everywhere`(resizing: PositionResizing) {
    let (from, to) = (PatchGrid(rows: 5, columns: 3), PatchGrid(rows: 2, columns: 9))
    let patch: [Float] = [0.5, -2]
    let table = [7, 8] + Array(repeatElement(patch, count: 15).joined())
    let resized = resizing.resize(table, from: from, to: to, width: 2)
    #expect(resized.count == 2 * 19 && Array(resized[..<2]) == [7, 8])
    #expect(greatestDifference(Array(resized[2...]), Array(repeatElement(patch, count: 18).joined())) < 1e-6)
  }

  @Test func `a tower whose patches make no square grid is none`() throws {
    let checkpoint = try Checkpoint.open(Fixtures.file("towers/timm.pth").path)
    let architecture = try TowerArchitecture(of: checkpoint, heads: 2)
    #expect(TowerConfiguration(architecture, resizing: .antialiased)?.trainedGrid == Self.trainedGrid)
    #expect(TowerConfiguration(architecture, grid: PatchGrid(rows: 3, columns: 5), resizing: .antialiased) == nil)
  }
}
