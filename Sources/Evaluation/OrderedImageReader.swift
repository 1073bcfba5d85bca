import Foundation
import Images
import Training

/// Images of a set in its order, each once, read and decoded ahead of who takes them, on threads of its own.
///
/// At most `ahead` images are held beyond the one in use. One caller at a time takes; the work stops when the reader is gone.
final class OrderedImageReader {
  /// What became of one image.
  enum Reading: Sendable {
    case image(FramedImage)
    /// The reason, without the image's name.
    case unreadable(String)
  }

  private let queue: ReadingQueue

  /// - Parameter start: the first image wanted.
  init(_ images: ImageSet, as frame: MiningFrame, from start: Int, threads: Int) {
    queue = ReadingQueue(next: start, count: images.count, ahead: Self.aheadPerThread * threads)
    for thread in 0..<threads {
      DispatchQueue(label: "hpm.mining.reading.\(thread)").async { [queue] in
        while let index = queue.nextToRead() { queue.finish(index, Self.read(index, of: images, as: frame)) }
      }
    }
  }

  deinit { queue.stop() }

  private static let aheadPerThread = 8

  /// The next image; `nil` after the last. Blocks.
  func next() -> (index: Int, reading: Reading)? { queue.take() }

  private static func read(_ index: Int, of images: ImageSet, as frame: MiningFrame) -> Reading {
    do { return .image(frame.framed(try ImageDecoder.decode(images.bytes(of: index)).image)) } catch { return .unreadable("\(error)") }
  }
}

/// Readings between the threads that make them and the caller that takes them in order.
private final class ReadingQueue: @unchecked Sendable {  // everything that changes is touched only under `condition`
  private let condition = NSCondition()
  private let count: Int
  private let ahead: Int
  private var toRead: Int
  private var toTake: Int
  private var finished: [Int: OrderedImageReader.Reading] = [:]
  private var isStopped = false

  init(next: Int, count: Int, ahead: Int) {
    (toRead, toTake) = (next, next)
    self.count = count
    self.ahead = ahead
  }

  /// The next image that no thread reads, once there is room for it; `nil` when there is nothing left to do.
  func nextToRead() -> Int? {
    condition.withLock {
      while !isStopped, toRead < count, toRead - toTake > ahead { condition.wait() }
      guard !isStopped, toRead < count else { return nil }
      defer { toRead += 1 }
      return toRead
    }
  }

  func finish(_ index: Int, _ reading: OrderedImageReader.Reading) {
    condition.withLock {
      finished[index] = reading
      condition.broadcast()
    }
  }

  func take() -> (index: Int, reading: OrderedImageReader.Reading)? {
    condition.withLock {
      guard toTake < count else { return nil }
      while true {
        if let reading = finished.removeValue(forKey: toTake) {
          defer {
            toTake += 1
            condition.broadcast()
          }
          return (toTake, reading)
        }
        condition.wait()
      }
    }
  }

  /// No further image is begun.
  func stop() {
    condition.withLock {
      isStopped = true
      condition.broadcast()
    }
  }
}
