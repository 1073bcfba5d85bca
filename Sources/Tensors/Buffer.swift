/// Owner of a run of elements in memory aligned to 64 bytes: a cache line, and the widest vector register.
///
/// Not copyable: it is the one place that frees the memory. Others see it through spans, or, in kernels, through the pointer
/// of a closure.
package struct Buffer<Element: BitwiseCopyable>: ~Copyable {
  /// Bytes to whose multiple the first element's address is rounded.
  package static var alignment: Int { AlignedMemory.alignment }

  package let count: Int
  private let base: UnsafeMutablePointer<Element>

  /// Memory for `count` elements, each set to `value`.
  package init(repeating value: Element, count: Int) {
    precondition(count >= 0, "a buffer of \(count) elements")
    let bytes = AlignedMemory.allocate(byteCount: count * MemoryLayout<Element>.stride)
    base = bytes.initializeMemory(as: Element.self, repeating: value, count: count)
    self.count = count
  }

  /// A copy of the elements of `values`.
  package init(_ values: [Element]) {
    let bytes = AlignedMemory.allocate(byteCount: values.count * MemoryLayout<Element>.stride)
    base = bytes.bindMemory(to: Element.self, capacity: values.count)
    base.initialize(from: values, count: values.count)
    count = values.count
  }

  deinit { AlignedMemory.deallocate(UnsafeMutableRawPointer(base), byteCount: count * MemoryLayout<Element>.stride) }

  package subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count, "element \(index) of \(count)")
      return base[index]
    }
    set {
      precondition(index >= 0 && index < count, "element \(index) of \(count)")
      base[index] = newValue
    }
  }

  /// Reads the elements.
  package func withSpan<Result, Failure: Error>(_ body: (Span<Element>) throws(Failure) -> Result) throws(Failure) -> Result {
    try body(UnsafeBufferPointer(start: base, count: count).span)
  }

  /// Changes the elements.
  package mutating func withMutableSpan<Result, Failure: Error>(
    _ body: (inout MutableSpan<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var span = UnsafeMutableBufferPointer(start: base, count: count).mutableSpan
    return try body(&span)
  }

  /// The memory itself, for kernels and C functions; the pointer must not outlive the buffer.
  package var unsafePointer: UnsafeMutablePointer<Element> { base }

  /// The elements as an array of their own.
  package var array: [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }
}

// The memory moves with its only owner.
extension Buffer: @unchecked Sendable where Element: Sendable {}
