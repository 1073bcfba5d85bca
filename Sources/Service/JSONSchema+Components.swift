import Images
import Masking

extension JSONSchema {
  /// The schemas that the description's bodies refer to, by name.
  static let components: [(name: String, schema: JSONSchema)] =
    [
      ("Problem", problem), ("ModelStamp", modelStamp), ("Image", image), ("Region", region), ("Statistics", statistics),
      ("PredictedLoss", predictedLoss), ("PredictedLosses", results("PredictedLoss")), ("Mask", mask), ("Masks", results("Mask")),
      ("Reconstruction", reconstruction), ("Model", model), ("ModelList", page(of: "Model")), ("ReceivedModel", receivedModel),
      ("Readiness", readiness), ("Tensor", tensor), ("InferRequest", inferRequest), ("InferAnswer", inferAnswer),
      ("ModelMetadata", modelMetadata), ("ModelConfiguration", modelConfiguration), ("ModelStatistics", modelStatistics),
      ("RepositoryIndex", repositoryIndex),
    ] + jobComponents

  private static let mode = JSONSchema.words(PredictionMode.allCases.map(\.rawValue))
  private static let share = JSONSchema.number(0...1)
  private static let mapping = JSONSchema.rows(.anyNumber)

  private static let problem = JSONSchema.object([
    .always("type", .words(ProblemKind.allCases.map { "/problems/\($0.rawValue)" })), .always("title", .text),
    .always("status", .integer(400...599)), .always("detail", .text), .always("instance", .text), .always("error", .text),
    .sometimes("parameter", .text), .sometimes("allowed", .array(.text)),
  ])

  private static let modelStamp = JSONSchema.object([
    .always("name", .text), .always("version", .wholeNumber), .always("sha256", .digest), .always("weights", weights),
    .always("precision", precision),
  ])

  private static let weights = JSONSchema.words(["ema", "student", "plain"])
  private static let precision = JSONSchema.words(["fp32", "bf16"])

  private static let image = JSONSchema.object([
    .always("width", .wholeNumber), .always("height", .wholeNumber), .always("format", .words(["png", "jpeg", "webp", "npy"])),
  ])

  private static let region = JSONSchema.object([
    .always("x", .anyNumber), .always("y", .anyNumber), .always("width", .anyNumber), .always("height", .anyNumber),
  ])

  private static let statistics = JSONSchema.object([
    .always("min", .anyNumber), .always("max", .anyNumber), .always("mean", .anyNumber), .always("std", .anyNumber),
  ])

  private static let predictedLoss = JSONSchema.object([
    .always("id", .text), .always("model", .named("ModelStamp")), .always("image", .named("Image")), .always("region", .named("Region")),
    .always("patch_size", .wholeNumber), .always("grid", .grid), .always("mode", mode), .always("draws", JSONSchema.wholeNumber.orNull),
    .always("predicted_loss", mapping), .always("ranking", .array(.wholeNumber)), .always("stats", .named("Statistics")),
    .always("comparable_across_images", .truth),
    .sometimes(
      "mask",
      .object([
        .always("ratio", share), .always("strategy", strategy), .always("alpha", share.orNull), .always("seed", seed),
        .always("masked", .wholeNumber), .always("values", .rows(.integer(0...1))),
      ])),
  ])

  private static let strategy = JSONSchema.words(MaskStrategy.allCases.map(\.rawValue))
  private static let seed = JSONSchema.integer(0...(1 << 54))

  private static let mask = JSONSchema.object([
    .always("strategy", strategy), .always("ratio", share), .always("alpha", share.orNull), .always("seed", seed),
    .always("grid", .grid), .always("masked", .wholeNumber), .always("visible", .wholeNumber),
    .always("masks", .array(.rows(.integer(0...1)))), .sometimes("id", .text), .sometimes("image", .named("Image")),
    .sometimes("model", .named("ModelStamp")),
  ])

  /// `{"results": […]}`: a problem stands in the place of an image that failed.
  private static func results(_ name: String) -> JSONSchema {
    .object([.always("results", .array(.oneOf([.named(name), .named("Problem")])))])
  }

  /// `{"data": […], "next": …}`.
  static func page(of name: String) -> JSONSchema {
    .object([.always("data", .array(.named(name))), .always("next", JSONSchema.text.orNull)])
  }

  private static let readings = [PredictionMode.fullVisible.rawValue, PredictionMode.maskedAverage.rawValue]

  private static let reconstruction = JSONSchema.object([
    .always("id", .text), .always("model", .named("ModelStamp")), .always("image", .named("Image")), .always("region", .named("Region")),
    .always("patch_size", .wholeNumber), .always("grid", .grid), .always("ratio", share), .always("draws", .wholeNumber),
    .always("reconstruction_loss", mapping), .always("stats", .named("Statistics")),
    .always("predicted_loss", .object(readings.map { .always($0, mapping.orNull) })),
    .always("spearman", .object((readings + ["patch_variance"]).map { .always($0, JSONSchema.number(-1...1).orNull) })),
  ])

  private static let state = JSONSchema.words(["unloaded", "loading", "ready", "failed"])

  private static let listed: [Member] = [
    .always("name", .text), .always("version", .wholeNumber), .always("versions", .array(.wholeNumber)), .always("default", .truth),
    .always("state", state), .always("reason", JSONSchema.text.orNull),
  ]

  private static let model = JSONSchema.object(
    listed + [
      .sometimes("precision", precision), .sometimes("architecture", .text), .sometimes("parameters", .integer(nil)),
      .sometimes("weights", weights), .sometimes("sha256", .digest), .sometimes("patch_size", .wholeNumber),
      .sometimes("image_size", .array(.wholeNumber)), .sometimes("grid", .grid), .sometimes("default_mode", mode),
      .sometimes("training_mask_ratio", share.orNull), .sometimes("loss_predictor", .truth), .sometimes("reconstructor", .truth),
      .sometimes("comparable_across_images", .truth), .sometimes("metadata", .dictionary(.text)),
    ])

  private static let receivedModel = JSONSchema.object(listed + [.always("sha256", .digest), .always("bytes", .integer(nil))])

  private static let readiness = JSONSchema.object([
    .always("ready", .truth), .always("reasons", .array(.words(["draining", "loading", "no_model"]))),
  ])
}

extension JSONSchema {
  private static let tensorType = JSONSchema.words(["FP32", "BOOL", "BYTES"])

  private static let declaration = JSONSchema.object([
    .always("name", .text), .always("datatype", tensorType), .always("shape", .array(.integer(nil))),
  ])

  private static let tensor = JSONSchema.object([
    .always("name", .text), .always("datatype", tensorType), .always("shape", .array(.integer(nil))),
    .sometimes("data", .array(.oneOf([.anyNumber, .truth]))),
    .sometimes("parameters", .object([.sometimes("binary_data_size", .integer(nil))])),
  ])

  /// Those of the query table, as they are or as a text, and those that say how the request is answered.
  private static let inferParameters = JSONSchema.closed(
    QueryTable.infer.parameters.map { .sometimes($0.name, .oneOf([$0.schema, .text])) } + [
      .sometimes("timeout", .integer(nil)), .sometimes("binary_data_output", .truth),
    ])

  private static func input(_ input: InferTensors.Input, _ shape: JSONSchema, _ element: JSONSchema) -> JSONSchema {
    .closed([
      .always("name", .words([input.rawValue])), .always("datatype", .words([input.type.rawValue])), .always("shape", shape),
      .sometimes("data", .array(element)), .sometimes("parameters", .closed([.sometimes("binary_data_size", .wholeNumber)])),
    ])
  }

  /// An extent of a tensor.
  private static let extent = JSONSchema.integer(1...InferTensors.maximumExtent)

  private static let inferRequest = JSONSchema.closed([
    .sometimes("id", .text), .sometimes("parameters", inferParameters),
    .always(
      "inputs",
      .list(.oneOf([input(.pixels, .list(extent, 4...4), .anyNumber), input(.image, .list(extent, 1...2), .text)]), 1...1)),
    .sometimes(
      "outputs",
      .array(
        .closed([
          .always("name", .words(InferOutputs.named.map(\.name))),
          .sometimes("parameters", .closed([.sometimes("binary_data", .truth)])),
        ]))),
  ])

  private static let inferAnswer = JSONSchema.object([
    .always("model_name", .text), .always("model_version", .text), .sometimes("id", .text), .always("outputs", .array(.named("Tensor"))),
  ])

  private static let modelMetadata = JSONSchema.object([
    .always("name", .text), .always("versions", .array(.text)), .always("platform", .text), .always("inputs", .array(declaration)),
    .always("outputs", .array(declaration)),
  ])

  private static let declared = JSONSchema.object([
    .always("name", .text), .always("data_type", .text), .always("dims", .array(.integer(nil))),
  ])

  private static let modelConfiguration = JSONSchema.object([
    .always("name", .text), .always("platform", .text), .always("backend", .text), .always("max_batch_size", .wholeNumber),
    .always("input", .array(declared)), .always("output", .array(declared)),
    .always("parameters", .dictionary(.object([.always("string_value", .text)]))),
  ])

  private static let tally = JSONSchema.object([.always("count", .integer(nil)), .always("ns", .integer(nil))])

  private static let modelStatistics = JSONSchema.object([
    .always(
      "model_stats",
      .array(
        .object([
          .always("name", .text), .always("version", .text), .always("last_inference", .integer(nil)),
          .always("inference_count", .integer(nil)), .always("execution_count", .integer(nil)),
          .always(
            "inference_stats",
            .object(["success", "fail", "queue", "compute_input", "compute_infer", "compute_output"].map { .always($0, tally) })),
          .always("batch_stats", .array(.object([.always("batch_size", .wholeNumber), .always("compute_infer", tally)]))),
        ])))
  ])

  private static let repositoryIndex = JSONSchema.array(
    .object([
      .always("name", .text), .always("version", .text), .always("state", .words(["READY", "LOADING", "UNAVAILABLE"])),
      .always("reason", .text),
    ]))
}
