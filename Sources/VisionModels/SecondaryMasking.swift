import Kernels
import Masking
import Tensors

/// UM-MAE's secondary masking in training: embedded patches are replaced by a learned token before positions are added, so that the
/// encoder knows where they are but not what they show.
final class SecondaryMasking<Operations: TrainingOperations> {
  private let token: ParameterView
  /// The position of every token before positions are added: `[1, D]`, zero.
  private let nowhere: Buffer<Float>

  /// `nil` for a network without the token.
  init?(_ network: NetworkParameters) {
    guard network.table.contains("vis_mask_token") else { return nil }
    token = network.token("vis_mask_token")
    nowhere = Buffer(repeating: 0, count: network.configuration.encoder.width)
  }

  /// `embedded [B · V, D]` with the rows of replaced patches exchanged for the token.
  func forward(_ embedded: Matrix, _ visible: VisiblePatches, operations: Operations, arena: inout ActivationArena) -> Matrix {
    let output = arena.matrix(rows: embedded.rows, columns: embedded.columns)
    operations.placeTokens(embedded, filler: token, positions: nowhere, visible.replacement, into: output)
    return output
  }

  /// The gradient of what was embedded, zero where it was replaced; the token accumulates its own.
  func backward(_ gradient: Matrix, _ visible: VisiblePatches, operations: Operations, arena: inout ActivationArena) -> Matrix {
    let embedded = arena.matrix(rows: gradient.rows, columns: gradient.columns)
    operations.placeTokensBackward(gradient, filler: token, visible.replacement, .store, into: embedded)
    return embedded
  }
}
