package import Checkpoints
package import Kernels
package import Masking

/// A checkpoint file as the source of a network's weights.
package struct CheckpointParameters: ParameterSource {
  private let checkpoint: Checkpoint

  package init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

  package func hasParameter(_ name: String) -> Bool { checkpoint.tensors[name] != nil }

  package func readParameter(_ name: String, into destination: inout MutableSpan<Float>) throws {
    try checkpoint.read(name, into: &destination)
  }
}

extension ModelConfiguration {
  /// The network of a checkpoint; the grid is square unless `grid` says otherwise (a position table tells only its length).
  ///
  /// `nil` where the number of patches is no square and no grid is given, or the grid given has another number.
  package init?(_ architecture: CheckpointArchitecture, layerNormEpsilon: Float?, grid: PatchGrid? = nil) {
    let side = Int(Double(architecture.patchCount).squareRoot().rounded())
    let grid = grid ?? PatchGrid(rows: side, columns: side)
    guard grid.count == architecture.patchCount else { return nil }
    self.init(
      channels: architecture.channels, patchSize: architecture.patchSize, grid: grid,
      encoder: TransformerConfiguration(architecture.encoder), decoder: TransformerConfiguration(architecture.decoder),
      layerNormEpsilon: layerNormEpsilon ?? 1e-6)
  }
}

extension TransformerConfiguration {
  init(_ stack: CheckpointArchitecture.Stack) {
    self.init(width: stack.width, depth: stack.depth, heads: stack.heads, hiddenWidth: stack.hiddenWidth)
  }
}

extension Checkpoint {
  /// What the file says under that name, in its own metadata or in the `config` or `args` saved with it.
  package func metadataValue(_ name: String) -> String? { ["", "config.", "args."].lazy.compactMap { metadata[$0 + name] }.first }

  /// Whether its decoder predicts pixels, as far as the file tells: features can be as wide as a patch has numbers.
  package var targetsPixels: Bool { (metadataValue("target") ?? "pixels") == "pixels" }

  /// γ of its training; `nil` where the file does not tell a share of the patches that leaves some visible.
  package var trainingMaskRatio: Double? {
    metadataValue("mask_ratio").flatMap { Double($0) }.flatMap { (0..<1).contains($0) ? $0 : nil }
  }
}

extension PixelTargets {
  /// How the targets of a checkpoint's reconstructor were made; plain where the file does not tell.
  package init(of checkpoint: Checkpoint) {
    self = checkpoint.metadataValue("norm_pix_loss") == "true" ? .standardisedPerPatch : .plain
  }
}
