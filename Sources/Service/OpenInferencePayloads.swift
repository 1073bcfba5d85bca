/// What `GET /v2` says.
struct ServerMetadata: JSONWritable {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", "hpm")
      json.member("version", ProgramVersion.text)
      json.member("extensions", ["binary_tensor_data", "model_configuration", "model_repository", "statistics"])
    }
  }
}

/// Members that are true or false.
struct Statement: JSONWritable {
  let members: [(name: String, value: Bool)]

  func write(to json: inout JSONWriter) {
    json.object { json in for (name, value) in members { json.member(name, value) } }
  }
}

/// What `GET /v2/models/{name}/ready` says of a model that is.
struct ModelReadiness: JSONWritable {
  let name: String

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", name)
      json.member("ready", true)
    }
  }
}

/// What loading or unloading answers.
struct RepositoryAnswer: JSONWritable {
  let name: String
  /// `load` or `unload`.
  let done: String

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", name)
      json.member(done, true)
    }
  }
}

/// A tensor as metadata and configuration describe it; -1 stands for any extent.
struct TensorDeclaration: Sendable {
  let name: String
  let type: TensorType
  let shape: [Int]

  /// What can be sent: one of these.
  static func inputs(of model: ModelDescription) -> [TensorDeclaration] {
    [
      TensorDeclaration(name: InferTensors.Input.pixels.rawValue, type: .float32, shape: [-1, 3, -1, -1]),
      TensorDeclaration(name: InferTensors.Input.image.rawValue, type: .bytes, shape: [-1]),
    ]
  }

  /// What can be asked for.
  static func outputs(of model: ModelDescription) -> [TensorDeclaration] {
    let all = [
      TensorDeclaration(name: "predicted_loss", type: .float32, shape: [-1, -1]),
      TensorDeclaration(name: "mask", type: .truth, shape: [-1, -1]),
      TensorDeclaration(name: "latent", type: .float32, shape: [-1, -1, model.width]),
    ]
    return all.filter { $0.name != "predicted_loss" || model.hasLossPredictor }
  }
}

extension TensorDeclaration: JSONWritable {
  /// As metadata has it.
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", name)
      json.member("datatype", type.rawValue)
      json.member("shape", shape)
    }
  }
}

/// What `GET /v2/models/{name}` says.
struct ModelMetadata: JSONWritable {
  let model: ModelDescription
  let versions: [String]

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", model.name)
      json.member("versions", versions)
      json.member("platform", "hpm")
      json.member("inputs", TensorDeclaration.inputs(of: model))
      json.member("outputs", TensorDeclaration.outputs(of: model))
    }
  }
}

/// What `GET /v2/models/{name}/config` says: of Triton's ModelConfig what clients read.
struct ModelConfigurationPayload: JSONWritable {
  let model: ModelDescription
  let maximumImages: Int

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", model.name)
      json.member("platform", "hpm")
      json.member("backend", "hpm")
      json.member("max_batch_size", maximumImages)
      json.member("input", TensorDeclaration.inputs(of: model).map(Declared.init))
      json.member("output", TensorDeclaration.outputs(of: model).map(Declared.init))
      json.member(
        "parameters",
        object: { json in
          json.member("architecture", object: { $0.member("string_value", model.architecture) })
          json.member("precision", object: { $0.member("string_value", model.precision.rawValue) })
        })
    }
  }

  /// A tensor as the configuration has it: without the batch, which `max_batch_size` stands for.
  private struct Declared: JSONWritable {
    let tensor: TensorDeclaration

    func write(to json: inout JSONWriter) {
      json.object { json in
        json.member("name", tensor.name)
        json.member("data_type", tensor.type == .bytes ? "TYPE_STRING" : "TYPE_" + tensor.type.rawValue)
        json.member("dims", tensor.shape.count == 1 ? [1] : Array(tensor.shape.dropFirst()))
      }
    }
  }
}

/// What `POST /v2/repository/index` says.
struct RepositoryIndex: JSONWritable {
  let entries: [ModelLibrary.Entry]

  func write(to json: inout JSONWriter) {
    json.array { json in
      for entry in entries {
        json.object { json in
          json.member("name", entry.name)
          json.member("version", String(entry.version))
          json.member("state", Self.state(entry.state))
          json.member("reason", entry.reason ?? "")
        }
      }
    }
  }

  private static func state(_ state: ModelLibrary.State) -> String {
    switch state {
    case .ready: "READY"
    case .loading: "LOADING"
    case .unloaded, .failed: "UNAVAILABLE"
    }
  }
}

/// What the statistics routes say.
struct StatisticsPayload: JSONWritable {
  let models: [ServedModel]

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member(
        "model_stats",
        array: { json in for model in models { Self.write(model.description, model.statistics, to: &json) } })
    }
  }

  private static func write(_ model: ModelDescription, _ statistics: ModelStatistics, to json: inout JSONWriter) {
    json.object { json in
      json.member("name", model.name)
      json.member("version", String(model.version))
      json.member("last_inference", statistics.lastInference)
      json.member("inference_count", statistics.inferenceCount)
      json.member("execution_count", statistics.executionCount)
      json.member(
        "inference_stats",
        object: { json in
          json.member("success", statistics.success)
          json.member("fail", statistics.failure)
          json.member("queue", statistics.queue)
          json.member("compute_input", statistics.input)
          json.member("compute_infer", statistics.compute)
          json.member("compute_output", statistics.output)
        })
      json.member(
        "batch_stats",
        array: { json in
          for (images, tally) in statistics.passes.sorted(by: { $0.key < $1.key }) {
            json.object { json in
              json.member("batch_size", images)
              json.member("compute_infer", tally)
            }
          }
        })
    }
  }
}

extension ModelStatistics.Tally: JSONWritable {
  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("count", count)
      json.member("ns", Int(exactly: (seconds * 1e9).rounded()) ?? 0)
    }
  }
}
