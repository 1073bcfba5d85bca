/// Which model an answer comes from.
struct ModelStamp: JSONWritable {
  let model: ModelDescription

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", model.name)
      json.member("version", model.version)
      json.member("sha256", model.sha256)
      json.member("weights", model.weights.rawValue)
      json.member("precision", model.precision.rawValue)
    }
  }

  /// The same for answers that are no JSON: the value of the `Hpm-Model` field.
  var field: String {
    "\(model.name)@\(model.version); sha256=\(model.sha256); weights=\(model.weights.rawValue); precision=\(model.precision.rawValue)"
  }
}

extension ModelLibrary {
  /// What is said of the model that `name` or `name@version` stands for.
  func payload(_ specification: String) throws(Problem) -> ModelPayload {
    guard let entry = entry(specification) else {
      throw Problem(.unknownModel, "There is no model \"\(specification)\".", allowed: Set(entries.map(\.name)).sorted())
    }
    return ModelPayload(entry: entry, versions: entries.filter { $0.name == entry.name }.map(\.version).sorted(by: >))
  }
}

/// A model as `GET /models` shows it; what only a loaded model knows is left out of one that is not.
struct ModelPayload: JSONWritable {
  let entry: ModelLibrary.Entry
  /// Every version of the same name.
  let versions: [Int]

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("name", entry.name)
      json.member("version", entry.version)
      json.member("versions", versions)
      json.member("default", entry.isDefault)
      json.member("state", state)
      json.member("reason", entry.reason)
      if case .ready(let model) = entry.state { write(model.description, to: &json) }
    }
  }

  var state: String {
    switch entry.state {
    case .unloaded: "unloaded"
    case .loading: "loading"
    case .ready: "ready"
    case .failed: "failed"
    }
  }

  private func write(_ model: ModelDescription, to json: inout JSONWriter) {
    json.member("precision", model.precision.rawValue)
    json.member("architecture", model.architecture)
    json.member("parameters", model.parameters)
    json.member("weights", model.weights.rawValue)
    json.member("sha256", model.sha256)
    json.member("patch_size", model.patchSize)
    json.member("image_size", [model.imageHeight, model.imageWidth])
    json.member("grid", [model.rows, model.columns])
    json.member("default_mode", model.defaultMode.rawValue)
    json.member("training_mask_ratio", model.trainingMaskRatio)
    json.member("loss_predictor", model.hasLossPredictor)
    json.member("reconstructor", model.hasReconstructor)
    json.member("comparable_across_images", model.comparableAcrossImages)
    json.member(
      "metadata",
      object: { json in
        for (key, value) in model.metadata.sorted(by: { $0.key < $1.key }) { json.member(key, value) }
      })
  }
}
