import Kernels
import Masking
import Tensors
import Testing
import VisionModels

/// The whole network on the fast operations beside the same network on their plain twins.
@Suite struct ModelTwinTests {
  static let configuration = ModelConfiguration(
    patchSize: 4, grid: PatchGrid(rows: 3, columns: 3),
    encoder: TransformerConfiguration(width: 24, depth: 2, heads: 3, hiddenWidth: 40),
    decoder: TransformerConfiguration(width: 16, depth: 1, heads: 2, hiddenWidth: 64))

  @Test(arguments: [PatchGrid(rows: 3, columns: 3), PatchGrid(rows: 2, columns: 5)])
  func `predicts what its twin predicts, on the trained grid and another`(grid: PatchGrid) throws {
    let pixels = SeededParameters.pixels(images: 2, grid: grid, configuration: Self.configuration)
    let fast = try model(OneDNNOperations(precision: .float32, threads: 2))
    let plain = try model(ReferenceOperations())
    let visible = VisiblePatches.all(of: grid, images: 2)
    let difference = zip(try fast.predictLoss(pixels.span, visible), try plain.predictLoss(pixels.span, visible)).map { abs($0 - $1) }
    #expect(difference.count == 2 * grid.count)
    #expect(try #require(difference.max()) < 1e-5)
  }

  @Test func `an image's map does not depend on the batch it is in`() throws {
    let grid = Self.configuration.grid
    let pixels = SeededParameters.pixels(images: 5, grid: grid, configuration: Self.configuration)
    let fast = try model(OneDNNOperations(precision: .float32, threads: 2))
    let together = try fast.predictLoss(pixels.span, .all(of: grid, images: 5))
    let perImage = pixels.count / 5
    for image in 0..<5 {
      let alone = Array(pixels[image * perImage..<(image + 1) * perImage])
      let map = try fast.predictLoss(alone.span, .all(of: grid, images: 1))
      let difference = zip(map, together[image * grid.count..<(image + 1) * grid.count]).map { abs($0 - $1) }.max() ?? 1
      #expect(difference < 1e-5)
    }
  }

  @Test func `after the first pass no more activation memory is taken`() throws {
    let grid = Self.configuration.grid
    let pixels = SeededParameters.pixels(images: 2, grid: grid, configuration: Self.configuration)
    let fast = try model(OneDNNOperations(precision: .float32, threads: 1))
    for _ in 0..<2 { _ = try fast.predictLoss(pixels.span, .all(of: grid, images: 2)) }
    let held = fast.activationBytes
    for _ in 0..<5 { _ = try fast.predictLoss(pixels.span, .all(of: grid, images: 2)) }
    #expect(fast.activationBytes == held)
  }

  @Test func `both decoders agree with their twins under a mask`() throws {
    let grid = Self.configuration.grid
    let pixels = SeededParameters.pixels(images: 1, grid: grid, configuration: Self.configuration)
    let visible = VisiblePatches(of: [PatchMask(grid: grid, values: [1, 0, 1, 1, 0, 1, 0, 1, 1])])
    let fast = try model(OneDNNOperations(precision: .float32, threads: 2))
    let plain = try model(ReferenceOperations())
    try fast.loadReconstructor(reading: SeededParameters())
    try plain.loadReconstructor(reading: SeededParameters())
    let (found, expected) = (try fast.reconstruct(pixels.span, visible), try plain.reconstruct(pixels.span, visible))
    let patches = zip(found.patches, expected.patches).map { abs($0 - $1) }.max() ?? 1
    let losses = zip(try #require(found.predictedLoss), try #require(expected.predictedLoss)).map { abs($0 - $1) }.max() ?? 1
    #expect(found.patches.count == 9 * 48)
    #expect(patches < 1e-5 && losses < 1e-5)
    let attention = zip(
      try fast.classAttention(pixels.span, grid: grid, images: 1), try plain.classAttention(pixels.span, grid: grid, images: 1))
    #expect(attention.map { abs($0 - $1) }.max() ?? 1 < 1e-6)
  }

  private func model<Operations: OperationSet>(_ operations: Operations) throws -> HardPatchModel<Operations> {
    try HardPatchModel(Self.configuration, lossPredictorRows: 48, reading: SeededParameters(), operations: operations)
  }
}

/// Weights that depend on a parameter's name and nothing else.
struct SeededParameters: ParameterSource {
  func hasParameter(_ name: String) -> Bool { true }

  func readParameter(_ name: String, into destination: inout MutableSpan<Float>) throws {
    var random = SplitMix64(seed: name.utf8.reduce(0) { ($0 &* 31) &+ UInt64($1) })
    for index in 0..<destination.count { destination[index] = (random.nextUnitFloat() - 0.5) * 0.6 }
  }

  static func pixels(images: Int, grid: PatchGrid, configuration: ModelConfiguration) -> [Float] {
    var random = SplitMix64(seed: 11)
    return (0..<images * grid.count * configuration.patchLength).map { _ in random.nextUnitFloat() * 2 - 1 }
  }
}
