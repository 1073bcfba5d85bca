import Synchronization
import Tensors

/// The memory of one batch's pixels, `[B, 3, S, S]`; images are written beside one another by several threads.
final class PixelStorage: @unchecked Sendable {
  // The lock is the loader's: it gives each image of the buffer to one thread, and the batch to readers only when all are written.
  private let buffer: Buffer<Float>

  init(count: Int) { buffer = Buffer(repeating: 0, count: count) }

  var count: Int { buffer.count }

  /// Writes the numbers of one image, `range` of the whole.
  func write(_ range: Range<Int>, _ body: (inout MutableSpan<Float>) -> Void) {
    precondition(range.lowerBound >= 0 && range.upperBound <= buffer.count, "numbers \(range) of \(buffer.count)")
    var span = UnsafeMutableBufferPointer(start: buffer.unsafePointer + range.lowerBound, count: range.count).mutableSpan
    body(&span)
  }

  /// Reads the first `count` numbers.
  func read<Result, Failure: Error>(
    _ count: Int, _ body: (Span<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(count <= buffer.count, "\(count) numbers of \(buffer.count)")
    return try body(UnsafeBufferPointer(start: buffer.unsafePointer, count: count).span)
  }
}

/// Storages that are free again, so that a loader allocates only its first few.
final class PixelStoragePool: Sendable {
  private let count: Int
  private let free = Mutex<[PixelStorage]>([])

  /// A pool of storages of `count` numbers.
  init(count: Int) { self.count = count }

  func take() -> PixelStorage { free.withLock { $0.popLast() } ?? PixelStorage(count: count) }

  func giveBack(_ storage: PixelStorage) { free.withLock { $0.append(storage) } }
}
