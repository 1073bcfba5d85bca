package import Kernels
import Tensors

/// A trainable network's numbers: its table of parameters, the arena that holds them, and its fixed position tables.
package final class NetworkParameters {
  package let configuration: ModelConfiguration
  package let table: ParameterTable
  package let arena: ParameterArena
  /// `[1 + L, D]` of the encoder.
  let positions: Buffer<Float>
  /// `[1 + L, D]` of both decoders.
  let decoderPositions: Buffer<Float>

  /// Parameters of which every number is zero until ``initialise(seed:)`` or ``load(from:)``.
  package init(_ configuration: ModelConfiguration, table: ParameterTable, contents: ParameterArena.Contents) {
    self.configuration = configuration
    self.table = table
    arena = ParameterArena(count: table.count, contents: contents)
    positions = Buffer(PositionTable.sineCosine(grid: configuration.grid, width: configuration.encoder.width))
    decoderPositions = Buffer(PositionTable.sineCosine(grid: configuration.grid, width: configuration.decoder.width))
  }

  /// Fresh weights as MAE starts; equal seeds give equal numbers on every machine.
  package func initialise(seed: UInt64) {
    for entry in table.entries {
      arena.withMutableSpan(of: .values, entry.range) { entry.initialisation.fill(&$0, name: entry.name, seed: seed) }
    }
  }

  /// Reads every parameter from `source`. Throws what the source throws: a parameter missing or of another size.
  package func load(from source: some ParameterSource) throws {
    for entry in table.entries {
      try arena.withMutableSpan(of: .values, entry.range) { try source.readParameter(entry.name, into: &$0) }
    }
  }

  /// Takes the values of `other`, a network of the same table.
  package func copyValues(of other: NetworkParameters) {
    precondition(other.table.count == table.count, "copying \(other.table.count) parameters over \(table.count)")
    other.arena.withSpan(of: .values, 0..<arena.count) { from in
      arena.withMutableSpan(of: .values, 0..<arena.count) { into in
        for index in 0..<from.count { into[index] = from[index] }
      }
    }
  }

  /// A parameter's numbers.
  package func values(_ name: String) -> [Float] { part(.values, of: name) }

  /// The gradient accumulated for a parameter.
  package func gradient(_ name: String) -> [Float] { part(.gradients, of: name) }

  private func part(_ part: ParameterArena.Part, of name: String) -> [Float] {
    arena.withSpan(of: part, table[name].range) { span in span.withUnsafeBufferPointer { Array($0) } }
  }

  func token(_ name: String) -> ParameterView { arena.view(table[name].range) }

  func linear(_ name: String, inputs: Int, outputs: Int) -> LinearParameters {
    LinearParameters(inputs: inputs, outputs: outputs, weights: token(name + ".weight"), bias: token(name + ".bias"))
  }

  func layerNorm(_ name: String) -> LayerNormParameters {
    LayerNormParameters(scale: token(name + ".weight"), shift: token(name + ".bias"), epsilon: configuration.layerNormEpsilon)
  }
}

/// A network in training as the source of an inference model's weights.
extension NetworkParameters: ParameterSource {
  package func hasParameter(_ name: String) -> Bool { table.contains(name) }

  package func readParameter(_ name: String, into destination: inout MutableSpan<Float>) {
    let range = table[name].range
    precondition(destination.count == range.count, "\(name) has \(range.count) numbers, not \(destination.count)")
    arena.withSpan(of: .values, range) { span in
      for index in 0..<span.count { destination[index] = span[index] }
    }
  }
}
