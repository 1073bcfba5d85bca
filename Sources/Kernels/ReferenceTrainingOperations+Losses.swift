import Tensors

extension ReferenceTrainingOperations {
  /// MAE adds this to a patch's variance before it standardises the patch.
  private static let varianceFloor = 1e-6

  package func gatherTargets(
    _ pixels: borrowing Span<Float>, _ selection: PatchSelection, _ targets: PixelTargets, into output: Matrix
  ) {
    selection.check(pixelCount: pixels.count, output: output)
    let side = selection.side
    let width = selection.gridColumns * side
    let plane = selection.gridRows * side * width
    for (row, patch) in selection.patches.enumerated() {
      let image = row / selection.patchesPerImage
      let (top, left) = (Int(patch) / selection.gridColumns * side, Int(patch) % selection.gridColumns * side)
      var values: [Double] = []
      for y in 0..<side {
        for x in 0..<side {
          for channel in 0..<selection.channels {
            values.append(Double(pixels[(image * selection.channels + channel) * plane + (top + y) * width + left + x]))
          }
        }
      }
      if targets == .standardisedPerPatch { values = Self.standardised(values) }
      for (column, value) in values.enumerated() { output[row * selection.patchLength + column] = Float(value) }
    }
  }

  private static func standardised(_ values: [Double]) -> [Double] {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(max(1, values.count - 1)) + varianceFloor).squareRoot()
    return values.map { ($0 - mean) / deviation }
  }

  package func squaredError(_ predicted: Matrix, target: Matrix, losses: Matrix, into gradient: Matrix) {
    checkLosses(predicted, target: target, losses: losses, gradient: gradient)
    let differences = zip(predicted.doubles, target.doubles).map { $0 - $1 }
    let width = predicted.columns
    losses.store(
      (0..<predicted.rows).map { row in
        differences[row * width..<(row + 1) * width].reduce(0) { $0 + $1 * $1 } / Double(width)
      })
    gradient.store(differences.map { 2 * $0 / Double(predicted.count) })
  }

  package func directionError(_ predicted: Matrix, target: Matrix, losses: Matrix, into gradient: Matrix) {
    checkLosses(predicted, target: target, losses: losses, gradient: gradient)
    let width = predicted.columns
    let (p, t) = (predicted.doubles, target.doubles)
    for row in 0..<predicted.rows {
      let range = row * width..<(row + 1) * width
      let length = p[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
      let targetLength = t[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
      let cosine = range.reduce(0) { $0 + p[$1] * t[$1] } / (length * targetLength)
      losses[row] = Float(2 - 2 * cosine)
      for index in range {
        gradient[index] = Float(2 * (p[index] / length * cosine - t[index] / targetLength) / (length * Double(predicted.rows)))
      }
    }
  }
}
