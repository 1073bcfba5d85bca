import Kernels
package import Masking
package import VisionModels

/// A network whose final tokens are features: an encoder of this project's, or any vision transformer.
///
/// Belongs to the thread of its operations.
package protocol TokenEncoder {
  /// The patches of the images that it takes here.
  var grid: PatchGrid { get }
  /// Numbers of a token.
  var tokenWidth: Int { get }

  /// Final tokens of images that are wholly visible, `[B, 1 + L, tokenWidth]`, class token first.
  ///
  /// - Parameter pixels: `[B, channels, rows · P, columns · P]`, normalised.
  func tokens(_ pixels: borrowing Span<Float>, images: Int) throws -> [Float]
}

extension HardPatchModel: TokenEncoder {
  package var grid: PatchGrid { configuration.grid }
  package var tokenWidth: Int { configuration.encoder.width }

  package func tokens(_ pixels: borrowing Span<Float>, images: Int) throws -> [Float] {
    try encode(pixels, .all(of: grid, images: images))
  }
}

extension FeatureTower: TokenEncoder {
  package var grid: PatchGrid { configuration.trainedGrid }
  package var tokenWidth: Int { width }

  package func tokens(_ pixels: borrowing Span<Float>, images: Int) throws -> [Float] {
    try features(pixels, grid: grid, images: images).floats
  }
}
