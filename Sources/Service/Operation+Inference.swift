import HTTPTypes

extension Operation {
  /// The routes that ask a model, and the bare mask.
  static let inference: [Operation] = [
    Operation(
      method: .post, template: "/predict-loss", summary: "Which patches of images the model expects to reconstruct worst.",
      parameters: QueryTable.predictLoss.described + [deadline], body: images,
      successes: [answered(["PredictedLoss", "PredictedLosses"], example: predictedLoss, formats: AnswerFormat.allCases)],
      problems: asked + [.oneGridNeeded, .impossibleMask, .incapableModel, .missingParameter, .conflictingParameters]),
    Operation(
      method: .post, template: "/mask", summary: "Which patches of the images in the body to hide.",
      parameters: QueryTable.postMask.described + [deadline], body: images,
      successes: [answered(["Mask", "Masks"], example: mask, formats: AnswerFormat.allCases)],
      problems: asked + [.oneGridNeeded, .impossibleMask, .incapableModel, .missingParameter, .conflictingParameters]),
    Operation(
      method: .get, template: "/mask", summary: "Which patches of an earlier upload, or of a bare grid, to hide.",
      parameters: QueryTable.getMask.described + [deadline],
      successes: [answered(["Mask"], example: mask, formats: AnswerFormat.allCases)],
      problems: modelled + [
        .notAcceptable, .unknownImage, .imageNeeded, .oneGridNeeded, .impossibleMask, .incapableModel, .missingParameter,
        .conflictingParameters, .invalidParameter, .parameterWithoutEffect,
      ], hasValidator: true),
    Operation(
      method: .post, template: "/reconstruct", summary: "What the model makes of one image under random masks: the paper's Figure 2.",
      parameters: QueryTable.reconstruct.described + [deadline], body: images,
      successes: [answered(["Reconstruction"], example: reconstruction, formats: [.json, .png])],
      problems: asked + [.oneGridNeeded, .incapableModel]),
  ]

  /// How long the client waits at most.
  static let deadline = Parameter(
    name: "Request-Timeout", place: .header, meaning: "Seconds that the client waits at most, such as 2.5.",
    schema: .number(Endpoint.requestTimeouts)
  )

  /// What an answer that a model is asked for may be instead.
  static let modelled: [ProblemKind] = [.unknownModel, .queueFull, .loading, .noModel, .deadline]

  private static let asked: [ProblemKind] =
    modelled + [
      .invalidParameter, .parameterWithoutEffect, .malformedBody, .unexpectedPart, .notAcceptable, .lengthRequired, .tooLarge,
      .unsupportedMedia, .expectationFailed, .undecodableImage, .unsuitableArray, .requestTimeout,
    ]

  /// What carries images: the first bytes decide, except for a form.
  private static let images: [Content] = [
    Content("image/png"), Content("image/jpeg"), Content("image/webp"), Content("application/x-npy"), Content("application/octet-stream"),
    Content("multipart/form-data", .object([.always("image", .array(.text))])),
  ]

  private static func answered(_ schemas: [String], example: String, formats: [AnswerFormat]) -> Success {
    let schema = schemas.count == 1 ? JSONSchema.named(schemas[0]) : .oneOf(schemas.map(JSONSchema.named))
    let contents = formats.map { format in
      format == .json ? Content.json(schema, example: example) : Content(format.mediaType)
    }
    return Success(
      status: 200, meaning: "The answer, in the form that `format` or `Accept` chooses.", contents: contents,
      fields: [
        Field(name: "Server-Timing", meaning: "Milliseconds of decode, preprocess, queue, compute and render, where a model was asked."),
        Field(name: "Hpm-Model", meaning: "Which model the answer comes from, where one was asked."),
      ])
  }

  private static let stamp =
    #"{"name":"tiny128","version":1,"sha256":"\#(String(repeating: "0", count: 64))","weights":"ema","precision":"fp32"}"#
  private static let source =
    #""image":{"width":640,"height":427,"format":"jpeg"},"region":{"x":133.5,"y":26.5,"width":374.0,"height":374.0},"patch_size":16,"grid":[1,2]"#
  private static let statistics = #""stats":{"min":-0.5,"max":0.25,"mean":-0.125,"std":0.375}"#

  private static let predictedLoss =
    #"{"id":"sha256:00","model":\#(stamp),\#(source),"mode":"full_visible","draws":null,"predicted_loss":[[-0.5,0.25]],"ranking":[1,0],"#
    + #"\#(statistics),"comparable_across_images":false}"#
  private static let mask =
    #"{"strategy":"random","ratio":0.5,"alpha":null,"seed":0,"grid":[1,2],"masked":1,"visible":1,"masks":[[[0,1]]]}"#
  private static let reconstruction =
    #"{"id":"sha256:00","model":\#(stamp),\#(source),"ratio":0.75,"draws":10,"reconstruction_loss":[[0.5,0.75]],\#(statistics),"#
    + #""predicted_loss":{"full_visible":[[-0.5,0.25]],"masked_average":[[-0.5,0.25]]},"#
    + #""spearman":{"full_visible":1.0,"masked_average":1.0,"patch_variance":null}}"#
}
