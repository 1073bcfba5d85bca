/// How an image is brought to a model's grid.
package enum Fit: Hashable, Sendable {
  /// The paper's: the short side to `int(size / 0.875)`, the middle of it.
  case crop
  /// The whole image squashed to the model's square.
  case stretch
  /// The whole image, aspect kept, sides rounded to multiples of the patch, the long one at most this.
  case native(maximumSide: Int)
}

/// An image as a model takes it.
package struct PreparedImage: Sendable {
  /// `rows · P` × `columns · P`.
  package let pixels: RGBImage
  /// What part of the upright source the pixels show.
  package let region: Region
  package let rows: Int
  package let columns: Int
}

/// The preprocessing of evaluation, as torchvision does it on Pillow images: bicubic, antialiased.
package struct EvaluationTransform: Hashable, Sendable {
  /// Pixels on a side of the model's square.
  package let size: Int
  /// P, in pixels.
  package let patchSize: Int
  package let fit: Fit

  package init(size: Int, patchSize: Int, fit: Fit = .crop) {
    precondition(size > 0 && patchSize > 0 && size % patchSize == 0, "a model of \(size) pixels in patches of \(patchSize)")
    self.size = size
    self.patchSize = patchSize
    self.fit = fit
  }

  package func apply(_ image: RGBImage) -> PreparedImage {
    switch fit {
    case .crop: cropped(image)
    case .stretch: whole(image, width: size, height: size)
    case .native(let maximum): native(image, maximum)
    }
  }

  private func whole(_ image: RGBImage, width: Int, height: Int) -> PreparedImage {
    PreparedImage(
      pixels: image.resized(width: width, height: height),
      region: Region(x: 0, y: 0, width: Double(image.width), height: Double(image.height)), rows: height / patchSize,
      columns: width / patchSize)
  }

  private func native(_ image: RGBImage, _ maximum: Int) -> PreparedImage {
    let longer = Double(max(image.width, image.height))
    let scale = min(1, Double(maximum) / longer)
    func side(_ length: Int) -> Int {
      let patches = (Double(length) * scale / Double(patchSize)).rounded(.toNearestOrEven)
      return max(1, min(Int(patches), maximum / patchSize)) * patchSize
    }
    return whole(image, width: side(image.width), height: side(image.height))
  }

  /// `Resize(int(size / 0.875))`, whose long side is truncated, then `CenterCrop(size)`, whose origin is rounded half to even.
  private func cropped(_ image: RGBImage) -> PreparedImage {
    let short = Int(Double(size) / 0.875)
    let isWide = image.width >= image.height
    let shorter = isWide ? image.height : image.width
    let long = Int(Double(short) * Double(isWide ? image.width : image.height) / Double(shorter))
    let (width, height) = isWide ? (long, short) : (short, long)
    let left = Int((Double(width - size) / 2).rounded(.toNearestOrEven))
    let top = Int((Double(height - size) / 2).rounded(.toNearestOrEven))
    let (scaleX, scaleY) = (Double(image.width) / Double(width), Double(image.height) / Double(height))
    return PreparedImage(
      pixels: middle(of: image, width: width, height: height, left: left, top: top),
      region: Region(
        x: Double(left) * scaleX, y: Double(top) * scaleY, width: Double(size) * scaleX, height: Double(size) * scaleY),
      rows: size / patchSize, columns: size / patchSize)
  }

  /// The crop of the resized image. Of an image so long that its resized form would not fit memory only the middle is resized, which
  /// differs from the whole at its ends alone.
  private func middle(of image: RGBImage, width: Int, height: Int, left: Int, top: Int) -> RGBImage {
    guard max(width, height) > 64 * size else {
      return image.resized(width: width, height: height).cropped(x: left, y: top, width: size, height: size)
    }
    let (scaleX, scaleY) = (Double(image.width) / Double(width), Double(image.height) / Double(height))
    return image.resized(
      Region(x: Double(left) * scaleX, y: Double(top) * scaleY, width: Double(size) * scaleX, height: Double(size) * scaleY),
      width: size, height: size)
  }
}
