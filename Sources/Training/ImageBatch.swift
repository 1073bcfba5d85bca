/// Images of one size, augmented and normalised. Its memory serves a later batch once the last reference is gone.
package final class ImageBatch: Sendable {
  package let position: BatchPosition
  /// Which images of the set these are: one that could not be read has its replacement's index.
  package let indices: [Int]
  /// Their classes; `nil` for one without.
  package let labels: [Int?]
  /// Of each image.
  package let size: ImageSize
  private let storage: PixelStorage
  private let pool: PixelStoragePool

  init(position: BatchPosition, indices: [Int], labels: [Int?], size: ImageSize, storage: PixelStorage, pool: PixelStoragePool) {
    self.position = position
    self.indices = indices
    self.labels = labels
    self.size = size
    self.storage = storage
    self.pool = pool
  }

  deinit { pool.giveBack(storage) }

  /// B.
  package var count: Int { indices.count }

  /// Reads the pixels: `[B, 3, height, width]`, float32, normalised.
  package func withPixels<Result, Failure: Error>(
    _ body: (Span<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try storage.read(count * 3 * size.pixelCount, body)
  }
}
