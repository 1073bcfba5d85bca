import Evaluation
import Images
import Masking

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
          json.member(PatchRanker.patchVariance.rawValue, correlation(patchVariance))
        })
    }
  }

  private func map(_ values: [Float]) -> PatchMap { PatchMap(rows: subject.rows, columns: subject.columns, values: values) }

  private var patchVariance: [Float] {
    PatchRanker.patchVariance.scores(
      of: subject.values, grid: PatchGrid(rows: subject.rows, columns: subject.columns), patchSize: model.patchSize)
  }

  private func correlation(_ map: [Float]?) -> Double? { map.flatMap { RankCorrelation.spearman($0, reconstruction.trueLoss) } }
}
