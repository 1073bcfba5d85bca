/// Hugging Face's names for the parameters of MAE: one table, read in both directions.
///
/// Version 4 of their library and all files of it have the names that come first; version 5 has others in memory, and reads both.
enum HuggingFaceNames {
  private struct Pair {
    /// In the authors' layout.
    let own: String
    /// Theirs, the one that is written first.
    let theirs: [String]
    var part = 0
    var partCount = 1
  }

  /// Outside of blocks.
  private static let outside = [
    Pair(own: "cls_token", theirs: ["vit.embeddings.cls_token"]), Pair(own: "pos_embed", theirs: ["vit.embeddings.position_embeddings"]),
    Pair(own: "patch_embed.proj.weight", theirs: ["vit.embeddings.patch_embeddings.projection.weight"]),
    Pair(own: "patch_embed.proj.bias", theirs: ["vit.embeddings.patch_embeddings.projection.bias"]),
    Pair(own: "norm.weight", theirs: ["vit.layernorm.weight"]), Pair(own: "norm.bias", theirs: ["vit.layernorm.bias"]),
  ]

  /// Of blocks, up to the number.
  private static let stacks = [
    Pair(own: "blocks.", theirs: ["vit.encoder.layer.", "vit.layers."]),
    // The last is what saving with their version 5.24 makes of the decoder: it takes `layers.` inside `decoder_layers.` for the encoder's.
    Pair(own: "decoder_blocks.", theirs: ["decoder.decoder_layers.", "decoder.decoder_encoder.layer."]),
  ]

  /// Inside a block, without `.weight` or `.bias`.
  private static let layers = [
    Pair(own: "norm1", theirs: ["layernorm_before"]), Pair(own: "norm2", theirs: ["layernorm_after"]),
    Pair(own: "attn.qkv", theirs: ["attention.attention.query", "attention.q_proj"], part: 0, partCount: 3),
    Pair(own: "attn.qkv", theirs: ["attention.attention.key", "attention.k_proj"], part: 1, partCount: 3),
    Pair(own: "attn.qkv", theirs: ["attention.attention.value", "attention.v_proj"], part: 2, partCount: 3),
    Pair(own: "attn.proj", theirs: ["attention.output.dense", "attention.o_proj"]),
    Pair(own: "mlp.fc1", theirs: ["intermediate.dense", "mlp.fc1"]), Pair(own: "mlp.fc2", theirs: ["output.dense", "mlp.fc2"]),
  ]

  /// What stands behind `decoder.` under the authors' own name.
  private static let decoderPrefix = "decoder."
  private static let decoderNames = ["mask_token", "decoder_pos_embed", "decoder_embed.", "decoder_norm.", "decoder_pred."]

  /// The authors' name for one of theirs, and which part of it; a name that is not theirs is kept.
  static func place(of name: String) -> KeyMapping.Place {
    if let pair = outside.first(where: { $0.theirs.contains(name) }) { return KeyMapping.Place(name: pair.own) }
    if let (stack, prefix, number, layer, kind) = inBlock(name, prefixes: \.theirs),
      let pair = layers.first(where: { $0.theirs.contains(layer) }), stack.theirs.contains(prefix)
    {
      return KeyMapping.Place(name: "\(stack.own)\(number).\(pair.own).\(kind)", part: pair.part, partCount: pair.partCount)
    }
    return KeyMapping.Place(name: name.hasPrefix(decoderPrefix) ? String(name.dropFirst(decoderPrefix.count)) : name)
  }

  /// Their names for one of the authors', empty for what their model lacks.
  static func names(of name: String) -> [(name: String, place: KeyMapping.Place)] {
    if let pair = outside.first(where: { $0.own == name }) { return [(pair.theirs[0], KeyMapping.Place(name: name))] }
    if let (stack, _, number, layer, kind) = inBlock(name, prefixes: { [$0.own] }) {
      return layers.filter { $0.own == layer }.map { pair in
        (
          "\(stack.theirs[0])\(number).\(pair.theirs[0]).\(kind)",
          KeyMapping.Place(name: name, part: pair.part, partCount: pair.partCount)
        )
      }
    }
    let isOfDecoder = decoderNames.contains { $0.hasSuffix(".") ? name.hasPrefix($0) : name == $0 }
    return isOfDecoder ? [(decoderPrefix + name, KeyMapping.Place(name: name))] : []
  }

  /// The pieces of a name inside a block: `blocks.` `3` `.` `attn.qkv` `.` `weight`.
  private static func inBlock(
    _ name: String, prefixes: (Pair) -> [String]
  ) -> (stack: Pair, prefix: String, number: Substring, layer: String, kind: Substring)? {
    for stack in stacks {
      for prefix in prefixes(stack) where name.hasPrefix(prefix) {
        let rest = name.dropFirst(prefix.count)
        guard let first = rest.firstIndex(of: "."), let last = rest.lastIndex(of: "."), first < last else { return nil }
        return (stack, prefix, rest[..<first], String(rest[rest.index(after: first)..<last]), rest[rest.index(after: last)...])
      }
    }
    return nil
  }
}
