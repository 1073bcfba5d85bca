package import Tensors

/// What becomes of the numbers that an operation's output already holds.
package enum Accumulation: CaseIterable, Sendable {
  case store, add
}

/// The operations of a training pass over parameters in a ``ParameterArena``, forward and backward.
///
/// In precision `.bfloat16` matrix products read bfloat16 (activations, output gradients, and weights, rounded as they are read) and what is
/// stored between layers is bfloat16; sums, normalisation, softmax, parameters, their gradients, the residual stream and its gradient
/// are float32. *Activation type* is ``activationType``, *either* float32 or that. Gradients of parameters are added to what the arena
/// holds, but for weights' where it is said. Belongs to one thread; equal inputs give equal bits for an equal number of threads.
package protocol TrainingOperations {
  var precision: Precision { get }

  // MARK: Linear layers

  /// `output [rows, outputs]` = x Wᵀ + b, plus `residual` where one is given: float32, of the output's shape, and possibly the
  /// output itself. `input` of activation type, `output` of either, float32 with a residual.
  func linear(_ input: Matrix, _ layer: LinearParameters, residual: Matrix?, into output: Matrix) throws(KernelError)

  /// `output` = gelu(x Wᵀ + b) with the exact error function, and x Wᵀ + b itself into `preActivation` where backward will need it.
  /// All of activation type.
  func linearGELU(_ input: Matrix, _ layer: LinearParameters, preActivation: Matrix?, into output: Matrix) throws(KernelError)

  /// `inputGradient [rows, inputs]` (either type; float32 where added to) from `outputGradient [rows, outputs]` of activation type: dy W.
  func linearInputGradient(
    _ outputGradient: Matrix, _ layer: LinearParameters, _ accumulation: Accumulation, into inputGradient: Matrix) throws(KernelError)

  /// The weights' gradient becomes dyᵀ x, or has it added; both of activation type.
  func linearWeightGradient(
    _ outputGradient: Matrix, input: Matrix, _ layer: LinearParameters, _ accumulation: Accumulation) throws(KernelError)

  /// Adds the column sums of dy, of either type, to the bias' gradient.
  func linearBiasGradient(_ outputGradient: Matrix, _ layer: LinearParameters) throws(KernelError)

  /// Backward from a perceptron's output to before its GELU: `hiddenGradient` = (dy W) · gelu′(`preActivation`), W that of
  /// `contraction`; its column sums are added to the bias' gradient of `expansion`. All of activation type.
  func hiddenGradient(
    _ outputGradient: Matrix, contraction: LinearParameters, preActivation: Matrix, expansion: LinearParameters,
    into hiddenGradient: Matrix) throws(KernelError)

  // MARK: Layer normalisation

  /// Each row of the float32 `input` to zero mean and unit (biased) variance, scaled and shifted, into `output` of either type; each
  /// row's mean and inverse deviation into `statistics [rows, 2]`, float32, where backward will need them.
  func layerNorm(_ input: Matrix, _ parameters: LayerNormParameters, statistics: Matrix?, into output: Matrix)

  /// The gradient of `input` into, or added to, the float32 `inputGradient`, and the result's bfloat16 copy into `rounded` where one is
  /// given; scale and shift accumulate theirs. `outputGradient` of either type.
  func layerNormBackward(
    _ outputGradient: Matrix, input: Matrix, statistics: Matrix, _ parameters: LayerNormParameters, _ accumulation: Accumulation,
    into inputGradient: Matrix, rounded: Matrix?) throws(KernelError)

  // MARK: Attention

  /// Softmax attention as ``OperationSet/attention(_:sequences:heads:into:)``; the logarithm of each softmax' denominator (of scaled
  /// scores) into `logSumExp [sequences · heads, tokens]`, float32, where backward will need it.
  func attention(_ queryKeyValue: Matrix, sequences: Int, heads: Int, logSumExp: Matrix?, into output: Matrix) throws(KernelError)

  /// `gradient [rows, 3 · width]` of the queries, keys and values from `outputGradient [rows, width]` and what the forward pass read,
  /// wrote and kept; all of one type but `logSumExp`.
  func attentionBackward(
    _ outputGradient: Matrix, queryKeyValue: Matrix, output: Matrix, logSumExp: Matrix, sequences: Int, heads: Int,
    into gradient: Matrix) throws(KernelError)

  /// As ``OperationSet/classAttention(_:sequences:heads:)``.
  func classAttention(_ queryKeyValue: Matrix, sequences: Int, heads: Int) -> [Float]

  // MARK: Tokens

  /// As ``OperationSet/gatherPatches(_:_:into:)``.
  func gatherPatches(_ pixels: borrowing Span<Float>, _ selection: PatchSelection, into output: Matrix)

  /// As ``OperationSet/placeTokens(_:filler:positions:_:into:)``, the filler being trained.
  func placeTokens(
    _ source: Matrix, filler: ParameterView, positions: borrowing Buffer<Float>, _ placement: TokenPlacement, into output: Matrix)

  /// Each row of the float32 `outputGradient` into, or added to, the row of `sourceGradient` (float32) it was placed from, and to the
  /// filler's gradient where it was filled. With `.store` rows placed nowhere become zero.
  func placeTokensBackward(
    _ outputGradient: Matrix, filler: ParameterView, _ placement: TokenPlacement, _ accumulation: Accumulation,
    into sourceGradient: Matrix)

  /// Row `rows[r]` of `source` as row r of `output`, of the same type.
  func gatherRows(_ source: Matrix, rows: [Int32], into output: Matrix)

  /// Adds row r of `source` to row `rows[r]` of `output`, of the same type; rows may repeat and are added in their order.
  func scatterAddRows(_ source: Matrix, rows: [Int32], into output: Matrix)

  /// `source` in the type of `output`, rounded or widened.
  func convert(_ source: Matrix, into output: Matrix)

  // MARK: The loss predictor's head

  /// The mean of a linear layer's outputs for each row: float32 `output [rows, 1]`, `input` of either type. The layer's rows are
  /// averaged first, in float32.
  func meanOfOutputs(_ input: Matrix, _ layer: LinearParameters, into output: Matrix) throws(KernelError)

  /// From `outputGradient [rows, 1]` (float32): `inputGradient` of either type; weights and bias accumulate theirs, all rows alike.
  func meanOfOutputsBackward(
    _ outputGradient: Matrix, input: Matrix, _ layer: LinearParameters, into inputGradient: Matrix) throws(KernelError)

  // MARK: Reconstruction losses

  /// The selected patches as a reconstructor should give them, float32, each ordered (y, x, channel) (MAE's `patchify`).
  func gatherTargets(_ pixels: borrowing Span<Float>, _ selection: PatchSelection, _ targets: PixelTargets, into output: Matrix)

  /// Each row's mean squared error into `losses [rows, 1]`, and the gradient of the mean over all rows into `gradient` of activation
  /// type; the others are float32.
  func squaredError(_ predicted: Matrix, target: Matrix, losses: Matrix, into gradient: Matrix)

  /// As ``squaredError(_:target:losses:into:)``, of the rows' directions: |p/|p| − t/|t||² = 2 − 2 cos(p, t), summed, not averaged,
  /// over a row.
  func directionError(_ predicted: Matrix, target: Matrix, losses: Matrix, into gradient: Matrix)

  // MARK: Optimizer

  /// The square root of the sum of all squared gradients, summed in double precision and a fixed order whatever the thread count.
  /// Not finite where a gradient is not, or where its square is beyond float32.
  func gradientNorm(_ arena: ParameterArena) throws(KernelError) -> Double

  /// One step on the parameters of `groups` (which must not overlap), in one pass over memory: AdamW, then `average` of the new
  /// values where one is given, and gradients of the groups set to zero.
  func adamW(_ arena: ParameterArena, groups: [ParameterGroup], _ step: AdamWStep, average: MovingAverage?)
}

extension TrainingOperations {
  /// The element type of activations between layers.
  package var activationType: ElementType { precision == .float32 ? .float32 : .bfloat16 }

  /// The gradients of the layer's weights, stored or added, and of its bias, added.
  package func linearParameterGradients(
    _ outputGradient: Matrix, input: Matrix, _ layer: LinearParameters, _ accumulation: Accumulation
  ) throws(KernelError) {
    try linearWeightGradient(outputGradient, input: input, layer, accumulation)
    try linearBiasGradient(outputGradient, layer)
  }
}
