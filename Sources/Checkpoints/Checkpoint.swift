import Tensors

/// An opened checkpoint: which tensors it has, under the authors' names, and their numbers on demand.
///
/// Everything that can be checked without reading the weights is checked when it is opened; weights go straight from the file to where
/// they are wanted. Nothing in a file is ever executed.
package struct Checkpoint: Sendable {
  /// What holds the tensors.
  package enum Container: String, Sendable { case safetensors, torchZIP = "torch zip", torchLegacy = "torch legacy" }

  /// Which weights to take where a file has several.
  package enum WeightChoice: String, Sendable, CaseIterable {
    /// The EMA teacher's if the file has them, else the student's.
    case automatic = "auto"
    case ema, student
  }

  /// Which weights were taken.
  package enum WeightSource: String, Sendable, CaseIterable { case ema, student, plain }

  /// What to do about weights that are not finite numbers.
  package enum NonFinitePolicy: String, Sendable, CaseIterable { case refuse, allow }

  package let path: String
  package let container: Container
  package let layout: KeyLayout
  package let weights: WeightSource
  /// Which the file has.
  package let availableWeights: Set<WeightSource>
  /// What the file says of itself: safetensors' `__metadata__`, or strings and numbers of `config` (`config.…`), `args` (`args.…`) and `model`.
  package let metadata: [String: String]
  /// By the authors' names.
  package let tensors: [String: TensorDescription]
  private let parts: [String: [StoredTensor]]
  private let file: CheckpointFile
  private let policy: NonFinitePolicy

  /// Opens and checks a file.
  package static func open(
    _ path: String, weights: WeightChoice = .automatic, nonFinite policy: NonFinitePolicy = .refuse
  ) throws(CheckpointError) -> Checkpoint {
    do throws(FormatError) {
      return try Checkpoint(path: path, choice: weights, policy: policy)
    } catch { throw CheckpointError(path: path, reason: error.reason) }
  }

  private init(path: String, choice: WeightChoice, policy: NonFinitePolicy) throws(FormatError) {
    let file = try CheckpointFile(path: path)
    let prefix = try file.bytes(at: 0, count: min(16, file.byteCount))
    let found: FoundWeights
    if ZIPDirectory.isZIP(prefix) {
      container = .torchZIP
      found = try FoundWeights(TorchFile(zip: file), choice)
    } else if TorchFile.isPickle(prefix) {
      container = .torchLegacy
      found = try FoundWeights(TorchFile(legacy: file), choice)
    } else if SafetensorsFile.isSafetensors(prefix) {
      container = .safetensors
      let (tensors, metadata) = try SafetensorsFile.read(file)
      found = try FoundWeights(safetensors: tensors, metadata: metadata, choice)
    } else {
      throw FormatError(
        file.byteCount == 0
          ? "the file is empty"
          : "it is neither safetensors nor what torch.save writes (it begins with neither a header length, a zip nor a pickle)")
    }
    guard !found.tensors.isEmpty else { throw FormatError("it holds no tensors") }
    try Self.checkTotal(of: found.tensors, in: file)
    layout = KeyMapping.layout(of: found.tensors.keys)
    parts = try KeyMapping.canonical(found.tensors, layout: layout)
    tensors = parts.mapValues { parts in
      let first = parts[0]
      let shape = parts.count == 1 ? first.shape : Shape([first.rowCount * parts.count] + first.shape.dimensions.dropFirst())
      return TensorDescription(shape: shape, type: first.type)
    }
    self.weights = found.source
    availableWeights = found.available
    self.metadata = found.metadata
    self.path = path
    self.file = file
    self.policy = policy
  }

  /// Views may share storage, so that a small file could claim a giant network; tied weights do that once.
  private static func checkTotal(of tensors: [String: StoredTensor], in file: CheckpointFile) throws(FormatError) {
    let total = tensors.values.reduce(0.0) { $0 + Double($1.shape.elementCount) * Double($1.type.byteCount) }
    guard total <= 2 * Double(file.byteCount) else {
      throw FormatError("its tensors take \(Int(total)) bytes in all, but the file has \(file.byteCount): too many share the same numbers")
    }
  }

  /// Bytes of the whole file.
  package var fileByteCount: Int { file.byteCount }

  /// Names in order.
  package var names: [String] { tensors.keys.sorted() }

  /// Names in the order in which the file has their numbers.
  package var namesInFileOrder: [String] {
    parts.sorted { ($0.value[0].byteOffset, $0.key) < ($1.value[0].byteOffset, $1.key) }.map(\.key)
  }

  /// What is added to variances: what the file says, else 1e-12 in Hugging Face's models and 1e-5 in CLIP's, `nil` for the method's own
  /// 1e-6.
  package var layerNormEpsilon: Float? {
    let said = ["layer_norm_eps", "config.layer_norm_eps"].lazy.compactMap { metadata[$0].flatMap { Float($0) } }.first
    return said.flatMap { $0.isFinite && $0 > 0 ? $0 : nil } ?? layout.standardEpsilon
  }

  /// Reads a whole tensor, in row-major order, as float32; `destination` has just as many elements.
  package func read(_ name: String, into destination: inout MutableSpan<Float>) throws(CheckpointError) {
    guard let parts = parts[name] else { throw CheckpointError(path: path, reason: "tensor \(quoted(name)) is missing") }
    let count = parts.reduce(0) { $0 + $1.shape.elementCount }
    guard destination.count == count else {
      throw CheckpointError(
        path: path, reason: "tensor \(quoted(name)) has \(count) elements, where the network needs \(destination.count)")
    }
    try read(name, from: 0, into: &destination)
  }

  /// Reads as many elements of a tensor as `destination` has, from element `first` on in row-major order, as float32.
  ///
  /// Throws for a name that the file lacks; a range that the tensor lacks is the caller's mistake.
  package func read(_ name: String, from first: Int, into destination: inout MutableSpan<Float>) throws(CheckpointError) {
    guard let parts = parts[name] else { throw CheckpointError(path: path, reason: "tensor \(quoted(name)) is missing") }
    let wanted = first..<first + destination.count
    let count = parts.reduce(0) { $0 + $1.shape.elementCount }
    precondition(first >= 0 && wanted.upperBound <= count, "elements \(wanted) of a tensor of \(count)")
    var failure: FormatError?
    destination.withUnsafeMutableBufferPointer { buffer in
      do throws(FormatError) {
        try read(parts, wanted, into: buffer)
        if policy == .refuse, let bad = Self.firstNonFinite(UnsafeBufferPointer(buffer)) {
          failure = FormatError(
            "tensor \(quoted(name)) holds \(buffer[bad]) at element \(first + bad); weights must be finite. "
              + "--allow-non-finite loads it all the same")
        }
      } catch { failure = error }
    }
    if let failure { throw CheckpointError(path: path, reason: failure.reason) }
  }

  /// The elements `wanted` of what the parts are, one after another.
  private func read(_ parts: [StoredTensor], _ wanted: Range<Int>, into buffer: UnsafeMutableBufferPointer<Float>) throws(FormatError) {
    var start = 0
    for part in parts {
      let range = wanted.clamped(to: start..<start + part.shape.elementCount)
      if !range.isEmpty {
        let place = buffer[range.lowerBound - wanted.lowerBound..<range.upperBound - wanted.lowerBound]
        try part.read(from: file, elementsFrom: range.lowerBound - start, into: UnsafeMutableBufferPointer(rebasing: place))
      }
      start += part.shape.elementCount
    }
  }

  /// A whole tensor as float32.
  package func read(_ name: String) throws(CheckpointError) -> [Float] {
    var values = [Float](repeating: 0, count: tensors[name]?.shape.elementCount ?? 0)
    var span = values.mutableSpan
    try read(name, into: &span)
    return values
  }

  /// The first element that is infinite or not a number: those whose exponent bits are all ones.
  private static func firstNonFinite(_ values: UnsafeBufferPointer<Float>) -> Int? {
    var worst: UInt32 = 0
    for value in values { worst = max(worst, value.bitPattern & 0x7F80_0000) }
    return worst == 0x7F80_0000 ? values.firstIndex { !$0.isFinite } : nil
  }
}

/// The one dictionary of tensors that is taken from a file.
private struct FoundWeights {
  let tensors: [String: StoredTensor]
  let source: Checkpoint.WeightSource
  let available: Set<Checkpoint.WeightSource>
  let metadata: [String: String]

  /// safetensors: what the metadata key `weights` says, else plain.
  init(safetensors tensors: [String: StoredTensor], metadata: [String: String], _ choice: Checkpoint.WeightChoice) throws(FormatError) {
    source = metadata["weights"].flatMap(Checkpoint.WeightSource.init(rawValue:)) ?? .plain
    guard choice == .automatic || choice.rawValue == source.rawValue else {
      throw FormatError("it holds \(source.rawValue) weights, not the \(choice.rawValue) weights that were asked for")
    }
    self.tensors = tensors
    available = [source]
    self.metadata = metadata
  }

  /// torch: `ema_state_dict`, `state_dict` or `model` of a training checkpoint, `teacher` or `student` of DINO's, the modules of a
  /// TorchScript archive, else the dictionary itself.
  init(_ file: TorchFile, _ choice: Checkpoint.WeightChoice) throws(FormatError) {
    guard let members = file.machine.members(of: file.root) else {
      throw FormatError("it holds no dictionary of tensors; save a state dict")
    }
    var metadata = file.scalars(of: file.root, prefix: "")
    for key in ["config", "args"] { if let value = members[key] { metadata.merge(file.scalars(of: value, prefix: key + ".")) { $1 } } }
    self.metadata = metadata
    func dictionary(_ key: String) -> [String: StoredTensor]? {
      guard !file.isScript, let value = members[key], let inner = file.machine.members(of: value) else { return nil }
      let tensors = file.tensors(in: inner)
      return tensors.isEmpty ? nil : Self.withoutModulePrefix(tensors)
    }
    let ema = dictionary("ema_state_dict") ?? dictionary("teacher").map(Self.backbone)
    let student = dictionary("state_dict") ?? dictionary("student").map(Self.backbone)
    let found = Set<Checkpoint.WeightSource>((ema == nil ? [] : [.ema]) + (student == nil ? [] : [.student]))
    available = found.isEmpty ? [.plain] : found
    if choice != .student, let ema {
      (tensors, source) = (ema, .ema)
    } else if choice != .ema, let student {
      (tensors, source) = (student, .student)
    } else if choice == .automatic {
      let whole = file.isScript ? try file.moduleTensors() : Self.withoutModulePrefix(file.tensors(in: members))
      (tensors, source) = (dictionary("model") ?? whole, .plain)
    } else {
      throw FormatError("it has no \(choice.rawValue) weights (\(choice == .ema ? "ema_state_dict" : "state_dict") is missing)")
    }
  }

  /// Data-parallel training writes every name behind `module.`.
  private static func withoutModulePrefix(_ tensors: [String: StoredTensor]) -> [String: StoredTensor] {
    guard tensors.keys.allSatisfy({ $0.hasPrefix("module.") }) else { return tensors }
    return Dictionary(tensors.map { (String($0.key.dropFirst("module.".count)), $0.value) }) { first, _ in first }
  }

  /// DINO writes the network behind `backbone.`, and beside it the head of its loss, which only its training needs.
  private static func backbone(_ tensors: [String: StoredTensor]) -> [String: StoredTensor] {
    guard tensors.keys.allSatisfy({ $0.hasPrefix("backbone.") || $0.hasPrefix("head.") }) else { return tensors }
    let inner = tensors.filter { $0.key.hasPrefix("backbone.") }
    return Dictionary(uniqueKeysWithValues: inner.map { (String($0.key.dropFirst("backbone.".count)), $0.value) })
  }
}
