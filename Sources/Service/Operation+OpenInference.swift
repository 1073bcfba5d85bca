import HTTPTypes

extension Operation {
  /// The Open Inference Protocol v2.
  static let openInference: [Operation] =
    [
      Operation(
        method: .get, template: "/v2", summary: "What this server is, and which extensions of the protocol it speaks.",
        successes: [
          said(
            "The server.", .object([.always("name", .text), .always("version", .text), .always("extensions", .array(.text))]),
            #"{"name":"hpm","version":"0.1.0","extensions":["binary_tensor_data"]}"#)
        ], hasValidator: true),
      Operation(
        method: .get, template: "/v2/health/live", summary: "Whether the process answers at all.",
        successes: [said("It does.", .object([.always("live", .truth)]), #"{"live":true}"#)], hasValidator: true),
      Operation(
        method: .get, template: "/v2/health/ready", summary: "Whether requests should come here.",
        successes: [
          said("They should.", readyAndLive, #"{"ready":true,"live":true}"#),
          Success(
            status: 503, meaning: "They should not.", contents: [.json(readyAndLive, example: #"{"ready":false,"live":true}"#)],
            fields: [Field(name: "Retry-After", meaning: "Seconds after which asking again may help.")]),
        ], hasValidator: true),
      Operation(
        method: .get, template: "/v2/models/stats", summary: "What was asked of every model that is ready.",
        successes: [said("The statistics.", .named("ModelStatistics"), statistics)], hasValidator: true),
    ] + ["/v2/models/{name}", "/v2/models/{name}/versions/{version}"].flatMap(model) + repository

  private static let readyAndLive = JSONSchema.object([.always("ready", .truth), .always("live", .truth)])

  /// The routes of a model, or of one of its versions.
  private static func model(_ template: String) -> [Operation] {
    let unready: [ProblemKind] = [.unknownModel, .loading, .noModel]
    return [
      Operation(
        method: .get, template: template, summary: "What goes into a model, and what comes out.",
        successes: [said("The metadata.", .named("ModelMetadata"), metadata)], problems: unready, hasValidator: true),
      Operation(
        method: .get, template: template + "/ready", summary: "Whether a model answers.",
        successes: [
          said("It does.", .object([.always("name", .text), .always("ready", .truth)]), #"{"name":"tiny128","ready":true}"#)
        ], problems: unready, hasValidator: true),
      Operation(
        method: .get, template: template + "/config", summary: "A model's configuration, as Triton has it.",
        successes: [said("The configuration.", .named("ModelConfiguration"), configuration)], problems: unready, hasValidator: true),
      Operation(
        method: .get, template: template + "/stats", summary: "What was asked of a model.",
        successes: [said("The statistics.", .named("ModelStatistics"), statistics)], problems: unready, hasValidator: true),
      infer(template + "/infer"),
    ]
  }

  private static func infer(_ template: String) -> Operation {
    Operation(
      method: .post, template: template, summary: "Predicted losses, masks and latents of images in tensors.",
      parameters: [
        Parameter(
          name: "Inference-Header-Content-Length", place: .header,
          meaning: "How many bytes of the body are JSON, where tensors follow in binary; 0 where the body is one image.",
          schema: .wholeNumber), deadline,
      ],
      body: [.json(.named("InferRequest"), example: request), Content("application/octet-stream")],
      successes: [
        Success(
          status: 200, meaning: "The outputs.",
          contents: [.json(.named("InferAnswer"), example: answer), Content("application/octet-stream")],
          fields: [
            Field(name: "Inference-Header-Content-Length", meaning: "How many bytes are JSON, where tensors follow in binary."),
            Field(name: "Server-Timing", meaning: "Milliseconds of decode, preprocess, queue, compute and render."),
            Field(name: "Hpm-Model", meaning: "Which model the answer comes from."),
          ])
      ],
      problems: modelled + [
        .malformedBody, .invalidParameter, .parameterWithoutEffect, .conflictingParameters, .missingParameter, .tooLarge, .lengthRequired,
        .unsupportedMedia, .expectationFailed, .undecodableImage, .unsuitableArray, .oneGridNeeded, .impossibleMask, .incapableModel,
        .requestTimeout,
      ])
  }

  private static let repository: [Operation] = [
    Operation(
      method: .post, template: "/v2/repository/index", summary: "Every version of every model.",
      body: [.json(.closed([.sometimes("ready", .truth)]), example: #"{"ready":true}"#)], bodyMayBeAbsent: true,
      successes: [
        said("The index.", .named("RepositoryIndex"), #"[{"name":"tiny128","version":"1","state":"READY","reason":""}]"#)
      ], problems: control),
    change("load", "Loads a model."), change("unload", "Takes a model out of service."),
  ]

  private static let control: [ProblemKind] = [.malformedBody, .tooLarge, .lengthRequired, .expectationFailed, .requestTimeout, .deadline]

  private static func change(_ verb: String, _ summary: String) -> Operation {
    Operation(
      method: .post, template: "/v2/repository/models/{name}/\(verb)", summary: summary,
      body: [
        .json(
          .closed([.sometimes("parameters", .closed(verb == "unload" ? [.sometimes("unload_dependents", .truth)] : []))]), example: "{}")
      ], bodyMayBeAbsent: true,
      successes: [
        said("Done.", .object([.always("name", .text), .always(verb, .truth)]), #"{"name":"tiny128","\#(verb)":true}"#)
      ], problems: control + [.unknownModel, .unfitModel])
  }

  private static let metadata =
    #"{"name":"tiny128","versions":["1"],"platform":"hpm","inputs":[{"name":"image","datatype":"BYTES","shape":[-1]}],"#
    + #""outputs":[{"name":"predicted_loss","datatype":"FP32","shape":[-1,-1]}]}"#
  private static let configuration =
    #"{"name":"tiny128","platform":"hpm","backend":"hpm","max_batch_size":256,"input":[{"name":"image","data_type":"TYPE_STRING","dims":[1]}],"#
    + #""output":[{"name":"predicted_loss","data_type":"TYPE_FP32","dims":[-1]}],"parameters":{"precision":{"string_value":"fp32"}}}"#
  private static let tally = #"{"count":1,"ns":2000000}"#
  private static let statistics =
    #"{"model_stats":[{"name":"tiny128","version":"1","last_inference":0,"inference_count":1,"execution_count":1,"inference_stats":{"#
    + #""success":\#(tally),"fail":\#(tally),"queue":\#(tally),"compute_input":\#(tally),"compute_infer":\#(tally),"compute_output":\#(tally)},"#
    + #""batch_stats":[{"batch_size":1,"compute_infer":\#(tally)}]}]}"#
  private static let request =
    #"{"id":"1","inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mOIspEDAAGoALXtc05cAAAAAElFTkSuQmCC"]}],"outputs":[{"name":"predicted_loss"}]}"#
  private static let answer =
    #"{"model_name":"tiny128","model_version":"1","id":"1","outputs":[{"name":"predicted_loss","datatype":"FP32","shape":[1,2],"data":[-0.5,0.25]}]}"#
}
