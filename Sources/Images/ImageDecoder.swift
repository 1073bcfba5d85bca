import CImages

/// What a decoder may spend.
package struct DecodeLimits: Hashable, Sendable {
  /// Pixels of one image; checked against its header before any are decoded.
  package var maximumPixels: Int

  package init(maximumPixels: Int = 50_000_000) { self.maximumPixels = maximumPixels }
}

/// A picture out of a file, upright.
package struct DecodedImage: Sendable {
  package let image: RGBImage
  package let format: ImageFormat
}

/// PNG, JPEG and WebP to upright 8-bit RGB.
///
/// Opaque 8-bit files give what Pillow gives (`convert("RGB")` after `exif_transpose`). Of 16-bit PNGs the high byte is taken; gamma and
/// colour profiles are ignored; transparency is laid over white; CMYK is taken as Adobe stores it, inverted; of an animation the first
/// frame is read.
package enum ImageDecoder {
  package static func decode(_ bytes: [UInt8], limits: DecodeLimits = DecodeLimits()) throws(ImageError) -> DecodedImage {
    guard let format = ImageFormat(of: bytes) else { throw .unknownKind }
    let maximum = UInt64(clamping: limits.maximumPixels)
    var decoded = hpm_image()
    let status =
      switch format {
      case .png: hpm_decode_png(bytes, bytes.count, maximum, &decoded)
      case .jpeg: hpm_decode_jpeg(bytes, bytes.count, maximum, &decoded)
      case .webp: hpm_decode_webp(bytes, bytes.count, maximum, &decoded)
      }
    defer { hpm_image_free(&decoded) }
    switch status {
    case hpm_image_ok: break
    case hpm_image_too_many_pixels: throw .tooManyPixels(format, limit: limits.maximumPixels)
    case hpm_image_out_of_memory: throw .outOfMemory(format)
    default: throw .undecodable(format, reason: message(&decoded))
    }
    let (width, height) = (Int(decoded.width), Int(decoded.height))
    let stored = RGBImage(
      width: width, height: height, pixels: Array(UnsafeBufferPointer(start: decoded.pixels, count: width * height * 3)))
    let exif = Array(UnsafeBufferPointer(start: decoded.exif, count: decoded.exif_count))
    let orientation = format == .jpeg ? Orientation(jpeg: bytes) : Orientation(exif: exif[...])
    return DecodedImage(image: stored.upright(orientation ?? .up), format: format)
  }

  private static func message(_ decoded: inout hpm_image) -> String {
    withUnsafeBytes(of: &decoded.message) { raw in String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
