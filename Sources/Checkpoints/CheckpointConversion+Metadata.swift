extension CheckpointConversion {
  /// What the written file says of itself: what the source says, under the names without `config.` and `args.`, its heads if they are
  /// known, what is added to variances where that is not the layout's own, and what the caller sets.
  ///
  /// Throws where heads are given that do not divide the width.
  func description(of source: Checkpoint, _ layout: KeyLayout) throws(CheckpointError) -> [String: String] {
    var said: [String: String] = [:]
    for prefix in ["args.", "config.", ""] {
      for (key, value) in source.metadata where key.hasPrefix(prefix) && (!prefix.isEmpty || !Self.isPrefixed(key)) {
        said[String(key.dropFirst(prefix.count))] = value
      }
    }
    said = said.filter { !Self.reservedKeys.contains($0.key) }
    if let heads = try headCounts(of: source) {
      said["num_heads"] = String(heads.encoder)
      said["decoder_num_heads"] = String(heads.decoder)
    }
    let epsilon = source.layerNormEpsilon ?? Self.methodEpsilon
    said["layer_norm_eps"] = epsilon == Self.standardEpsilon(layout) ? nil : "\(epsilon)"
    return said.merging(metadata) { $1 }
  }

  private static func isPrefixed(_ key: String) -> Bool { key.hasPrefix("args.") || key.hasPrefix("config.") }

  private static let methodEpsilon: Float = 1e-6

  /// What a reader takes where a file of the layout says nothing.
  private static func standardEpsilon(_ layout: KeyLayout) -> Float { layout.standardEpsilon ?? methodEpsilon }

  /// Heads of encoder and decoders where they are known; what the caller says must fit.
  private func headCounts(of source: Checkpoint) throws(CheckpointError) -> (encoder: Int, decoder: Int)? {
    do {
      let found = try CheckpointArchitecture(of: source, heads: heads, decoderHeads: decoderHeads)
      return (found.encoder.heads, found.decoder.heads)
    } catch {
      guard heads == nil, decoderHeads == nil else { throw error }
      return nil
    }
  }

  /// The dictionary of a `.pth`, in the form that the programs of each layout read.
  func document(
    _ tensors: [WritableTensor], student: [WritableTensor]?, of source: Checkpoint, _ layout: KeyLayout, _ said: [String: String]
  ) -> TorchDocument {
    var document = TorchDocument()
    switch layout {
    case .hpm:
      let teacher = student != nil ? TorchDocument.Teacher.weights(tensors) : source.weights == .ema ? .sameAsStudent : .absent
      let configuration = said.filter { $0.key != "model" && $0.key != "epoch" }
      return .training(
        student: student ?? tensors, teacher: teacher, model: said["model"] ?? Self.name(of: source),
        epoch: said["epoch"].flatMap { Int($0) }, configuration: .members(reading: configuration))
    case .mae:
      document.set("model", document.stateDictionary(tensors))
      if let epoch = said["epoch"].flatMap({ Int($0) }) { document.set("epoch", .integer(epoch)) }
      document.set("config", .members(reading: said.filter { $0.key != "epoch" }))
    case .vitDet: document.set("model", document.stateDictionary(tensors))
    case .timm, .huggingFace, .clip: document.setAll(tensors)
    }
    return document
  }

  private static func name(of source: Checkpoint) -> String {
    (try? CheckpointArchitecture(of: source))?.name ?? "custom"
  }

  /// What whoever uses the written file must know and the file cannot say.
  func notes(_ source: Checkpoint, _ layout: KeyLayout, _ said: [String: String]) -> [String] {
    var notes: [String] = []
    let isBare = format == .torch && [.timm, .huggingFace, .vitDet].contains(layout)
    if isBare, !said.isEmpty {
      notes.append("A .pth in the layout \(layout.rawValue) holds tensors only; what the source says of itself is not in it")
    }
    if layout == .huggingFace, let epsilon = said["layer_norm_eps"] {
      notes.append("Set layer_norm_eps to \(epsilon) in the model's configuration; the default of Hugging Face's ViTMAE is 1e-12")
    }
    let hasDecoders = source.tensors["decoder_embed.weight"] != nil && layout != .timm && layout != .vitDet
    if hasDecoders, said["num_heads"] == nil || said["decoder_num_heads"] == nil {
      notes.append("The number of heads is not known, so the file does not tell it; give --heads and --decoder-heads")
    }
    return notes + Self.summary(of: CheckpointArchitecture.problems(of: source))
  }

  private static let namedProblems = 5

  /// A line for each kind of problem, with the first few by name.
  private static func summary(of problems: [KeyProblem]) -> [String] {
    KeyProblem.Kind.allCases.compactMap { kind in
      let details = problems.filter { $0.kind == kind }.map(\.detail)
      guard !details.isEmpty else { return nil }
      let more = details.count - namedProblems
      return "Of the source's tensors \(details.count) are \(kind.rawValue): " + details.prefix(namedProblems).joined(separator: ", ")
        + (more > 0 ? ", and \(more) more, which hpm inspect lists" : "")
    }
  }
}

extension TorchDocument {
  /// Makes the tensors themselves the members of the dictionary.
  fileprivate mutating func setAll(_ tensors: [WritableTensor]) {
    guard case .dictionary(let items) = stateDictionary(tensors) else { return }
    for case (.text(let key), let value) in items { set(key, value) }
  }
}
