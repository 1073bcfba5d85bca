import Tensors

/// Weights by chance, for measuring a network of which there is no checkpoint: Xavier-uniform layers, unit norms, N(0, 0.02) tokens.
package struct RandomParameters: ParameterSource {
  private let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  package func hasParameter(_ name: String) -> Bool { !name.hasSuffix("pos_embed") }

  package func readParameter(_ name: String, into destination: inout MutableSpan<Float>) throws {
    let isNorm = name.contains("norm")
    if name.hasSuffix(".bias") || isNorm {
      for index in 0..<destination.count { destination[index] = isNorm && name.hasSuffix(".weight") ? 1 : 0 }
      return
    }
    var random = SplitMix64(seed: name.utf8.reduce(seed) { SplitMix64.mix($0 ^ UInt64($1)) })
    let spread = name.hasSuffix("_token") ? 0.035 : (3 / Float(destination.count).squareRoot()).squareRoot()
    for index in 0..<destination.count { destination[index] = (2 * random.nextUnitFloat() - 1) * spread }
  }
}
