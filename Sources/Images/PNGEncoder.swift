import CImages
import Glibc

/// Pictures as PNG files: 8-bit RGB, the same bytes for the same pixels.
package enum PNGEncoder {
  package static func encode(_ image: RGBImage) -> [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    let status = hpm_encode_png(image.pixels, Int64(image.width), Int64(image.height), &bytes, &count)
    defer { free(bytes) }
    precondition(status == hpm_image_ok, "no memory to encode a picture of \(image.width)×\(image.height)")
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}
