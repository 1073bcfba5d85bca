package import Training

/// Images on their way into a model, each once and in the set's order, decoded ahead on threads of their own.
package struct ImageStream: Sendable {
  package let images: ImageSet
  private let frame: ModelFrame
  private let threads: Int
  private let report: @Sendable (String) -> Void

  /// - Parameter threads: that decode.
  /// - Parameter report: told, as a sentence, of each image that cannot be read.
  package init(_ images: ImageSet, as frame: ModelFrame, threads: Int, report: @escaping @Sendable (String) -> Void) {
    self.images = images
    self.frame = frame
    self.threads = threads
    self.report = report
  }

  /// Calls `body` with every batch, and with the places in it that hold an image not met before (one that cannot be read is replaced by
  /// another, which counts once). Holds the calling thread.
  func forEachBatch(of size: Int, _ body: (_ batch: ImageBatch, _ places: [Int]) throws -> Void) throws {
    let configuration = LoaderConfiguration(batchSize: size, order: .stored, threads: threads, cacheBytes: 0)
    let loader = try BatchLoader(images, transform: frame, configuration: configuration, untilEpoch: 1, report: report)
    var met: Set<Int> = []
    while let batch = try loader.waitForNext() {
      try body(batch, batch.indices.indices.filter { met.insert(batch.indices[$0]).inserted })
    }
  }
}
