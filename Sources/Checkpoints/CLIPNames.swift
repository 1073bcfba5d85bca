import Tensors

/// The names of CLIP's image tower (Radford et al., 2021; OpenAI's `model.py`), and timm's for the same network.
enum CLIPNames {
  private static let prefix = "visual."
  /// A tensor that every image tower has, and no other layout.
  static let distinctive = prefix + "class_embedding"

  /// Behind `visual.`, outside of blocks; a layer's `weight` and `bias` follow a name that ends with a dot.
  private static let outside = [
    ("class_embedding", "cls_token"), ("positional_embedding", "pos_embed"), ("conv1.", "patch_embed.proj."), ("ln_pre.", "norm_pre."),
    ("ln_post.", "norm."), ("proj", "head.weight"),
  ]
  private static let blocks = "transformer.resblocks."
  /// Behind the number of a block.
  private static let layers = [
    ("attn.in_proj_weight", "attn.qkv.weight"), ("attn.in_proj_bias", "attn.qkv.bias"), ("attn.out_proj.", "attn.proj."),
    ("ln_1.", "norm1."), ("ln_2.", "norm2."), ("mlp.c_fc.", "mlp.fc1."), ("mlp.c_proj.", "mlp.fc2."),
  ]

  /// The image tower under timm's names, in timm's shapes; a name behind `visual.` that is none of these is kept.
  static func canonical(_ tensors: [String: StoredTensor]) throws(FormatError) -> [String: StoredTensor] {
    var result: [String: StoredTensor] = [:]
    for (name, tensor) in tensors where name.hasPrefix(prefix) {
      let target = canonical(name.dropFirst(prefix.count))
      let shaped =
        switch target {
        case "cls_token", "pos_embed": tensor.withLeadingAxes(upTo: 3)
        case "head.weight": tensor.transposed
        default: tensor
        }
      guard result.updateValue(shaped, forKey: target) == nil else { throw FormatError("\(quoted(target)) is there under two names") }
    }
    return result
  }

  private static func canonical(_ name: Substring) -> String {
    guard name.hasPrefix(blocks) else { return renamed(name, by: outside) }
    let rest = name.dropFirst(blocks.count)
    guard let dot = rest.firstIndex(of: ".") else { return String(name) }
    return "blocks.\(rest[..<dot])." + renamed(rest[rest.index(after: dot)...], by: layers)
  }

  private static func renamed(_ name: Substring, by table: [(theirs: String, own: String)]) -> String {
    for (theirs, own) in table {
      if name == theirs { return own }
      if theirs.hasSuffix("."), name.hasPrefix(theirs) { return own + name.dropFirst(theirs.count) }
    }
    return String(name)
  }
}

extension StoredTensor {
  /// The same numbers with axes of one element in front, where there are fewer than `rank`.
  fileprivate func withLeadingAxes(upTo rank: Int) -> StoredTensor {
    let missing = max(0, rank - shape.rank)
    return StoredTensor(
      shape: Shape([Int](repeating: 1, count: missing) + shape.dimensions), type: type,
      strides: [Int](repeating: 0, count: missing) + strides, byteOffset: byteOffset)
  }

  /// The same numbers with rows and columns exchanged; one of another rank than two as it is.
  fileprivate var transposed: StoredTensor {
    guard shape.rank == 2 else { return self }
    return StoredTensor(shape: Shape([shape[1], shape[0]]), type: type, strides: strides.reversed(), byteOffset: byteOffset)
  }
}
