import Tensors

/// The encoder of a checkpoint as a network of its own: a vision transformer whose final tokens are features.
///
/// Any file with an encoder has one: timm's, DINO's, CLIP's, and those of masked autoencoders, whose decoders are passed over, as are
/// the heads of classifiers.
package struct TowerArchitecture: Hashable, Sendable {
  /// What the hidden layer of a perceptron goes through.
  package enum Activation: Sendable {
    /// With the exact error function.
    case gelu
    /// x · σ(1.702 x), as CLIP's.
    case quickGELU
  }

  package let encoder: CheckpointArchitecture.Stack
  package let channels: Int
  package let patchSize: Int
  /// L of the position table.
  package let patchCount: Int
  /// Whether patches are embedded with a bias; CLIP's are not.
  package let hasPatchBias: Bool
  /// Whether tokens are normalised before the first block, as CLIP's are.
  package let hasFirstNorm: Bool
  /// Width of the features where the final tokens are projected, as CLIP's are; `nil` where they are the features themselves.
  package let projectedWidth: Int?
  package let activation: Activation
  package let layerNormEpsilon: Float

  /// Width of a feature.
  package var featureWidth: Int { projectedWidth ?? encoder.width }

  /// Reads the shapes; heads come from the argument, else the file's metadata, else the published architecture of these sizes: CLIP's have
  /// a head for 64 numbers, ViT-Ti, S, B, L and H have 3, 6, 12, 16 and 16.
  ///
  /// Throws an error that names every tensor that is missing, misshapen or unexpected.
  ///
  /// - Parameter option: where a user says the heads, for the error of a file that does not tell.
  package init(of checkpoint: Checkpoint, heads: Int? = nil, option: String = "--heads") throws(CheckpointError) {
    do throws(FormatError) {
      var reading = ShapeReading(checkpoint.tensors)
      self = try reading.tower(
        checkpoint.layout, heads: HeadCounts(heads, nil, metadata: checkpoint.metadata).encoder, option: option,
        epsilon: checkpoint.layerNormEpsilon)
    } catch { throw CheckpointError(path: checkpoint.path, reason: error.reason) }
  }

  fileprivate init(
    encoder: CheckpointArchitecture.Stack, kernel: Shape, patchCount: Int, hasPatchBias: Bool, hasFirstNorm: Bool, projectedWidth: Int?,
    layout: KeyLayout, layerNormEpsilon: Float
  ) {
    self.encoder = encoder
    channels = kernel[1]
    patchSize = kernel[2]
    self.patchCount = patchCount
    self.hasPatchBias = hasPatchBias
    self.hasFirstNorm = hasFirstNorm
    self.projectedWidth = projectedWidth
    activation = layout == .clip ? .quickGELU : .gelu
    self.layerNormEpsilon = layerNormEpsilon
  }
}

extension ShapeReading {
  /// What else a file with an encoder may hold: decoders, their tokens, and heads.
  private static let passedOver = ["decoder_", "mask_token", KeyMapping.secondaryMaskToken, "fc_norm."]
  private static let headPrefix = "head."
  private static let projection = "head.weight"
  private static let methodEpsilon: Float = 1e-6

  fileprivate mutating func tower(
    _ layout: KeyLayout, heads: Int?, option: String, epsilon: Float?
  ) throws(FormatError) -> TowerArchitecture {
    let (kernel, positions) = try towerFoundations()
    let width = kernel[0]
    let hasBias = tensors["patch_embed.proj.bias"] != nil || layout != .clip
    let hasFirstNorm = tensors.keys.contains { $0.hasPrefix("norm_pre.") }
    _ = expect("patch_embed.proj.weight")
    if hasBias { check("patch_embed.proj.bias", [width]) }
    check("cls_token", [1, 1, width])
    check("pos_embed", [1, positions[1], width])
    if hasFirstNorm { norm("norm_pre", width) }
    let stack = stack("blocks", width)
    norm("norm", width)
    let projectedWidth = layout == .clip ? expect(Self.projection).flatMap { $0.rank == 2 && $0[0] > 0 ? $0[0] : nil } ?? 1 : nil
    if let projectedWidth { check(Self.projection, [projectedWidth, width]) }
    for name in tensors.keys.filter({ !expected.contains($0) && !isPassedOver($0, layout) }).sorted() { note(.unexpected, quoted(name)) }
    guard problems.isEmpty else { throw FormatError("its tensors do not make a vision transformer: " + Self.sentence(problems)) }
    let count = try Self.heads(heads ?? Self.publishedHeads(stack, layout), width, stack: "encoder", flag: option)
    return TowerArchitecture(
      encoder: .init(width: width, depth: stack.depth, heads: count, hiddenWidth: stack.hidden), kernel: kernel,
      patchCount: positions[1] - 1, hasPatchBias: hasBias, hasFirstNorm: hasFirstNorm, projectedWidth: projectedWidth, layout: layout,
      layerNormEpsilon: epsilon ?? Self.methodEpsilon)
  }

  private func isPassedOver(_ name: String, _ layout: KeyLayout) -> Bool {
    Self.passedOver.contains { name.hasPrefix($0) } || layout != .clip && name.hasPrefix(Self.headPrefix)
  }

  /// The two tensors that fix every other one's shape.
  private func towerFoundations() throws(FormatError) -> (kernel: Shape, positions: Shape) {
    let (kernel, positions) = (tensors["patch_embed.proj.weight"]?.shape, tensors["pos_embed"]?.shape)
    var problems: [String] = []
    if kernel.map({ $0.rank == 4 && $0[2] == $0[3] && $0.elementCount > 0 }) != true {
      problems.append(
        Self.problem("patch_embed.proj.weight", kernel, "[width, channels, P, P]") + "; it is not a vision transformer's file")
    }
    if positions.map({ $0.rank == 3 && $0[1] > 1 }) != true {
      problems.append(Self.problem("pos_embed", positions, "[1, 1 + patches, width]") + ", so the grid is unknown")
    }
    guard problems.isEmpty, let kernel, let positions else { throw FormatError(listed(problems)) }
    return (kernel, positions)
  }

  private static func publishedHeads(_ stack: StackSize, _ layout: KeyLayout) -> Int? {
    if layout == .clip { return stack.width % 64 == 0 ? stack.width / 64 : nil }
    switch (stack.width, stack.depth, stack.hidden) {
    case (192, 12, 768): return 3
    case (384, 12, 1536): return 6
    case (768, 12, 3072): return 12
    case (1024, 24, 4096): return 16
    case (1280, 32, 5120): return 16
    default: return nil
    }
  }
}
