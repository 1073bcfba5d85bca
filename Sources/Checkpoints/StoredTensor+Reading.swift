import Tensors

extension StoredTensor {
  /// Elements converted at a time: small enough for the second-level cache.
  private static let chunk = 1 << 16
  /// A view whose run is longer than this many times its elements is not read whole, or a few bytes could make gigabytes of reading.
  private static let sparsestRun = 64

  /// Writes as many elements as `destination` has, from `start` on in row-major order, as float32.
  func read(from file: CheckpointFile, elementsFrom start: Int, into destination: UnsafeMutableBufferPointer<Float>) throws(FormatError) {
    guard isDense else {
      guard destination.count < shape.elementCount else { return try readStrided(from: file, into: destination) }
      // A part of a view with gaps is picked from the whole of it: such views are small and rare.
      var whole = [Float](repeating: 0, count: shape.elementCount)
      var failure: FormatError?
      whole.withUnsafeMutableBufferPointer { buffer in
        do throws(FormatError) { try readStrided(from: file, into: buffer) } catch { failure = error }
      }
      if let failure { throw failure }
      for element in 0..<destination.count { destination[element] = whole[start + element] }
      return
    }
    let byteOffset = byteOffset + start * type.byteCount
    if type == .float32 {
      return try file.fill(UnsafeMutableRawBufferPointer(destination), at: byteOffset)
    }
    var first = 0
    while first < destination.count {
      let count = min(Self.chunk, destination.count - first)
      let bytes = try file.bytes(at: byteOffset + first * type.byteCount, count: count * type.byteCount)
      convert(bytes, count: count) { destination[first + $0] = $1 }
      first += count
    }
  }

  /// A view with gaps or swapped axes: its whole run is read, then picked from; where that would be mostly gaps, element by element.
  private func readStrided(from file: CheckpointFile, into destination: UnsafeMutableBufferPointer<Float>) throws(FormatError) {
    let count = span
    guard count / Self.sparsestRun <= destination.count else {
      return try forEachElement(of: destination.count) { element, position throws(FormatError) in
        let bytes = try file.bytes(at: byteOffset + position * type.byteCount, count: type.byteCount)
        convert(bytes, count: 1) { destination[element] = $1 }
      }
    }
    let bytes = try file.bytes(at: byteOffset, count: count * type.byteCount)
    var run = [Float](repeating: 0, count: count)
    convert(bytes, count: count) { run[$0] = $1 }
    try forEachElement(of: destination.count) { element, position throws(FormatError) in destination[element] = run[position] }
  }

  /// Hands every element's number in row-major order and its place in the run to `body`.
  private func forEachElement(of count: Int, _ body: (Int, Int) throws(FormatError) -> Void) throws(FormatError) {
    var index = [Int](repeating: 0, count: shape.rank)
    var position = 0
    for element in 0..<count {
      try body(element, position)
      var axis = shape.rank - 1
      while axis >= 0 {
        index[axis] += 1
        position += strides[axis]
        if index[axis] < shape[axis] { break }
        position -= index[axis] * strides[axis]
        index[axis] = 0
        axis -= 1
      }
    }
  }

  /// Hands each of `count` elements, widened or narrowed to float32, to `body`.
  private func convert(_ bytes: [UInt8], count: Int, _ body: (Int, Float) -> Void) {
    bytes.withUnsafeBytes { raw in
      switch type {
      case .float16: for i in 0..<count { body(i, Float(raw.loadUnaligned(fromByteOffset: 2 * i, as: Float16.self))) }
      case .bfloat16: for i in 0..<count { body(i, raw.loadUnaligned(fromByteOffset: 2 * i, as: BFloat16.self).float) }
      case .float64: for i in 0..<count { body(i, Float(raw.loadUnaligned(fromByteOffset: 8 * i, as: Double.self))) }
      case .float32: for i in 0..<count { body(i, raw.loadUnaligned(fromByteOffset: 4 * i, as: Float.self)) }
      case .int64: for i in 0..<count { body(i, Float(raw.loadUnaligned(fromByteOffset: 8 * i, as: Int64.self))) }
      case .int32: for i in 0..<count { body(i, Float(raw.loadUnaligned(fromByteOffset: 4 * i, as: Int32.self))) }
      case .int16: for i in 0..<count { body(i, Float(raw.loadUnaligned(fromByteOffset: 2 * i, as: Int16.self))) }
      case .int8: for i in 0..<count { body(i, Float(raw.load(fromByteOffset: i, as: Int8.self))) }
      case .uint64: for i in 0..<count { body(i, Float(raw.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self))) }
      case .uint32: for i in 0..<count { body(i, Float(raw.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self))) }
      case .uint16: for i in 0..<count { body(i, Float(raw.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))) }
      case .uint8, .bool: for i in 0..<count { body(i, Float(raw[i])) }
      }
    }
  }
}
