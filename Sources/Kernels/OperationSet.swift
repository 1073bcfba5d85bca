package import Tensors

/// What happens to a linear layer's sums before they are stored.
package enum Epilogue: CaseIterable, Sendable {
  /// output = x Wᵀ + b
  case store
  /// output = gelu(x Wᵀ + b), with the exact error function
  case gelu
  /// output = y · σ(1.702 y), y = x Wᵀ + b: CLIP's approximation of it
  case quickGELU
  /// output ← output + x Wᵀ + b, the residual connection
  case addToOutput
}

/// Where the tokens that a pass places come from, row by row of its output.
package struct TokenPlacement: Sendable {
  /// For each output row the source row copied there, or −1 for the filler (a class or mask token).
  package let sourceRows: [Int32]
  /// For each output row the row of the position table added to it.
  package let positionRows: [Int32]

  package init(sourceRows: [Int32], positionRows: [Int32]) {
    precondition(sourceRows.count == positionRows.count, "\(sourceRows.count) source rows, \(positionRows.count) position rows")
    self.sourceRows = sourceRows
    self.positionRows = positionRows
  }
}

/// Images' pixels `[images, channels, grid.rows · side, grid.columns · side]` and which patches of them are wanted.
package struct PatchSelection: Sendable {
  package let channels: Int
  package let gridRows: Int
  package let gridColumns: Int
  /// Pixels on a patch's side.
  package let side: Int
  /// Patch indices in raster order, `patchesPerImage` for each image, images one after another.
  package let patches: [Int32]
  package let patchesPerImage: Int

  package init(channels: Int, gridRows: Int, gridColumns: Int, side: Int, patches: [Int32], patchesPerImage: Int) {
    precondition(patchesPerImage > 0 && patches.count % patchesPerImage == 0, "\(patches.count) patches, \(patchesPerImage) an image")
    self.channels = channels
    self.gridRows = gridRows
    self.gridColumns = gridColumns
    self.side = side
    self.patches = patches
    self.patchesPerImage = patchesPerImage
  }
}

/// The operations of a vision transformer, as one kind of processor does them.
///
/// Models are written against this set and never against a library, so that another processor is another set. Every operation
/// works on matrices of an ``ActivationArena``; none allocates one. ``ReferenceOperations`` is the plain twin that tests compare with.
package protocol OperationSet {
  /// A linear layer's weights in the form this set multiplies fastest.
  associatedtype LinearWeights

  /// How weights and activations between layers are stored; the residual stream is float32 always.
  var precision: Precision { get }

  /// Takes a layer's weights: `fill` is handed room for `[outputs, inputs]` weights and `[outputs]` biases, which are then packed.
  /// `typicalRows` is about how many rows a call will have.
  func makeLinear(
    inputs: Int, outputs: Int, typicalRows: Int, fill: (inout MutableSpan<Float>, inout MutableSpan<Float>) throws -> Void
  ) throws -> LinearWeights

  /// `output [rows, outputs]` from `input [rows, inputs]`.
  func linear(_ input: Matrix, _ weights: LinearWeights, _ epilogue: Epilogue, into output: Matrix) throws(KernelError)

  /// Each row of the float32 matrix to zero mean and unit (biased) variance, times `scale`, plus `shift`.
  func layerNorm(_ input: Matrix, scale: borrowing Buffer<Float>, shift: borrowing Buffer<Float>, epsilon: Float, into output: Matrix)

  /// Softmax attention over each of `sequences` runs of equally many rows `[query | key | value]`, heads splitting the width evenly,
  /// scores divided by the square root of a head's width. `output [rows, width]`.
  func attention(_ queryKeyValue: Matrix, sequences: Int, heads: Int, into output: Matrix) throws(KernelError)

  /// What each sequence's first token attends to among the others, averaged over heads: `sequences · (tokens − 1)` numbers.
  func classAttention(_ queryKeyValue: Matrix, sequences: Int, heads: Int) -> [Float]

  /// Selected patches as rows, pixels ordered (channel, y, x), the order of a flattened convolution kernel.
  func gatherPatches(_ pixels: borrowing Span<Float>, _ selection: PatchSelection, into output: Matrix)

  /// Tokens of `source`, and `filler` where none is named, each plus its row of `positions [places, width]`.
  func placeTokens(
    _ source: Matrix, filler: borrowing Buffer<Float>, positions: borrowing Buffer<Float>, _ placement: TokenPlacement,
    into output: Matrix)

  /// The dot product of each row with `weights`, plus `bias`.
  func rowDot(_ input: Matrix, weights: borrowing Buffer<Float>, bias: Float) -> [Float]
}

extension OperationSet {
  /// The element type of activations between layers.
  package var activationType: ElementType { precision == .float32 ? .float32 : .bfloat16 }
}
