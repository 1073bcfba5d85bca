import Tensors

extension LinearParameters {
  /// Traps where `input [rows, inputs]` and `output [rows, outputs]` (or their gradients) are not so.
  func check(input: Matrix, output: Matrix) {
    precondition(
      input.columns == inputs && output.columns == outputs && input.rows == output.rows,
      "linear \(inputs)→\(outputs): \(input.rows)×\(input.columns) and \(output.rows)×\(output.columns)")
  }
}

extension LinearParameters {
  /// Traps where `input [rows, inputs]` and `output [rows, 1]` (or their gradients) are not so.
  func checkMean(input: Matrix, output: Matrix) {
    precondition(
      input.columns == inputs && output.columns == 1 && input.rows == output.rows,
      "mean output of \(inputs)→\(outputs): \(input.rows)×\(input.columns) and \(output.rows)×\(output.columns)")
  }
}

extension TokenPlacement {
  /// Traps where the gradients do not fit the placement.
  func check(source: Matrix, filler: Int, output: Matrix) {
    precondition(
      source.columns == output.columns && filler == output.columns && output.rows == sourceRows.count,
      "placing \(sourceRows.count) tokens of \(source.columns) into \(output.rows)×\(output.columns)")
    precondition(sourceRows.allSatisfy { Int($0) < source.rows }, "a token outside \(source.rows) rows")
  }
}

extension LayerNormParameters {
  /// Traps where the matrices or the statistics do not fit the parameters.
  func check(_ first: Matrix, _ second: Matrix, statistics: Matrix?) {
    precondition(
      first.rows == second.rows && first.columns == scale.count && second.columns == scale.count,
      "layerNorm: \(first.rows)×\(first.columns) and \(second.rows)×\(second.columns), \(scale.count) scales")
    if let statistics {
      precondition(
        statistics.rows == first.rows && statistics.columns == 2,
        "statistics of \(first.rows) rows in \(statistics.rows)×\(statistics.columns)")
    }
  }
}

extension AttentionShape {
  /// Traps where the output, the gradient or the kept logarithms do not fit.
  func check(_ queryKeyValue: Matrix, output: Matrix, logSumExp: Matrix?, heads: Int) {
    precondition(
      output.rows == queryKeyValue.rows && output.columns == width && output.type == queryKeyValue.type,
      "attention: \(queryKeyValue.rows)×\(queryKeyValue.columns) and \(output.rows)×\(output.columns)")
    if let logSumExp {
      precondition(
        logSumExp.rows * tokens == queryKeyValue.rows * heads && logSumExp.columns == tokens,
        "logarithms of \(heads) heads of \(queryKeyValue.rows) rows in \(logSumExp.rows)×\(logSumExp.columns)")
    }
  }
}

/// Traps where the matrices of a reconstruction loss do not fit each other.
func checkLosses(_ predicted: Matrix, target: Matrix, losses: Matrix, gradient: Matrix) {
  predicted.checkShape(of: target, "a reconstruction loss")
  predicted.checkShape(of: gradient, "a reconstruction loss")
  precondition(losses.rows == predicted.rows && losses.columns == 1, "\(losses.rows)×\(losses.columns) losses of \(predicted.rows) rows")
}

extension Matrix {
  /// Traps where the other matrix has another shape.
  func checkShape(of other: Matrix, _ operation: String) {
    precondition(
      rows == other.rows && columns == other.columns, "\(operation): \(rows)×\(columns) and \(other.rows)×\(other.columns)")
  }

  /// Traps where the type is not `type`.
  func check(_ type: ElementType, _ operation: String) {
    precondition(self.type == type, "\(operation) needs \(type.rawValue), got \(self.type.rawValue)")
  }
}

/// Traps where a row of `rows` is not one of `matrix`, or there are not as many as `selected` has rows.
func checkSelection(_ rows: [Int32], of matrix: Matrix, selected: Matrix) {
  precondition(
    selected.rows == rows.count && selected.columns == matrix.columns && selected.type == matrix.type,
    "\(rows.count) rows of \(matrix.rows)×\(matrix.columns) as \(selected.rows)×\(selected.columns)")
  precondition(rows.allSatisfy { $0 >= 0 && Int($0) < matrix.rows }, "a row outside \(matrix.rows)")
}

extension ParameterArena {
  /// Traps where a step cannot be taken on the groups.
  func check(_ groups: [ParameterGroup], average: MovingAverage?) {
    precondition(contents.isSuperset(of: [.gradients, .moments]), "an optimizer step on an arena without gradients or moments")
    precondition(
      groups.allSatisfy { $0.range.lowerBound >= 0 && $0.range.upperBound <= count }, "a group outside an arena of \(count)")
    if let average { precondition(average.arena.count == count, "an average of \(average.arena.count) parameters of \(count)") }
  }
}
