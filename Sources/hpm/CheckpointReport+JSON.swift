import Checkpoints
import Service
import Tensors

extension CheckpointReport: JSONWritable {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("file", checkpoint.path)
      json.member("format", checkpoint.container.rawValue)
      json.member("bytes", checkpoint.fileByteCount)
      json.member("layout", checkpoint.layout.rawValue)
      json.member("weights", checkpoint.weights.rawValue)
      json.member("available_weights", availableWeights)
      json.member("architecture", survey.architecture.map { Network(found: $0, grid: grid, hasKnownHeads: survey.hasKnownHeads) })
      json.member("non_finite", nonFiniteCount)
      json.member("fits", survey.obstacle == nil)
      json.member("reason", survey.obstacle)
      for kind in KeyProblem.Kind.allCases {
        json.member(kind.rawValue, survey.problems.filter { $0.kind == kind }.map(\.detail))
      }
      json.member(
        "metadata",
        object: { json in
          for (key, value) in checkpoint.metadata.sorted(by: { $0.key < $1.key }) { json.member(key, value) }
        })
      json.member("tensors", survey.entries.map { Row(entry: $0) })
    }
  }

  private struct Network: JSONWritable {
    let found: CheckpointArchitecture
    let grid: [Int]?
    let hasKnownHeads: Bool

    func write(to json: inout JSONWriter) {
      json.object { json in
        json.member("name", found.name)
        for (name, stack) in [("encoder", found.encoder), ("decoder", found.decoder)] {
          json.member(
            name,
            object: { json in
              json.member("width", stack.width)
              json.member("depth", stack.depth)
              json.member("heads", hasKnownHeads ? stack.heads : nil)
              json.member("hidden_width", stack.hiddenWidth)
            })
        }
        json.member("patch_size", found.patchSize)
        json.member("channels", found.channels)
        json.member("patches", found.patchCount)
        json.member("grid", grid)
        json.member("loss_predictor_outputs", found.lossPredictorRows)
        json.member("reconstructor_outputs", found.reconstructorOutputs)
        json.member("parameters", found.parameterCount)
      }
    }
  }

  private struct Row: JSONWritable {
    let entry: CheckpointSurvey.Entry

    func write(to json: inout JSONWriter) {
      json.object { json in
        json.member("name", entry.name)
        json.member("shape", entry.shape.dimensions)
        json.member("type", entry.type.rawValue)
        json.member("bytes", entry.byteCount)
        json.member("non_finite", entry.nonFiniteCount)
      }
    }
  }
}
