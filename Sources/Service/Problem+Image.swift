import Images

extension Problem {
  /// What a client sees of an image that cannot be used.
  init(_ error: ImageError) {
    switch error {
    case .unknownKind:
      self.init(
        .unsupportedMedia, "The bytes are no PNG, JPEG or WebP image and no NumPy array; the first bytes decide, not the Content-Type.",
        allowed: ["image/png", "image/jpeg", "image/webp", "application/x-npy", "multipart/form-data"])
    case .undecodable: self.init(.undecodableImage, Self.sentence(error))
    case .tooManyPixels: self.init(.undecodableImage, Self.sentence(error) + " The limit is --max-image-pixels.")
    case .outOfMemory: self.init(.internalFault, Self.sentence(error))
    }
  }

  private static func sentence(_ error: ImageError) -> String {
    let text = String(describing: error)
    return text.prefix(1).uppercased() + text.dropFirst() + "."
  }
}
