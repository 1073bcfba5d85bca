/// What an operation of a training step is counted under.
package enum OperationKind: String, CaseIterable, Sendable {
  case linear = "linear, forward"
  case linearGELU = "linear and GELU, forward"
  case inputGradient = "input gradient"
  case hiddenGradient = "input gradient through GELU"
  case weightGradient = "weight gradient"
  case biasGradient = "bias gradient"
  case attention = "attention, forward"
  case attentionGradient = "attention, backward"
  case norm = "layer norm, forward"
  case normGradient = "layer norm, backward"
  case tokens = "patches and tokens"
  case losses = "targets and losses"
  case gradientNorm = "norm of the gradient"
  case optimizer = "AdamW and average"
}

/// A matrix product that a step made: c `[rows, columns]` = a `[rows, depth]` b `[depth, columns]`.
package struct ProductShape: Hashable, Sendable {
  package let rows: Int
  package let depth: Int
  package let columns: Int

  package init(rows: Int, depth: Int, columns: Int) {
    self.rows = rows
    self.depth = depth
    self.columns = columns
  }

  /// Floating-point operations of one.
  package var operations: Double { 2 * Double(rows) * Double(depth) * Double(columns) }
}

/// The time that operations took, and what they did in it.
package struct OperationMeasure: Sendable {
  package private(set) var seconds: [OperationKind: Double] = [:]
  /// Floating-point operations of attention; those of products follow from their shapes.
  package private(set) var attentionOperations: [OperationKind: Double] = [:]
  /// The products of a kind, and how many of each shape.
  package private(set) var products: [OperationKind: [ProductShape: Int]] = [:]

  package init() {}

  /// Floating-point operations of a kind; zero for those that are bound by memory.
  package func operations(of kind: OperationKind) -> Double {
    products[kind, default: [:]].reduce(attentionOperations[kind] ?? 0) { $0 + Double($1.value) * $1.key.operations }
  }

  mutating func add(_ kind: OperationKind, seconds: Double) { self.seconds[kind, default: 0] += seconds }

  mutating func add(_ kind: OperationKind, _ product: ProductShape) { products[kind, default: [:]][product, default: 0] += 1 }

  mutating func add(_ kind: OperationKind, attentionOperations operations: Double) { attentionOperations[kind, default: 0] += operations }
}
