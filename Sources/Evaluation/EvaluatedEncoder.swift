package import Checkpoints
package import Kernels
import Masking
package import Training
package import VisionModels

/// The encoder of a checkpoint opened to be evaluated: of a masked autoencoder, or of a file that has no more than an encoder (timm's,
/// DINO's, MAE's, CLIP's image tower).
package struct EvaluatedEncoder: Sendable {
  private let checkpoint: Checkpoint
  private let configuration: TowerConfiguration

  /// - Parameter reading: the decoders' heads say nothing here.
  package init(_ path: String, _ reading: EvaluatedCheckpoint.Reading) throws {
    checkpoint = try Checkpoint.open(path, weights: reading.weights, nonFinite: reading.nonFinite)
    let architecture = try TowerArchitecture(of: checkpoint, heads: reading.heads)
    // Images have the size that the file's position table is for, so that nothing is resized.
    let grid = checkpoint.trainedGrid(patchSize: architecture.patchSize, patches: architecture.patchCount)
    guard let configuration = TowerConfiguration(architecture, grid: grid, resizing: .antialiased) else {
      throw EvaluationError.notSquare(path: path, patches: architecture.patchCount)
    }
    self.configuration = configuration
  }

  /// Which weights were taken: `ema`, `student` or `plain`.
  package var weights: Checkpoint.WeightSource { checkpoint.weights }

  /// Of the images it takes.
  package var imageSize: ImageSize {
    let (grid, side) = (configuration.trainedGrid, configuration.architecture.patchSize)
    return ImageSize(height: grid.rows * side, width: grid.columns * side)
  }

  /// The network itself.
  package func tower<Operations: OperationSet>(_ operations: Operations) throws -> FeatureTower<Operations> {
    try FeatureTower(configuration, reading: CheckpointParameters(checkpoint), operations: operations)
  }
}
