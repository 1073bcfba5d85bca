package import Kernels
package import Masking
package import VisionModels

/// A frozen network whose features the reconstructor learns to predict.
///
/// Belongs to the thread of its operations.
package protocol TargetFeatures {
  /// Numbers of a feature.
  var width: Int { get }

  /// The features of class token and patches, `[B · (1 + L), width]` float32; they hold until the next call.
  ///
  /// - Parameter pixels: `[B, channels, rows · P, columns · P]`, normalised as the student's: with ImageNet's mean and deviation, for CLIP
  ///   too, as the authors' program does.
  func features(_ pixels: borrowing Span<Float>, grid: PatchGrid, images: Int) throws -> Matrix
}

extension FeatureTower: TargetFeatures {}

extension PretrainingConfiguration.Target.Kind {
  /// Whether targets come from a frozen network.
  package var isFrozen: Bool { self == .dino || self == .clip }
}
