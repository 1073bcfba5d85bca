import Kernels
import Masking
import Tensors
import Testing
import VisionModels

/// What the modes make of single passes.
@Suite struct MapTests {
  private let configuration = ModelTwinTests.configuration
  private let grid = ModelTwinTests.configuration.grid
  private let model: HardPatchModel<OneDNNOperations>

  init() throws {
    model = try HardPatchModel(
      ModelTwinTests.configuration, lossPredictorRows: 48, reading: SeededParameters(),
      operations: OneDNNOperations(precision: .float32, threads: 1))
    try model.loadReconstructor(reading: SeededParameters())
  }

  private let masks = [
    PatchMask(grid: PatchGrid(rows: 3, columns: 3), values: [1, 1, 1, 0, 0, 0, 1, 1, 1]),
    PatchMask(grid: PatchGrid(rows: 3, columns: 3), values: [0, 1, 1, 1, 1, 1, 0, 0, 1]),
  ]

  @Test func `a masked average is the mean of centred predictions at hidden patches`() throws {
    let pixels = SeededParameters.pixels(images: 2, grid: grid, configuration: configuration)
    let maps = try model.maskedAverageMaps(pixels, masks: masks)
    for image in 0..<2 {
      let one = Array(pixels[image * pixels.count / 2..<(image + 1) * pixels.count / 2])
      let centred = try masks.map { mask in
        let values = try model.predictLoss(one.span, VisiblePatches(of: [mask]))
        let mean = zip(values, mask.values).reduce(Float(0)) { $0 + $1.0 * Float($1.1) } / Float(mask.maskedCount)
        return values.map { $0 - mean }
      }
      for patch in 0..<9 {
        let said = (0..<2).filter { masks[$0].values[patch] == 1 }.map { centred[$0][patch] }
        let expected = said.reduce(0, +) / Float(max(1, said.count))
        #expect(abs(maps[image * 9 + patch] - expected) < 1e-5)
      }
    }
  }

  @Test func `more images than one pass takes give the maps of each alone`() throws {
    let images = 170  // 160 of nine patches go into one pass
    let pixels = SeededParameters.pixels(images: images, grid: grid, configuration: configuration)
    let maps = try model.fullVisibleMaps(pixels, grid: grid)
    #expect(maps.count == images * 9)
    let length = pixels.count / images
    for image in [0, 159, 160, 169] {
      let alone = try model.fullVisibleMaps(Array(pixels[image * length..<(image + 1) * length]), grid: grid)
      #expect(zip(alone, maps[image * 9..<image * 9 + 9]).map { abs($0 - $1) }.max() ?? 1 < 1e-5)
    }
  }

  @Test(arguments: [PixelTargets.plain, .standardisedPerPatch])
  func `the true loss is zero where the reconstruction is the image`(targets: PixelTargets) throws {
    let image = SeededParameters.pixels(images: 1, grid: grid, configuration: configuration)
    let figure = try model.figure(of: image, masks: masks, targets: targets)
    #expect(figure.trueLoss.allSatisfy { $0 > 0 })
    let again = try model.figure(of: figure.pixels, masks: [masks[0]], targets: targets)
    // Visible patches stay as given, so the second encoding is the first's; hidden ones are now what the model predicts.
    for patch in 0..<9 {
      if masks[0].values[patch] == 1, targets == .plain { #expect(again.trueLoss[patch] < 1e-9) }
      if masks[0].values[patch] == 0 { #expect(again.trueLoss[patch] == 0) }
    }
    #expect(figure.maskedAverage == (try model.maskedAverageMaps(image, masks: masks)))
  }
}
