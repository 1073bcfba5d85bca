package import Tensors

/// All that can be said of a checkpoint: what its header tells, what network its shapes make, and how many of its numbers are not finite.
package struct CheckpointSurvey: Sendable {
  /// One tensor.
  package struct Entry: Sendable {
    /// By the authors' names.
    package let name: String
    package let shape: Shape
    package let type: ElementType
    package let nonFiniteCount: Int

    package var byteCount: Int { shape.elementCount * type.byteCount }
  }

  /// In the file's order.
  package let entries: [Entry]
  /// The network, where the tensors make one. Its heads count only where ``hasKnownHeads``.
  package let architecture: CheckpointArchitecture?
  /// Whether the caller, the file or a known architecture tells the heads.
  package let hasKnownHeads: Bool
  /// Why the file cannot be served as it is; `nil` where it can.
  package let obstacle: String?
  package let problems: [KeyProblem]

  /// Reads all numbers of a checkpoint that was opened to allow those that are not finite.
  package init(of checkpoint: Checkpoint, heads: Int? = nil, decoderHeads: Int? = nil) throws(CheckpointError) {
    var entries: [Entry] = []
    for name in checkpoint.namesInFileOrder {
      guard let tensor = checkpoint.tensors[name] else { continue }
      let count = try Self.nonFiniteCount(name, tensor.shape.elementCount, in: checkpoint)
      entries.append(Entry(name: name, shape: tensor.shape, type: tensor.type, nonFiniteCount: count))
    }
    self.entries = entries
    problems = CheckpointArchitecture.problems(of: checkpoint)
    let isFinite = entries.allSatisfy { $0.nonFiniteCount == 0 }
    do {
      architecture = try CheckpointArchitecture(of: checkpoint, heads: heads, decoderHeads: decoderHeads)
      hasKnownHeads = true
      obstacle = isFinite ? nil : "it holds numbers that are not finite; --allow-non-finite loads it all the same"
    } catch {
      // One head divides every width, so whatever else the shapes tell is told.
      architecture = try? CheckpointArchitecture(of: checkpoint, heads: 1, decoderHeads: 1)
      hasKnownHeads = false
      obstacle = error.reason
    }
  }

  private static func nonFiniteCount(_ name: String, _ count: Int, in checkpoint: Checkpoint) throws(CheckpointError) -> Int {
    var values = [Float](repeating: 0, count: min(WritableTensor.chunk, count))
    var (first, found) = (0, 0)
    while first < count {
      values.removeLast(max(0, values.count - (count - first)))
      var span = values.mutableSpan
      try checkpoint.read(name, from: first, into: &span)
      for value in values where !value.isFinite { found += 1 }
      first += values.count
    }
    return found
  }
}
