import CImages

extension RGBImage {
  /// Bicubic and antialiased, byte for byte what Pillow's `Image.resize((width, height), BICUBIC)` gives.
  package func resized(width newWidth: Int, height newHeight: Int) -> RGBImage {
    resized(Region(x: 0, y: 0, width: Double(width), height: Double(height)), width: newWidth, height: newHeight)
  }

  /// The same of a region of the picture (Pillow's `box`), clamped to it.
  package func resized(_ region: Region, width newWidth: Int, height newHeight: Int) -> RGBImage {
    precondition(newWidth > 0 && newHeight > 0, "resizing to \(newWidth)×\(newHeight)")
    let left = min(max(0, region.x), Double(width))
    let top = min(max(0, region.y), Double(height))
    let right = min(max(left, region.x + region.width), Double(width))
    let bottom = min(max(top, region.y + region.height), Double(height))
    let result = [UInt8](unsafeUninitializedCapacity: newWidth * newHeight * 3) { buffer, count in
      let status = hpm_resize(
        pixels, Int64(width), Int64(height), left, top, right, bottom, Int64(newWidth), Int64(newHeight), buffer.baseAddress)
      precondition(status == hpm_image_ok, "no memory to resize \(width)×\(height) to \(newWidth)×\(newHeight)")
      count = newWidth * newHeight * 3
    }
    return RGBImage(width: newWidth, height: newHeight, pixels: result)
  }
}
