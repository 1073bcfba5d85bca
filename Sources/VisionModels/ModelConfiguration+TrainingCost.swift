import Masking

extension ModelConfiguration {
  /// Floating-point operations of a training step for one image of which `masked` patches are hidden: the teacher's encoder and loss
  /// predictor forward on all patches, the student's encoder on the visible ones and both its decoders, forward and backward, a backward
  /// pass being two forward ones.
  package func trainingOperationsPerImage(masked: Int) -> Double {
    let (patches, length) = (Double(grid.count), Double(patchLength))
    let visible = patches - Double(masked)
    func stack(_ t: TransformerConfiguration, tokens: Double) -> Double {
      let (width, hidden) = (Double(t.width), Double(t.hiddenWidth))
      return Double(t.depth) * tokens * (8 * width * width + 4 * width * hidden + 4 * tokens * width)
    }
    func encoding(_ patches: Double) -> Double {
      2 * patches * length * Double(encoder.width) + stack(encoder, tokens: patches + 1)
        + 2 * (patches + 1) * Double(encoder.width) * Double(decoder.width)
    }
    let decoding = stack(decoder, tokens: patches + 1)
    let heads = 2 * Double(masked) * Double(decoder.width) * length
    return encoding(patches) + decoding + 3 * (encoding(visible) + 2 * decoding + heads)
  }
}
