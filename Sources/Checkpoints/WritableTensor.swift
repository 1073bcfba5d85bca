package import Tensors

/// One tensor that is to be written: its name in the file, its shape, what it is stored as, and where its numbers come from.
///
/// The numbers are asked for front to back, in chunks, while the file is written, so that no second copy of a model is ever in memory.
/// They may come from anywhere: another file, or the parameters of a running training.
package struct WritableTensor {
  /// Writes the elements `first..<first + destination.count`, in row-major order, to `destination`.
  package typealias Fill = (_ first: Int, _ destination: inout MutableSpan<Float>) throws -> Void

  package let name: String
  package let shape: Shape
  package let type: ElementType
  let fill: Fill

  /// - Parameter type: ``storableTypes`` has it.
  package init(name: String, shape: Shape, type: ElementType = .float32, fill: @escaping Fill) {
    precondition(Self.storableTypes.contains(type), "a tensor is stored as \(Self.storableTypes), not as \(type)")
    self.name = name
    self.shape = shape
    self.type = type
    self.fill = fill
  }

  /// What numbers can be stored as.
  package static let storableTypes: [ElementType] = [.float32, .float16, .bfloat16]

  package var byteCount: Int { shape.elementCount * type.byteCount }

  /// Elements asked for at a time: a mebibyte of float32.
  static let chunk = 1 << 18

  /// The same numbers in the same place under another name.
  func named(_ name: String) -> WritableTensor { WritableTensor(name: name, shape: shape, type: type, fill: fill) }

  /// Hands the stored bytes to `body`, chunk after chunk.
  ///
  /// Throws what the source throws, and where a number is too great for the type.
  func encode(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var values = [Float](repeating: 0, count: min(Self.chunk, shape.elementCount))
    var first = 0
    while first < shape.elementCount {
      values.removeLast(max(0, values.count - (shape.elementCount - first)))
      var span = values.mutableSpan
      try fill(first, &span)
      switch type {
      case .float16:
        let narrowed = values.map { Float16($0) }
        try checkRange(values, narrowed.map(\.isInfinite), first)
        try narrowed.withUnsafeBytes(body)
      case .bfloat16:
        let narrowed = values.map { BFloat16($0) }
        try checkRange(values, narrowed.map(\.float.isInfinite), first)
        try narrowed.withUnsafeBytes(body)
      default: try values.withUnsafeBytes(body)
      }
      first += values.count
    }
  }

  private func checkRange(_ values: [Float], _ overflows: [Bool], _ first: Int) throws(FormatError) {
    guard let bad = overflows.indices.first(where: { overflows[$0] && values[$0].isFinite }) else { return }
    throw FormatError(
      "tensor \(quoted(name)) holds \(values[bad]) at element \(first + bad), too great for \(type.rawValue); write another type")
  }
}
