package import Masking

/// What ranks an image's patches without a model: whoever predicts losses has to beat these.
package enum PatchRanker: String, CaseIterable, Sendable {
  /// The variance of a patch's P·P·C normalised pixels about their common mean.
  case patchVariance = "patch_variance"
  /// The mean of the squared differences between a pixel and its neighbour to the right, and the one below, within the patch and channel by
  /// channel; 0 for patches of one pixel.
  case gradientEnergy = "gradient_energy"
  /// Minus the distance, in patches, between the centres of patch and image.
  case centrePrior = "centre_prior"

  /// One score a patch in raster order, higher where the patch should be harder.
  ///
  /// - Parameter image: `[C, rows · P, columns · P]`, normalised.
  package func scores(of image: [Float], grid: PatchGrid, patchSize: Int) -> [Float] {
    let pixels = PatchPixels(image: image, grid: grid, side: patchSize)
    return (0..<grid.count).map { patch in
      switch self {
      case .patchVariance: pixels.variance(of: patch)
      case .gradientEnergy: pixels.gradientEnergy(of: patch)
      case .centrePrior: Self.centrality(of: patch, grid: grid)
      }
    }
  }

  private static func centrality(of patch: Int, grid: PatchGrid) -> Float {
    let down = Double(patch / grid.columns) - Double(grid.rows - 1) / 2
    let across = Double(patch % grid.columns) - Double(grid.columns - 1) / 2
    return Float(-(down * down + across * across).squareRoot())
  }
}

/// An image's pixels, patch by patch.
private struct PatchPixels {
  let image: [Float]
  let grid: PatchGrid
  let side: Int
  private let channels: Int

  init(image: [Float], grid: PatchGrid, side: Int) {
    channels = image.count / (grid.count * side * side)
    precondition(
      channels > 0 && image.count == channels * grid.count * side * side, "\(image.count) numbers for \(grid) patches of \(side) pixels")
    self.image = image
    self.grid = grid
    self.side = side
  }

  /// Where a line of a patch begins.
  private func start(_ patch: Int, channel: Int, y: Int) -> Int {
    let line = (channel * grid.rows + patch / grid.columns) * side + y
    return (line * grid.columns + patch % grid.columns) * side
  }

  func variance(of patch: Int) -> Float {
    var sum = 0.0
    var squares = 0.0
    for channel in 0..<channels {
      for y in 0..<side {
        let start = start(patch, channel: channel, y: y)
        for value in image[start..<start + side] {
          sum += Double(value)
          squares += Double(value) * Double(value)
        }
      }
    }
    let count = Double(channels * side * side)
    return Float(squares / count - (sum / count) * (sum / count))
  }

  func gradientEnergy(of patch: Int) -> Float {
    guard side > 1 else { return 0 }
    let width = grid.columns * side
    var sum = 0.0
    for channel in 0..<channels {
      for y in 0..<side {
        let start = start(patch, channel: channel, y: y)
        for index in start..<start + side {
          let here = Double(image[index])
          if index + 1 < start + side { sum += (Double(image[index + 1]) - here) * (Double(image[index + 1]) - here) }
          if y + 1 < side { sum += (Double(image[index + width]) - here) * (Double(image[index + width]) - here) }
        }
      }
    }
    return Float(sum / Double(2 * channels * side * (side - 1)))
  }
}
