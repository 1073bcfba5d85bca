import Tensors

/// The network that a checkpoint's shapes tell of. Shapes tell everything but the number of attention heads.
package struct CheckpointArchitecture: Hashable, Sendable {
  package struct Stack: Hashable, Sendable {
    package let width: Int
    package let depth: Int
    package let heads: Int
    package let hiddenWidth: Int
  }

  package let encoder: Stack
  package let decoder: Stack
  package let channels: Int
  package let patchSize: Int
  /// L of the position table.
  package let patchCount: Int
  /// Outputs of the loss predictor's head, `nil` without one.
  package let lossPredictorRows: Int?
  /// Outputs of the reconstructor's head: P·P·channels for one that predicts pixels, `nil` without a reconstructor.
  package let reconstructorOutputs: Int?
  /// Numbers in all tensors but the position tables.
  package let parameterCount: Int
  /// `vit_base_patch16` and the like, or `custom`.
  package let name: String

  /// Whether its reconstructor predicts pixels.
  package var predictsPixels: Bool { reconstructorOutputs == patchSize * patchSize * channels }

  /// Reads the shapes; heads come from the arguments, else the file's metadata, else a known architecture that every shape agrees with.
  ///
  /// Throws an error that names every tensor that is missing, misshapen or unexpected.
  package init(of checkpoint: Checkpoint, heads: Int? = nil, decoderHeads: Int? = nil) throws(CheckpointError) {
    do throws(FormatError) {
      var reading = ShapeReading(checkpoint.tensors)
      self = try reading.architecture(HeadCounts(heads, decoderHeads, metadata: checkpoint.metadata))
    } catch { throw CheckpointError(path: checkpoint.path, reason: error.reason) }
  }

  /// What keeps a checkpoint's tensors from making a network, tensor by tensor; empty where nothing does, or where too much is missing
  /// to tell (then the initialiser's error says what).
  package static func problems(of checkpoint: Checkpoint) -> [KeyProblem] {
    var reading = ShapeReading(checkpoint.tensors)
    _ = try? reading.architecture(HeadCounts(1, 1, metadata: [:]))
    return reading.problems
  }

  init(
    encoder: Stack, decoder: Stack, channels: Int, patchSize: Int, patchCount: Int, lossPredictorRows: Int?, reconstructorOutputs: Int?,
    parameterCount: Int, name: String
  ) {
    self.encoder = encoder
    self.decoder = decoder
    self.channels = channels
    self.patchSize = patchSize
    self.patchCount = patchCount
    self.lossPredictorRows = lossPredictorRows
    self.reconstructorOutputs = reconstructorOutputs
    self.parameterCount = parameterCount
    self.name = name
  }
}

/// What is wrong with one tensor of a checkpoint.
package struct KeyProblem: Hashable, Sendable {
  package enum Kind: String, Sendable, CaseIterable { case missing, unexpected, misshapen }

  package let kind: Kind
  /// What is missing or misshapen, with the shape that the network needs; of an unexpected tensor its name.
  package let detail: String
}

/// How many heads the caller or the file says each stack has.
struct HeadCounts {
  let encoder: Int?
  let decoder: Int?

  init(_ encoder: Int?, _ decoder: Int?, metadata: [String: String]) {
    func said(_ keys: [String]) -> Int? { keys.lazy.compactMap { metadata[$0].flatMap { Int($0) } }.first }
    self.encoder = encoder ?? said(["num_heads", "config.num_heads", "args.num_heads", "config.num_attention_heads"])
    self.decoder =
      decoder ?? said(["decoder_num_heads", "config.decoder_num_heads", "args.decoder_num_heads", "config.decoder_num_attention_heads"])
  }
}

/// Checks every tensor's shape against the network that a few of them fix.
struct ShapeReading {
  private static let maximumDepth = 1024
  let tensors: [String: TensorDescription]
  private(set) var problems: [KeyProblem] = []
  /// Names that the network has.
  private(set) var expected: Set<String> = []

  init(_ tensors: [String: TensorDescription]) { self.tensors = tensors }

  mutating func architecture(_ heads: HeadCounts) throws(FormatError) -> CheckpointArchitecture {
    let (kernel, embedding, positions) = try foundations()
    let (width, decoderWidth) = (kernel[0], embedding[0])
    check("patch_embed.proj.bias", [width])
    check("cls_token", [1, 1, width])
    check("pos_embed", [1, positions[1], width])
    check("decoder_embed.weight", [decoderWidth, width])
    check("decoder_embed.bias", [decoderWidth])
    check("mask_token", [1, 1, decoderWidth])
    check("decoder_pos_embed", [1, positions[1], decoderWidth])
    if tensors[KeyMapping.secondaryMaskToken] != nil { check(KeyMapping.secondaryMaskToken, [1, 1, width]) }
    _ = expect("patch_embed.proj.weight")
    let encoder = stack("blocks", width)
    norm("norm", width)
    let predictor = try head("decoder_blocks_losspred", "decoder_norm_losspred", "decoder_pred_losspred", decoderWidth)
    let reconstructor = try head("decoder_blocks", "decoder_norm", "decoder_pred", decoderWidth)
    guard predictor != nil || reconstructor != nil else { throw FormatError("it has neither a loss predictor nor a reconstructor") }
    if let predictor, let reconstructor, predictor.stack != reconstructor.stack { note(.misshapen, "the two decoders differ in size") }
    let unexpected = tensors.keys.filter { !expected.contains($0) }.sorted()
    for name in unexpected { note(.unexpected, quoted(name)) }
    guard problems.isEmpty else { throw FormatError("its tensors do not make the network: " + Self.sentence(problems)) }
    return try finished(encoder, predictor, reconstructor, kernel, positions[1] - 1, heads)
  }

  /// The three tensors that fix every other one's shape.
  private func foundations() throws(FormatError) -> (kernel: Shape, embedding: Shape, positions: Shape) {
    let (kernel, embedding, positions) = (
      tensors["patch_embed.proj.weight"]?.shape, tensors["decoder_embed.weight"]?.shape, tensors["pos_embed"]?.shape
    )
    var problems: [String] = []
    if kernel.map({ $0.rank == 4 && $0[2] == $0[3] && $0.elementCount > 0 && $0[0] % 4 == 0 }) != true {
      problems.append(
        Self.problem("patch_embed.proj.weight", kernel, "[width, channels, P, P] with a width divisible by 4")
          + "; it is not a vision transformer's file")
    }
    if embedding.map({ $0.rank == 2 && $0[0] > 0 && $0[0] % 4 == 0 }) != true {
      problems.append(
        Self.problem("decoder_embed.weight", embedding, "[decoder width, width] with a decoder width divisible by 4")
          + (embedding == nil ? ": the file has an encoder only, without the decoders that predict" : ""))
    }
    if positions.map({ $0.rank == 3 && $0[1] > 1 }) != true {
      problems.append(Self.problem("pos_embed", positions, "[1, 1 + patches, width]") + ", so the grid is unknown")
    }
    guard problems.isEmpty, let kernel, let embedding, let positions else { throw FormatError(listed(problems)) }
    return (kernel, embedding, positions)
  }

  static func problem(_ name: String, _ found: Shape?, _ needed: String) -> String {
    "tensor \(quoted(name)) " + (found.map { "has the shape \($0), not \(needed)" } ?? "is missing")
  }

  mutating func note(_ kind: KeyProblem.Kind, _ detail: String) { problems.append(KeyProblem(kind: kind, detail: detail)) }

  /// All problems; the unexpected tensors in one list at the end.
  static func sentence(_ problems: [KeyProblem]) -> String {
    let unexpected = problems.filter { $0.kind == .unexpected }.map(\.detail)
    let others = problems.filter { $0.kind != .unexpected }.map { ($0.kind == .missing ? "missing: " : "") + $0.detail }
    return listed(others + (unexpected.isEmpty ? [] : ["unexpected: " + listed(unexpected, separator: ", ")]))
  }

  private struct Head {
    let stack: StackSize
    let outputs: Int
  }

  struct StackSize: Hashable {
    let width: Int
    let depth: Int
    let hidden: Int
  }

  private func finished(
    _ encoder: StackSize, _ predictor: Head?, _ reconstructor: Head?, _ kernel: Shape, _ patches: Int, _ heads: HeadCounts
  ) throws(FormatError) -> CheckpointArchitecture {
    guard let decoder = predictor?.stack ?? reconstructor?.stack else { throw FormatError("it has no decoder") }
    let known = KnownArchitecture.all.first {
      $0.encoder == [encoder.width, encoder.depth, encoder.hidden] && $0.decoder == [decoder.width, decoder.depth, decoder.hidden]
        && $0.patchSize == kernel[2] && kernel[1] == 3
    }
    let count = try Self.heads(heads.encoder ?? known?.heads, encoder.width, stack: "encoder", flag: "--heads")
    let decoderCount = try Self.heads(heads.decoder ?? known?.decoderHeads, decoder.width, stack: "decoder", flag: "--decoder-heads")
    return CheckpointArchitecture(
      encoder: .init(width: encoder.width, depth: encoder.depth, heads: count, hiddenWidth: encoder.hidden),
      decoder: .init(width: decoder.width, depth: decoder.depth, heads: decoderCount, hiddenWidth: decoder.hidden), channels: kernel[1],
      patchSize: kernel[2], patchCount: patches, lossPredictorRows: predictor?.outputs, reconstructorOutputs: reconstructor?.outputs,
      parameterCount: tensors.filter { !$0.key.hasSuffix("pos_embed") }.reduce(0) { $0 + $1.value.shape.elementCount },
      name: known?.name ?? "custom")
  }

  static func heads(_ count: Int?, _ width: Int, stack: String, flag: String) throws(FormatError) -> Int {
    guard let count else {
      throw FormatError("its shapes do not tell the number of \(stack) heads, nor does its metadata; give it with \(flag)")
    }
    guard count > 0, width % count == 0 else {
      throw FormatError("\(count) heads do not divide the \(stack)'s width of \(width); give another with \(flag)")
    }
    return count
  }

  /// A decoder with its norm and head, `nil` where the file has none of it.
  private mutating func head(_ blocks: String, _ norm: String, _ head: String, _ width: Int) throws(FormatError) -> Head? {
    guard tensors.keys.contains(where: { $0.hasPrefix(blocks + ".") || $0.hasPrefix(head + ".") }) else { return nil }
    let stack = stack(blocks, width)
    self.norm(norm, width)
    let outputs = expect(head + ".weight").flatMap { $0.rank == 2 && $0[0] > 0 ? $0[0] : nil } ?? 1
    check(head + ".weight", [outputs, width])
    check(head + ".bias", [outputs])
    return Head(stack: stack, outputs: outputs)
  }

  mutating func stack(_ name: String, _ width: Int) -> StackSize {
    let indices = tensors.keys.filter { $0.hasPrefix(name + ".") }
      .compactMap { $0.dropFirst(name.count + 1).split(separator: ".").first.flatMap { Int($0) } }
    let depth = indices.filter { (0..<Self.maximumDepth).contains($0) }.max().map { $0 + 1 } ?? 0
    var hidden = 4 * width
    for block in 0..<depth {
      let prefix = "\(name).\(block)"
      norm(prefix + ".norm1", width)
      norm(prefix + ".norm2", width)
      if let shape = tensors[prefix + ".mlp.fc1.weight"]?.shape, shape.rank == 2, shape[0] > 0, block == 0 { hidden = shape[0] }
      for (layer, outputs, inputs) in [
        ("attn.qkv", 3 * width, width), ("attn.proj", width, width), ("mlp.fc1", hidden, width), ("mlp.fc2", width, hidden),
      ] {
        check("\(prefix).\(layer).weight", [outputs, inputs])
        check("\(prefix).\(layer).bias", [outputs])
      }
    }
    if depth == 0 { note(.missing, "every tensor of \(quoted(name))") }
    return StackSize(width: width, depth: depth, hidden: hidden)
  }

  mutating func norm(_ name: String, _ width: Int) {
    check(name + ".weight", [width])
    check(name + ".bias", [width])
  }

  /// Notes that the network has this tensor.
  mutating func expect(_ name: String) -> Shape? {
    expected.insert(name)
    return tensors[name]?.shape
  }

  mutating func check(_ name: String, _ shape: [Int]) {
    guard let found = expect(name) else { return note(.missing, "\(quoted(name)) \(shape)") }
    if found.dimensions != shape { note(.misshapen, "\(quoted(name)) has the shape \(found), the network needs \(shape)") }
    if let type = tensors[name]?.type, !type.isFloatingPoint {
      note(.misshapen, "\(quoted(name)) holds \(type.rawValue), not floating-point numbers")
    }
  }
}

/// A published architecture: what its name promises.
private struct KnownArchitecture {
  let name: String
  let encoder: [Int]
  let heads: Int
  let decoder: [Int]
  let decoderHeads: Int
  let patchSize: Int

  static let all = [
    KnownArchitecture(
      name: "vit_base_patch16", encoder: [768, 12, 3072], heads: 12, decoder: [512, 8, 2048], decoderHeads: 16, patchSize: 16),
    KnownArchitecture(
      name: "vit_large_patch16", encoder: [1024, 24, 4096], heads: 16, decoder: [512, 8, 2048], decoderHeads: 16, patchSize: 16),
    KnownArchitecture(
      name: "vit_huge_patch14", encoder: [1280, 32, 5120], heads: 16, decoder: [512, 8, 2048], decoderHeads: 16, patchSize: 14),
  ]
}
