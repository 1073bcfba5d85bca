import Tensors

/// The extents of an attention call, checked.
struct AttentionShape {
  let tokens: Int
  let width: Int

  init(_ queryKeyValue: Matrix, sequences: Int, heads: Int) {
    precondition(
      sequences > 0 && queryKeyValue.rows % sequences == 0 && queryKeyValue.columns % (3 * heads) == 0,
      "attention over \(queryKeyValue.rows)×\(queryKeyValue.columns) in \(sequences) sequences and \(heads) heads")
    tokens = queryKeyValue.rows / sequences
    width = queryKeyValue.columns / 3
  }
}

extension PatchSelection {
  /// Floats in one patch.
  package var patchLength: Int { channels * side * side }

  /// Traps where the pixels, the patches or the output do not fit each other.
  func check(pixelCount: Int, output: Matrix) {
    let images = patches.count / patchesPerImage
    precondition(
      pixelCount == images * gridRows * gridColumns * patchLength,
      "\(pixelCount) pixels for \(images) images of \(gridRows)×\(gridColumns) patches of \(patchLength)")
    precondition(
      output.rows == patches.count && output.columns == patchLength, "\(patches.count) patches into \(output.rows)×\(output.columns)")
    precondition(patches.allSatisfy { $0 >= 0 && Int($0) < gridRows * gridColumns }, "a patch outside \(gridRows)×\(gridColumns)")
  }
}

extension TokenPlacement {
  /// Traps where a row is named that is not there.
  func check(source: Matrix, filler: Int, positions: Int, output: Matrix) {
    let width = output.columns
    precondition(
      source.columns == width && filler == width && positions % width == 0 && output.rows == sourceRows.count,
      "placing \(sourceRows.count) tokens of \(source.columns) into \(output.rows)×\(width)")
    let places = positions / width
    precondition(
      sourceRows.allSatisfy { Int($0) < source.rows } && positionRows.allSatisfy { $0 >= 0 && Int($0) < places },
      "a token or position outside \(source.rows) rows and \(places) places")
  }
}
