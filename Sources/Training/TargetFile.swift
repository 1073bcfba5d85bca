import Checkpoints
package import Kernels
import Masking
import VisionModels

/// The checkpoint of a run's frozen network, opened and found fit; its weights are read when a tower is made of it.
package struct TargetFile: Sendable {
  private let checkpoint: Checkpoint
  private let tower: TowerConfiguration

  /// `nil` for a configuration whose targets need no network.
  ///
  /// Throws where the file cannot be read, holds no encoder of the family that `target.kind` names, or one of another patch size.
  package init?(_ configuration: PretrainingConfiguration) throws {
    let target = configuration.target
    guard target.kind.isFrozen, let path = target.file else { return nil }
    checkpoint = try Checkpoint.open(path)
    let architecture = try TowerArchitecture(of: checkpoint, heads: target.heads, option: "target.heads")
    // CLIP's position tables are resized as open_clip does, others as DINO's.
    let grid = checkpoint.trainedGrid(patchSize: architecture.patchSize, patches: architecture.patchCount)
    guard let tower = TowerConfiguration(architecture, grid: grid, resizing: target.kind == .clip ? .antialiased : .offset) else {
      throw RunError(path: path, reason: "its \(architecture.patchCount) patches make no square grid")
    }
    self.tower = tower
    if let fault = Self.fault(architecture, checkpoint.layout, configuration) { throw RunError(path: path, reason: fault) }
  }

  private static func fault(
    _ architecture: TowerArchitecture, _ layout: KeyLayout, _ configuration: PretrainingConfiguration
  ) -> String? {
    let kind = configuration.target.kind
    if (layout == .clip) != (kind == .clip) {
      return "target.kind is \(kind.rawValue), but the file \(layout == .clip ? "has CLIP's image tower" : "is not CLIP's")"
    }
    if architecture.channels != 3 { return "it takes images of \(architecture.channels) channels, where the run's have 3" }
    if architecture.patchSize != configuration.model.patchSize {
      return "its patches have \(architecture.patchSize) pixels on a side, but model.patch_size is \(configuration.model.patchSize); "
        + "features and patches would not match"
    }
    return nil
  }

  /// The network itself.
  package func features(_ operations: some OperationSet) throws -> any TargetFeatures {
    try FeatureTower(tower, reading: CheckpointParameters(checkpoint), operations: operations)
  }
}

extension PretrainingConfiguration {
  /// The same, with the digest of the frozen network's file noted. Throws where another was noted before: the run's targets would change.
  package func notingTargetFile() throws -> PretrainingConfiguration {
    guard target.kind.isFrozen, let path = target.file else { return self }
    let digest = try FileDigest.sha256(path)
    if let noted = target.fileDigest, noted != digest {
      throw RunError(
        path: path,
        reason: "it is not the file that the run's targets come from: its SHA-256 is \(digest), target.file_digest is \(noted); "
          + "put that file back, or start a run with target.file_digest=null")
    }
    var noting = self
    noting.target.fileDigest = digest
    return noting
  }
}
