import Kernels

/// The second decoder in training: its stack, and the head whose outputs are averaged to one number a patch.
struct TrainedLossPredictor<Operations: TrainingOperations> {
  let stack: TrainedStack<Operations>
  let head: LinearParameters

  /// `nil` for a network without a loss predictor.
  init?(_ network: NetworkParameters) {
    guard network.table.contains("decoder_pred_losspred.weight") else { return nil }
    let decoder = network.configuration.decoder
    stack = TrainedStack(blocks: "decoder_blocks_losspred", norm: "decoder_norm_losspred", decoder, of: network)
    head = network.linear("decoder_pred_losspred", inputs: decoder.width, outputs: network.table["decoder_pred_losspred.bias"].count)
  }
}
