import Foundation
import Images
import Synchronization
import Tensors
import Testing

@testable import Training

@Suite struct BatchLoaderTests {
  /// A batch as it was handed out.
  private struct Seen: Equatable {
    let position: BatchPosition
    let indices: [Int]
    let labels: [Int?]
    let pixels: [Float]
  }

  /// What a loader reports, from any thread.
  private final class Reports: Sendable {
    let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
  }

  private let folder: TemporaryFolder
  private static let transform = CropAndMirror(crop: RandomResizedCrop(size: 16))

  /// Twenty-two images in two classes.
  init() throws {
    folder = try TemporaryFolder()
    for index in 0..<22 {
      try folder.write(SyntheticImage.png(index, width: 20 + index, height: 45 - index), to: "\(index % 2)/\(100 + index).png")
    }
  }

  private func corrupt(_ indices: [Int]) throws {
    for index in indices { try folder.write(Array(SyntheticImage.png(index).prefix(60)), to: "\(index % 2)/\(100 + index).png") }
  }

  private func makeLoader(
    _ configuration: LoaderConfiguration, transform: any ImageTransform = BatchLoaderTests.transform,
    from start: BatchPosition = BatchPosition(epoch: 0, batch: 0), epochs: Int = 3, reports: Reports = Reports()
  ) throws -> BatchLoader {
    try BatchLoader(ImageSet.open(folder.path), transform: transform, configuration: configuration, from: start, untilEpoch: epochs) {
      line in reports.lines.withLock { $0.append(line) }
    }
  }

  private func all(_ loader: BatchLoader) throws -> [Seen] {
    var seen: [Seen] = []
    while let batch = try loader.waitForNext() { seen.append(Self.seen(batch)) }
    return seen
  }

  private static func seen(_ batch: ImageBatch) -> Seen {
    var pixels: [Float] = []
    batch.withPixels { span in for index in span.indices { pixels.append(span[index]) } }
    return Seen(position: batch.position, indices: batch.indices, labels: batch.labels, pixels: pixels)
  }

  @Test func `batches are the plan's images, augmented and normalised`() throws {
    let set = try ImageSet.open(folder.path)
    let seen = try all(makeLoader(LoaderConfiguration(batchSize: 4, seed: 7)))
    #expect(seen.count == 15)
    let plan = try BatchPlan(imageCount: 22, batchSize: 4, order: .shuffled, seed: 7)
    for batch in seen {
      let order = plan.images(inEpoch: batch.position.epoch)
      #expect(batch.indices == Array(order[plan.places(ofBatch: batch.position.batch)]))
      #expect(batch.labels == batch.indices.map { set.label(of: $0) })
      for (slot, index) in batch.indices.enumerated() {
        var generator = RandomStream.augmentation.generator(seed: 7, epoch: batch.position.epoch, index: index)
        let image = Self.transform.apply(try ImageDecoder.decode(set.bytes(of: index)).image, using: &generator)
        #expect(Array(batch.pixels[slot * 768..<(slot + 1) * 768]) == Normalization.imageNet.planar(image))
      }
    }
    #expect(Set(seen.prefix(5).flatMap(\.indices)).count == 20, "no image twice in an epoch")
    #expect(seen[0].indices != seen[5].indices, "each epoch has its order")
  }

  @Test(arguments: [1, 2, 5], [1, 3])
  func `batches do not depend on threads, batches ahead or the cache`(threads: Int, ahead: Int) throws {
    try corrupt([3, 4, 11])
    func configured(threads: Int, ahead: Int, cache: Int) -> LoaderConfiguration {
      LoaderConfiguration(batchSize: 4, seed: 3, threads: threads, batchesAhead: ahead, cacheBytes: cache, maximumUnreadableShare: 0.5)
    }
    let (plain, busy) = (Reports(), Reports())
    let expected = try all(makeLoader(configured(threads: 1, ahead: 2, cache: 0), reports: plain))
    for cache in [0, 20_000, 1 << 30] {
      let loader = try makeLoader(configured(threads: threads, ahead: ahead, cache: cache), reports: busy)
      #expect(try all(loader) == expected)
      #expect(loader.cachedBytes <= cache && (cache == 0) == (loader.cachedBytes == 0))
    }
    #expect(busy.all == plain.all + plain.all + plain.all)
  }

  @Test(arguments: [BatchPosition(epoch: 0, batch: 3), BatchPosition(epoch: 1, batch: 0), BatchPosition(epoch: 1, batch: 4)])
  func `a loader begins where it is told`(start: BatchPosition) throws {
    let configuration = LoaderConfiguration(batchSize: 4, seed: 8, threads: 2)
    let whole = try all(makeLoader(configuration))
    #expect(try all(makeLoader(configuration, from: start)) == whole.filter { $0.position >= start })
  }

  @Test func `the place after an epoch's last batch is the next epoch's first`() throws {
    let configuration = LoaderConfiguration(batchSize: 4)
    let batch = try makeLoader(configuration, from: BatchPosition(epoch: 0, batch: 5)).waitForNext()
    #expect(batch?.position == BatchPosition(epoch: 1, batch: 0))
    let beyond = BatchPosition(epoch: 0, batch: 6)
    #expect(throws: LoadingError.noSuchBatch(beyond, batchesPerEpoch: 5)) { try makeLoader(configuration, from: beyond) }
  }

  @Test func `an image that does not decode is replaced by the next in order, and told once`() throws {
    try corrupt([5])
    let reports = Reports()
    let configuration = LoaderConfiguration(batchSize: 4, seed: 1, threads: 2, maximumUnreadableShare: 0.1)
    let loader = try makeLoader(configuration, reports: reports)
    let set = try ImageSet.open(folder.path)
    let lost = try #require((0..<22).first { set.name(of: $0).hasSuffix("/105.png") })
    let seen = try all(loader)
    for batch in seen {
      let order = loader.plan.images(inEpoch: batch.position.epoch)
      let places = loader.plan.places(ofBatch: batch.position.batch)
      #expect(batch.indices == places.map { order[$0] == lost ? order[($0 + 1) % 22] : order[$0] })
      #expect(batch.labels == batch.indices.map { set.label(of: $0) })
    }
    #expect(loader.unreadableCount == 1)
    #expect(reports.all.count == 1 && reports.all[0].contains("/1/105.png: the PNG image does not decode"))
  }

  @Test func `more unreadable images than allowed end the run at the same batch, whatever the threads`() throws {
    try corrupt([1, 2, 3, 4, 5, 6])
    var ends: [Int] = []
    for threads in [1, 3] {
      let configuration = LoaderConfiguration(batchSize: 4, seed: 2, threads: threads, maximumUnreadableShare: 0.2)
      let loader = try makeLoader(configuration)
      var delivered = 0
      #expect(throws: LoadingError.self) { while try loader.waitForNext() != nil { delivered += 1 } }
      #expect(throws: LoadingError.self) { try loader.waitForNext() }
      ends.append(delivered)
    }
    #expect(Set(ends).count == 1)
  }

  @Test func `a set of nothing but broken images ends, even where all may fail`() throws {
    try corrupt(Array(0..<22))
    for share in [0.01, 1] {
      let loader = try makeLoader(LoaderConfiguration(batchSize: 4, maximumUnreadableShare: share))
      #expect(throws: LoadingError.self) { try loader.waitForNext() }
    }
  }

  @Test func `in stored order every image comes once, the last batch being smaller`() throws {
    let configuration = LoaderConfiguration(batchSize: 5, order: .stored, threads: 2)
    let seen = try all(makeLoader(configuration, transform: CenterCrop(size: 8), epochs: 1))
    #expect(seen.flatMap(\.indices) == Array(0..<22))
    #expect(seen.map(\.indices.count) == [5, 5, 5, 5, 2] && seen[4].pixels.count == 2 * 3 * 64)
  }

  @Test func `too few images for a batch are refused`() {
    #expect(throws: LoadingError.noBatch(images: 22, batchSize: 23)) { try makeLoader(LoaderConfiguration(batchSize: 23)) }
  }

  @Test func `waiting asynchronously gives the same batches`() async throws {
    let configuration = LoaderConfiguration(batchSize: 4, seed: 6, threads: 2)
    let loader = try makeLoader(configuration)
    var seen: [Seen] = []
    while let batch = try await loader.next() { seen.append(Self.seen(batch)) }
    #expect(try seen == all(makeLoader(configuration)))
    #expect(loader.timeWaited > .zero)
  }

  @Test func `a batch that is kept is not overwritten`() throws {
    let loader = try makeLoader(LoaderConfiguration(batchSize: 4, threads: 2))
    let kept = try #require(try loader.waitForNext())
    let before = Self.seen(kept)
    while try loader.waitForNext() != nil {}
    #expect(Self.seen(kept) == before)
  }

  @Test func `a loader that is dropped in the middle stops`() throws {
    for _ in 0..<20 { _ = try makeLoader(LoaderConfiguration(batchSize: 4, threads: 3), epochs: 1000).waitForNext() }
  }
}
