import Kernels
import Masking

/// Pixels of one image as the reconstructor orders them: patch after patch in raster order, each (y, x, channel) (MAE's `patchify`).
struct PatchLayout {
  let grid: PatchGrid
  /// P.
  let side: Int
  let channels: Int

  private var patchLength: Int { side * side * channels }

  /// Where pixel (y, x, channel) of a patch lies in `[channels, rows · P, columns · P]`.
  private func planarIndex(patch: Int, y: Int, x: Int, channel: Int) -> Int {
    let width = grid.columns * side
    return (channel * grid.rows * side + patch / grid.columns * side + y) * width + patch % grid.columns * side + x
  }

  /// Calls `body(index among patches, index in the planar image)` for every number.
  private func eachPixel(of patch: Int, _ body: (Int, Int) -> Void) {
    var index = patch * patchLength
    for y in 0..<side {
      for x in 0..<side {
        for channel in 0..<channels {
          body(index, planarIndex(patch: patch, y: y, x: x, channel: channel))
          index += 1
        }
      }
    }
  }

  /// `[L, P·P·C]` from the planar image.
  func patches(of image: [Float]) -> [Float] {
    var result = [Float](repeating: 0, count: grid.count * patchLength)
    for patch in 0..<grid.count { eachPixel(of: patch) { result[$0] = image[$1] } }
    return result
  }

  /// Mean and standard deviation that a patch's targets were standardised with: 0 and 1 for plain ones.
  private func standardisation(of patch: ArraySlice<Float>, _ isStandardised: Bool) -> (mean: Double, deviation: Double) {
    guard isStandardised else { return (0, 1) }
    let mean = patch.reduce(0) { $0 + Double($1) } / Double(patch.count)
    let squares = patch.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (mean, (squares / Double(max(1, patch.count - 1)) + 1e-6).squareRoot())
  }

  /// The mean squared error of every patch, `L` numbers.
  func losses(of predicted: ArraySlice<Float>, given: [Float], targets: PixelTargets) -> [Float] {
    (0..<grid.count).map { patch in
      let range = patch * patchLength..<(patch + 1) * patchLength
      let (mean, deviation) = standardisation(of: given[range], targets == .standardisedPerPatch)
      let sum = range.reduce(0.0) { sum, index in
        let difference = Double(predicted[predicted.startIndex + index]) - (Double(given[index]) - mean) / deviation
        return sum + difference * difference
      }
      return Float(sum / Double(patchLength))
    }
  }

  /// The planar image with hidden patches as predicted and visible ones as given.
  func picture(of predicted: ArraySlice<Float>, given: [Float], mask: PatchMask, targets: PixelTargets) -> [Float] {
    var result = [Float](repeating: 0, count: given.count)
    for patch in 0..<grid.count {
      let range = patch * patchLength..<(patch + 1) * patchLength
      let (mean, deviation) = standardisation(of: given[range], targets == .standardisedPerPatch)
      eachPixel(of: patch) { index, planar in
        result[planar] =
          mask.values[patch] == 1 ? Float(Double(predicted[predicted.startIndex + index]) * deviation + mean) : given[index]
      }
    }
    return result
  }
}
