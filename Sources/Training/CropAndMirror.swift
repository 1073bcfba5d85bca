package import Images
package import Tensors

/// The augmentation of pre-training: a random resized crop, then, with one more draw u, mirrored where u is below the share.
package struct CropAndMirror: ImageTransform, Hashable {
  package var crop: RandomResizedCrop
  /// Of how many images, as a share, left and right are exchanged.
  package var mirroredShare: Double

  package init(crop: RandomResizedCrop, mirroredShare: Double = 0.5) {
    self.crop = crop
    self.mirroredShare = mirroredShare
  }

  package var size: ImageSize { crop.size }

  package func apply(_ image: RGBImage, using generator: inout SplitMix64) -> RGBImage {
    let part = crop.crop(image, to: crop.box(width: image.width, height: image.height, using: &generator))
    return generator.nextUnitDouble() < mirroredShare ? part.mirrored : part
  }
}

extension RGBImage {
  /// Left and right exchanged.
  package var mirrored: RGBImage {
    let flipped = [UInt8](unsafeUninitializedCapacity: pixels.count) { buffer, count in
      pixels.withUnsafeBufferPointer { pixels in
        for y in 0..<height {
          for x in 0..<width {
            let (to, from) = ((y * width + x) * 3, (y * width + width - 1 - x) * 3)
            for channel in 0..<3 { buffer[to + channel] = pixels[from + channel] }
          }
        }
      }
      count = pixels.count
    }
    return RGBImage(width: width, height: height, pixels: flipped)
  }
}
