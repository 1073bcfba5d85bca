package import Checkpoints
import Kernels
import Masking
import Tensors

extension NetworkParameters {
  /// The network's tensors as a checkpoint holds them: every parameter, and the position tables, under the published names.
  package var writableTensors: [WritableTensor] {
    let length = 1 + configuration.grid.count
    return [
      Self.tensor("pos_embed", [1, length, configuration.encoder.width], positions.array),
      Self.tensor("decoder_pos_embed", [1, length, configuration.decoder.width], decoderPositions.array),
    ] + table.entries.map(tensor)
  }

  private func tensor(_ entry: ParameterTable.Entry) -> WritableTensor {
    WritableTensor(name: entry.name, shape: Shape(entry.shape)) { [arena] first, destination in
      let start = entry.offset + first
      arena.withSpan(of: .values, start..<start + destination.count) { values in
        for index in 0..<values.count { destination[index] = values[index] }
      }
    }
  }

  private static func tensor(_ name: String, _ shape: [Int], _ values: [Float]) -> WritableTensor {
    WritableTensor(name: name, shape: Shape(shape)) { first, destination in
      for index in 0..<destination.count { destination[index] = values[first + index] }
    }
  }
}
