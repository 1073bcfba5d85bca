import Tensors

/// How a file names the parameters of a masked autoencoder.
package enum KeyLayout: String, Sendable, CaseIterable {
  /// The authors' names, which are MAE's and those of the loss predictor.
  case hpm
  /// MAE's names: no loss predictor.
  case mae
  /// timm's vision transformer: MAE's names of the encoder alone. Written only; read, its names are MAE's.
  case timm
  /// Hugging Face's ViTMAE: other names, query, key and value apart, no loss predictor.
  case huggingFace = "hf"
  /// The encoder of detectron2's ViTDet: patch embedding, position table and blocks behind `backbone.net.`.
  case vitDet = "vitdet"
  /// CLIP's image tower, as its TorchScript archives and its state dicts name it. Read only, as timm names the same network: class
  /// token and position table get their first axes, the projection is turned, and the text tower is passed over.
  case clip

  /// What files can be written in.
  package static let writable: [KeyLayout] = [.hpm, .mae, .timm, .huggingFace, .vitDet]

  /// What is added to variances where a file of the layout says nothing; `nil` for the method's own 1e-6.
  var standardEpsilon: Float? {
    switch self {
    case .huggingFace: 1e-12
    case .clip: 1e-5
    case .hpm, .mae, .timm, .vitDet: nil
    }
  }
}

/// Names of a file and their places in the authors' layout.
enum KeyMapping {
  /// Where a tensor of a layout comes from: a whole tensor of the authors' layout, or one of its parts along the first axis.
  struct Place: Equatable {
    /// In the authors' layout.
    let name: String
    var part = 0
    var partCount = 1
  }

  private static let vitDetPrefix = "backbone.net."
  /// What stands for visible patches that are masked a second time (UM-MAE); there only where training did so.
  static let secondaryMaskToken = "vis_mask_token"

  /// The layout that the names tell of.
  static func layout(of names: some Sequence<String>) -> KeyLayout {
    var hasPredictor = false
    for name in names {
      if name == CLIPNames.distinctive { return .clip }
      if name.hasPrefix("vit.") || name.hasPrefix("decoder.decoder_layers.") { return .huggingFace }
      if name.hasPrefix(vitDetPrefix) { return .vitDet }
      if name.contains("losspred") { hasPredictor = true }
    }
    return hasPredictor ? .hpm : .mae
  }

  /// Every tensor under its name in the authors' layout, as the parts that make it up along the first axis.
  static func canonical(_ tensors: [String: StoredTensor], layout: KeyLayout) throws(FormatError) -> [String: [StoredTensor]] {
    if layout == .clip { return try CLIPNames.canonical(tensors).mapValues { [$0] } }
    guard layout == .huggingFace || layout == .vitDet else { return tensors.mapValues { [$0] } }
    var parts: [String: [(place: Place, tensor: StoredTensor)]] = [:]
    for (name, tensor) in tensors {
      let place = layout == .vitDet ? Place(name: withoutPrefix(vitDetPrefix, name)) : HuggingFaceNames.place(of: name)
      parts[place.name, default: []].append((place, tensor))
    }
    var result: [String: [StoredTensor]] = [:]
    var problems: [String] = []
    for (name, found) in parts.sorted(by: { $0.key < $1.key }) {
      let ordered = found.sorted { $0.place.part < $1.place.part }
      result[name] = ordered.map(\.tensor)
      if let problem = problem(of: name, at: ordered.map(\.place), from: ordered.map(\.tensor)) { problems.append(problem) }
    }
    guard problems.isEmpty else { throw FormatError(listed(problems)) }
    return result
  }

  /// Why the tensors of a file do not make up the one of this name.
  private static func problem(of name: String, at places: [Place], from parts: [StoredTensor]) -> String? {
    let isSplit = places.contains { $0.partCount > 1 }
    guard places.map(\.part) == Array(0..<places[0].partCount) else {
      let found = places.map { isSplit ? ["query", "key", "value"][$0.part] : "one" }.joined(separator: ", ")
      return "\(quoted(name)) is made of \(found), where it needs \(isSplit ? "one query, one key and one value" : "one tensor")"
    }
    guard Set(parts.map(\.shape)).count == 1, Set(parts.map(\.type)).count == 1 else {
      let found = parts.map { "\($0.type.rawValue) \($0.shape)" }.joined(separator: ", ")
      return "query, key and value of \(quoted(name)) differ in shape or type: \(found)"
    }
    return nil
  }

  /// What a tensor of the authors' layout is in another, as one tensor or as its parts; empty where that layout has no place for it.
  static func names(of name: String, in layout: KeyLayout) -> [(name: String, place: Place)] {
    let isPatchEmbedding = name.hasPrefix("patch_embed.") || name == "pos_embed"
    let isBlock = name.hasPrefix("blocks.")
    switch layout {
    case .hpm: return [(name, Place(name: name))]
    case .mae: return name.contains("losspred") || name == secondaryMaskToken ? [] : [(name, Place(name: name))]
    case .timm:
      guard isPatchEmbedding || isBlock || name == "cls_token" || name.hasPrefix("norm.") || name.hasPrefix("norm_pre.") else { return [] }
      return [(name, Place(name: name))]
    case .vitDet: return isPatchEmbedding || isBlock ? [(vitDetPrefix + name, Place(name: name))] : []
    case .huggingFace: return HuggingFaceNames.names(of: name)
    case .clip: return []
    }
  }

  private static func withoutPrefix(_ prefix: String, _ name: String) -> String {
    name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
  }
}
