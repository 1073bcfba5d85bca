package import Masking

/// One stack of transformer blocks.
package struct TransformerConfiguration: Hashable, Sendable {
  /// D, numbers a token.
  package var width: Int
  /// How many blocks.
  package var depth: Int
  /// H; divides the width.
  package var heads: Int
  /// Width of the hidden layer of a block's perceptron, usually four times D.
  package var hiddenWidth: Int

  package init(width: Int, depth: Int, heads: Int, hiddenWidth: Int) {
    self.width = width
    self.depth = depth
    self.heads = heads
    self.hiddenWidth = hiddenWidth
  }
}

/// Everything that fixes the network of a masked autoencoder with a loss predictor, but its weights (HPM, section 3).
///
/// Letters used throughout: B images, L patches of an image, N tokens of a sequence, D width, P pixels on a patch's side.
package struct ModelConfiguration: Hashable, Sendable {
  /// Colours of a pixel: three, for models of photographs.
  package var channels: Int
  /// P.
  package var patchSize: Int
  /// The grid the model was trained on, whose position tables its file holds.
  package var grid: PatchGrid
  package var encoder: TransformerConfiguration
  /// Of each decoder: the reconstructor and the loss predictor are of one size.
  package var decoder: TransformerConfiguration
  /// Added to the variance in every layer normalisation: 1e-6, in Hugging Face's files 1e-12.
  package var layerNormEpsilon: Float

  package init(
    channels: Int = 3, patchSize: Int, grid: PatchGrid, encoder: TransformerConfiguration, decoder: TransformerConfiguration,
    layerNormEpsilon: Float = 1e-6
  ) {
    self.channels = channels
    self.patchSize = patchSize
    self.grid = grid
    self.encoder = encoder
    self.decoder = decoder
    self.layerNormEpsilon = layerNormEpsilon
  }

  /// Numbers in one patch of pixels, P·P·channels.
  package var patchLength: Int { patchSize * patchSize * channels }
}
