/// How much may wait for one model.
package struct QueueLimits: Sendable, Hashable {
  /// Images, unless nothing else is there.
  let images: Int
  /// Seconds for which a request waits until the model begins with it: of a slow model fewer images fill them.
  let seconds: Double

  init(images: Int, seconds: Double) {
    self.images = max(images, 1)
    self.seconds = seconds
  }

  /// Images that one user may have of them, so that nobody fills the queue alone.
  var share: Int { max(images / 2, 1) }
}

extension ServiceConfiguration {
  /// What may wait for one model.
  package var queueLimits: QueueLimits { QueueLimits(images: maximumQueueImages, seconds: maximumQueueSeconds) }
}
