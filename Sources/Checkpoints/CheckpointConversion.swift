package import Tensors

/// A checkpoint written anew: in another container, layout or element type.
package struct CheckpointConversion {
  /// The form of the file that is written.
  package enum Format: Sendable {
    case safetensors, torch

    /// What an extension stands for, `nil` for another than `.safetensors`, `.pth` and `.pt`.
    package init?(path: String) {
      if path.hasSuffix(".safetensors") {
        self = .safetensors
      } else if path.hasSuffix(".pth") || path.hasSuffix(".pt") {
        self = .torch
      } else {
        return nil
      }
    }
  }

  package var format: Format
  /// `nil`: the source's own.
  package var layout: KeyLayout?
  /// `nil`: as the source has it, but float64 as float32.
  package var elementType: ElementType?
  /// `automatic` takes the EMA teacher's where there are any; a `.pth` in the authors' layout then keeps the student's beside them.
  package var weights: Checkpoint.WeightChoice
  package var nonFinite: Checkpoint.NonFinitePolicy
  /// Where neither the file nor its architecture's name tells.
  package var heads: Int?
  package var decoderHeads: Int?
  /// Goes over what the source says of itself.
  package var metadata: [String: String]

  package init(
    format: Format, layout: KeyLayout? = nil, elementType: ElementType? = nil, weights: Checkpoint.WeightChoice = .automatic,
    nonFinite: Checkpoint.NonFinitePolicy = .refuse, heads: Int? = nil, decoderHeads: Int? = nil, metadata: [String: String] = [:]
  ) {
    self.format = format
    self.layout = layout
    self.elementType = elementType
    self.weights = weights
    self.nonFinite = nonFinite
    self.heads = heads
    self.decoderHeads = decoderHeads
    self.metadata = metadata
  }

  /// What was written.
  package struct Outcome: Sendable {
    package let layout: KeyLayout
    package let weights: Set<Checkpoint.WeightSource>
    package let tensorCount: Int
    /// Tensors of the source that the layout has no place for, by the authors' names.
    package let leftOut: [String]
    /// What whoever uses the file must know and the file cannot say.
    package let notes: [String]
  }

  /// Keys that say how a file was written, not what is in it.
  package static let reservedKeys: Set<String> = ["weights", "format"]

  /// Reads `input` and writes `output`, which must not exist.
  package func convert(_ input: String, to output: String) throws(CheckpointError) -> Outcome {
    let source = try Checkpoint.open(input, weights: weights, nonFinite: nonFinite)
    let layout = layout ?? source.layout
    guard KeyLayout.writable.contains(layout) else {
      throw CheckpointError(
        path: input, reason: "it has the layout \(layout.rawValue), which is only read; say --layout timm to write its encoder")
    }
    let tensors = try writable(source, layout)
    let said = try description(of: source, layout)
    var sources: Set = [source.weights]
    switch format {
    case .safetensors:
      let own = ["weights": source.weights.rawValue, "format": "pt"]  // The libraries of Hugging Face refuse a file without `format`.
      try CheckpointWriter.writeSafetensors(tensors, metadata: said.merging(own) { $1 }, to: output, existing: .refuse)
    case .torch:
      let second = layout == .hpm && weights == .automatic && source.availableWeights == [.ema, .student] ? try student(input) : nil
      if second != nil { sources.insert(.student) }
      let document = document(tensors, student: second, of: source, layout, said)
      try CheckpointWriter.writeTorch(document, to: output, existing: .refuse)
    }
    let leftOut = source.namesInFileOrder.filter { KeyMapping.names(of: $0, in: layout).isEmpty }
    return Outcome(
      layout: layout, weights: sources, tensorCount: tensors.count, leftOut: leftOut, notes: notes(source, layout, said))
  }

  private func student(_ input: String) throws(CheckpointError) -> [WritableTensor] {
    try writable(try Checkpoint.open(input, weights: .student, nonFinite: nonFinite), .hpm)
  }

  /// The tensors that the layout has a place for, in the source's order.
  private func writable(_ source: Checkpoint, _ layout: KeyLayout) throws(CheckpointError) -> [WritableTensor] {
    var result: [WritableTensor] = []
    for name in source.namesInFileOrder {
      guard let tensor = source.tensors[name] else { continue }
      for target in KeyMapping.names(of: name, in: layout) {
        guard tensor.type.isFloatingPoint else {
          throw CheckpointError(
            path: source.path, reason: "tensor \(quoted(name)) holds \(tensor.type.rawValue); only floating-point numbers are converted")
        }
        result.append(try part(target.place, target.name, of: source, tensor))
      }
    }
    guard !result.isEmpty else {
      throw CheckpointError(path: source.path, reason: "none of its tensors has a place in the layout \(layout.rawValue)")
    }
    return result
  }

  private func part(
    _ place: KeyMapping.Place, _ name: String, of source: Checkpoint, _ tensor: TensorDescription
  ) throws(CheckpointError) -> WritableTensor {
    guard place.partCount == 1 || tensor.shape.rank > 0 && tensor.shape[0] % place.partCount == 0 else {
      throw CheckpointError(
        path: source.path,
        reason: "tensor \(quoted(place.name)) of shape \(tensor.shape) cannot be split into a query, a key and a value")
    }
    let dimensions = tensor.shape.dimensions
    let shape = place.partCount == 1 ? tensor.shape : Shape([dimensions[0] / place.partCount] + dimensions.dropFirst())
    let start = place.part * shape.elementCount
    let type = elementType ?? (tensor.type == .float64 ? .float32 : tensor.type)
    return WritableTensor(name: name, shape: shape, type: type) { first, destination in
      try source.read(place.name, from: start + first, into: &destination)
    }
  }
}
