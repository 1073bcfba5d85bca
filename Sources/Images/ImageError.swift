/// Why bytes are no picture that can be used.
package enum ImageError: Error, Hashable, CustomStringConvertible {
  /// The bytes begin as no format that is read.
  case unknownKind
  /// A known format, but broken: why, in the decoder's words.
  case undecodable(ImageFormat, reason: String)
  /// More pixels than the limit allows.
  case tooManyPixels(ImageFormat, limit: Int)
  case outOfMemory(ImageFormat)

  package var description: String {
    switch self {
    case .unknownKind: "the bytes are no PNG, JPEG or WebP image"
    case .undecodable(let format, let reason): "the \(format.name) image does not decode: \(reason)"
    case .tooManyPixels(let format, let limit): "the \(format.name) image has more than the \(limit) pixels that are allowed"
    case .outOfMemory(let format): "there is not enough memory to decode the \(format.name) image"
    }
  }
}
