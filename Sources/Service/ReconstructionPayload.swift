import Images

/// What `/reconstruct` answers as JSON.
struct ReconstructionPayload: JSONWritable, Sendable {
  let subject: Subject
  let model: ModelDescription
  let ratio: Double
  let draws: Int
  let reconstruction: Reconstruction

  func write(to json: inout JSONWriter) {
    let truth = map(reconstruction.trueLoss)
    let fullVisible = reconstruction.fullVisible
    let maskedAverage = reconstruction.maskedAverage
    json.object { json in
      json.member("id", subject.id)
      json.member("model", ModelStamp(model: model))
      json.member("image", subject.source)
      json.member("region", subject.region)
      json.member("patch_size", model.patchSize)
      json.member("grid", [subject.rows, subject.columns])
      json.member("ratio", ratio)
      json.member("draws", draws)
      json.member("reconstruction_loss", truth)
      json.member("stats", truth.statistics)
      json.member(
        "predicted_loss",
        object: { json in
          json.member(PredictionMode.fullVisible.rawValue, fullVisible.map(map))
          json.member(PredictionMode.maskedAverage.rawValue, maskedAverage.map(map))
        })
      json.member(
        "spearman",
        object: { json in
          json.member(PredictionMode.fullVisible.rawValue, correlation(fullVisible))
          json.member(PredictionMode.maskedAverage.rawValue, correlation(maskedAverage))
          json.member("patch_variance", correlation(subject.patchVariance(patchSize: model.patchSize)))
        })
    }
  }

  private func map(_ values: [Float]) -> PatchMap { PatchMap(rows: subject.rows, columns: subject.columns, values: values) }

  private func correlation(_ map: [Float]?) -> Double? { map.flatMap { RankCorrelation.spearman($0, reconstruction.trueLoss) } }
}

extension Subject {
  /// The variance of each patch's P·P·3 normalised pixels: what any ranker has to beat.
  func patchVariance(patchSize: Int) -> [Float] {
    (0..<rows * columns).map { patch in
      var sum = 0.0
      var squares = 0.0
      for channel in 0..<3 {
        for y in 0..<patchSize {
          let start = (channel * height + patch / columns * patchSize + y) * width + patch % columns * patchSize
          for value in values[start..<start + patchSize] {
            sum += Double(value)
            squares += Double(value) * Double(value)
          }
        }
      }
      let count = Double(3 * patchSize * patchSize)
      return Float(squares / count - (sum / count) * (sum / count))
    }
  }
}
