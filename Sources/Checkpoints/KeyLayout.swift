import Tensors

/// How a file names the parameters of a masked autoencoder.
package enum KeyLayout: String, Sendable, CaseIterable {
  /// The authors' names, which are MAE's and those of the loss predictor.
  case hpm
  /// MAE's names: no loss predictor.
  case mae
  /// Hugging Face's ViTMAE: other names, and query, key and value apart.
  case huggingFace = "hf"
}

/// Names of a file and their places in the authors' layout.
enum KeyMapping {
  /// The layout that the names tell of.
  static func layout(of names: some Sequence<String>) -> KeyLayout {
    var hasPredictor = false
    for name in names {
      if name.hasPrefix("vit.") || name.hasPrefix("decoder.decoder_layers.") { return .huggingFace }
      if name.contains("losspred") { hasPredictor = true }
    }
    return hasPredictor ? .hpm : .mae
  }

  /// Every tensor under its name in the authors' layout, as the parts that make it up along the first axis.
  static func canonical(_ tensors: [String: StoredTensor], layout: KeyLayout) throws(FormatError) -> [String: [StoredTensor]] {
    guard layout == .huggingFace else { return tensors.mapValues { [$0] } }
    var parts: [String: [(order: Int, tensor: StoredTensor)]] = [:]
    for (name, tensor) in tensors {
      let place = fromHuggingFace(name)
      parts[place.name, default: []].append((place.part, tensor))
    }
    var result: [String: [StoredTensor]] = [:]
    var problems: [String] = []
    for (name, found) in parts.sorted(by: { $0.key < $1.key }) {
      let ordered = found.sorted { $0.order < $1.order }
      result[name] = ordered.map(\.tensor)
      if let problem = problem(of: name, made: ordered.map(\.order), from: ordered.map(\.tensor)) { problems.append(problem) }
    }
    guard problems.isEmpty else { throw FormatError(listed(problems)) }
    return result
  }

  /// Why the tensors of a file do not make up the one of this name.
  private static func problem(of name: String, made orders: [Int], from parts: [StoredTensor]) -> String? {
    let isSplit = name.contains(".attn.qkv.")
    guard orders == (isSplit ? [0, 1, 2] : [0]) else {
      let found = orders.map { isSplit ? ["query", "key", "value"][$0] : "one" }.joined(separator: ", ")
      return "\(quoted(name)) is made of \(found), where it needs \(isSplit ? "one query, one key and one value" : "one tensor")"
    }
    guard Set(parts.map(\.shape)).count == 1, Set(parts.map(\.type)).count == 1 else {
      let found = parts.map { "\($0.type.rawValue) \($0.shape)" }.joined(separator: ", ")
      return "query, key and value of \(quoted(name)) differ in shape or type: \(found)"
    }
    return nil
  }

  /// The authors' name for one of Hugging Face's (of versions 4 and 5), and which third of a qkv layer it is.
  private static func fromHuggingFace(_ name: String) -> (name: String, part: Int) {
    let exact = [
      "vit.embeddings.cls_token": "cls_token", "vit.embeddings.position_embeddings": "pos_embed",
      "vit.embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
      "vit.embeddings.patch_embeddings.projection.bias": "patch_embed.proj.bias", "vit.layernorm.weight": "norm.weight",
      "vit.layernorm.bias": "norm.bias",
    ]
    if let found = exact[name] { return (found, 0) }
    for (prefix, block) in [("vit.encoder.layer.", "blocks."), ("vit.layers.", "blocks."), ("decoder.decoder_layers.", "decoder_blocks.")] {
      guard name.hasPrefix(prefix) else { continue }
      let rest = name.dropFirst(prefix.count)
      guard let dot = rest.firstIndex(of: "."), let leaf = inBlock(String(rest[rest.index(after: dot)...])) else { break }
      return ("\(block)\(rest[..<dot]).\(leaf.name)", leaf.part)
    }
    return (name.hasPrefix("decoder.") ? String(name.dropFirst("decoder.".count)) : name, 0)
  }

  /// The name inside a block.
  private static func inBlock(_ name: String) -> (name: String, part: Int)? {
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let kind = name[name.index(after: dot)...]
    switch name[..<dot] {
    case "layernorm_before": return ("norm1.\(kind)", 0)
    case "layernorm_after": return ("norm2.\(kind)", 0)
    case "attention.attention.query", "attention.q_proj": return ("attn.qkv.\(kind)", 0)
    case "attention.attention.key", "attention.k_proj": return ("attn.qkv.\(kind)", 1)
    case "attention.attention.value", "attention.v_proj": return ("attn.qkv.\(kind)", 2)
    case "attention.output.dense", "attention.o_proj": return ("attn.proj.\(kind)", 0)
    case "intermediate.dense", "mlp.fc1": return ("mlp.fc1.\(kind)", 0)
    case "output.dense", "mlp.fc2": return ("mlp.fc2.\(kind)", 0)
    default: return nil
    }
  }
}
