import Images
import Tensors

/// Makes one image of a batch: read, decoded, augmented, normalised.
struct ImageReader: Sendable {
  let images: ImageSet
  let transform: any ImageTransform
  let configuration: LoaderConfiguration
  let cache: DecodedImageCache
  private let planes: PixelPlanes
  /// How many images may fail.
  let allowedFailures: Int

  /// An image that could not be read.
  struct Failure: Sendable {
    let index: Int
    /// Its name and the reason.
    let message: String
  }

  /// Which image fills a place, and which were tried before it.
  struct Outcome: Sendable {
    /// `nil` where more failed than may.
    let index: Int?
    let failures: [Failure]
  }

  init(images: ImageSet, transform: any ImageTransform, configuration: LoaderConfiguration) {
    self.images = images
    self.transform = transform
    self.configuration = configuration
    cache = DecodedImageCache(limit: configuration.cacheBytes)
    planes = PixelPlanes(configuration.normalization)
    allowedFailures = Int(Double(images.count) * configuration.maximumUnreadableShare)
  }

  /// Fills one image's numbers with the image at `place` of the epoch's order. One that cannot be read is replaced by the next in that
  /// order (after the last comes the first), augmented with the chance of the one it replaces.
  func fill(_ numbers: inout MutableSpan<Float>, place: Int, order: [Int], epoch: Int) -> Outcome {
    var failures: [Failure] = []
    for step in 0..<order.count {
      let index = order[(place + step) % order.count]
      do throws(UnreadableImage) {
        let image = try decoded(index)
        var generator = RandomStream.augmentation.generator(seed: configuration.seed, epoch: epoch, index: order[place])
        planes.write(transform.apply(image, using: &generator), into: &numbers)
        return Outcome(index: index, failures: failures)
      } catch {
        failures.append(Failure(index: index, message: "\(images.name(of: index)): \(error.reason)"))
        guard failures.count <= allowedFailures else { break }
      }
    }
    return Outcome(index: nil, failures: failures)
  }

  private struct UnreadableImage: Error { let reason: String }

  private func decoded(_ index: Int) throws(UnreadableImage) -> RGBImage {
    if let image = cache[index] { return image }
    let image: RGBImage
    do {
      image = try ImageDecoder.decode(images.bytes(of: index), limits: configuration.decodeLimits).image
    } catch { throw UnreadableImage(reason: "\(error)") }
    cache.keep(image, at: index)
    return image
  }
}
