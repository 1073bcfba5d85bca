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
  /// The network of a checkpoint, its grid what the file tells of its images' size, else square. `nil` where it is neither.
  package init?(_ architecture: CheckpointArchitecture, of checkpoint: Checkpoint) {
    self.init(
      architecture, layerNormEpsilon: checkpoint.layerNormEpsilon,
      grid: checkpoint.trainedGrid(patchSize: architecture.patchSize, patches: architecture.patchCount))
  }

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

  /// The grid it was trained on, where the file tells the size of its images: `img_size`, a side or HEIGHTxWIDTH. `nil` where it does not,
  /// or where that is not the size of `patches` patches.
  package func trainedGrid(patchSize: Int, patches: Int) -> PatchGrid? {
    guard let sides = metadataValue("img_size")?.split(separator: "x").map({ Int($0) ?? 0 }), let height = sides.first, sides.count <= 2
    else { return nil }
    let grid = (rows: height / patchSize, columns: (sides.last ?? height) / patchSize)
    let (count, overflows) = grid.rows.multipliedReportingOverflow(by: grid.columns)
    guard !overflows, grid.rows > 0, grid.columns > 0, count == patches else { return nil }
    return PatchGrid(rows: grid.rows, columns: grid.columns)
  }

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
