import Images
import Synchronization

/// Decoded images kept in memory, exactly as decoded, until their bytes reach a bound; what came first stays.
///
/// Where the whole set fits, no image is decoded twice. Where it does not, an equal part of every epoch is spared, which is the best that
/// can be had when every image is asked for once an epoch.
final class DecodedImageCache: Sendable {
  private struct State {
    var images: [Int: RGBImage] = [:]
    var byteCount = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  var byteCount: Int { state.withLock { $0.byteCount } }

  subscript(index: Int) -> RGBImage? { state.withLock { $0.images[index] } }

  /// Keeps the image if there is room.
  func keep(_ image: RGBImage, at index: Int) {
    state.withLock { state in
      guard state.images[index] == nil, image.pixels.count <= limit - state.byteCount else { return }
      state.images[index] = image
      state.byteCount += image.pixels.count
    }
  }
}
