import HTTPTypes

extension Operation {
  /// The routes that list and change models.
  static let models: [Operation] = [
    Operation(
      method: .get, template: "/models", summary: "Every model, by name.",
      parameters: [
        Parameter(name: "limit", place: .query, meaning: "Models a page.", schema: .integer(1...ModelsRoute.Page.maximum)),
        Parameter(name: "after", place: .query, meaning: "The `next` of the page before.", schema: .text),
      ], successes: [said("The page.", .named("ModelList"), #"{"data":[\#(model)],"next":null}"#)], problems: [.invalidParameter],
      hasValidator: true),
    Operation(
      method: .get, template: "/models/{name}", summary: "A model: its state, its versions and what it is.",
      successes: [said("The model.", .named("Model"), model)], problems: [.unknownModel], hasValidator: true),
    Operation(
      method: .put, template: "/models/{name}", summary: "Keeps a checkpoint as the newest version of a model; it is not loaded.",
      parameters: [
        Parameter(name: "If-None-Match", place: .header, meaning: "`*`: only where there is no such model.", schema: .words(["*"]))
      ], body: [Content("application/octet-stream")],
      successes: [
        received(200, "A new version of a model that there was."), received(201, "A new model."),
      ],
      problems: [
        .invalidParameter, .malformedBody, .tooLarge, .lengthRequired, .expectationFailed, .unfitModel, .modelExists, .modelsReadOnly,
        .storage, .insufficientStorage, .deadline, .requestTimeout,
      ]),
    Operation(
      method: .delete, template: "/models/{name}", summary: "Deletes a model, or one of its versions.",
      successes: [Success(status: 204, meaning: "It is gone.", contents: [])],
      problems: [.unknownModel, .modelInUse, .modelsReadOnly, .deadline]),
    Operation(
      method: .post, template: "/models/{name}/load", summary: "Loads a model beside those that serve, and lets it take its place.",
      successes: [said("It is ready.", .named("Model"), model)], problems: [.unknownModel, .unfitModel, .deadline]),
    Operation(
      method: .post, template: "/models/{name}/unload", summary: "Takes a model out of service; its memory is free with its last answer.",
      successes: [said("It is unloaded.", .named("Model"), unloaded)], problems: [.unknownModel, .deadline]),
    Operation(
      method: .post, template: "/models/{name}/default", summary: "Lets a model answer where a request names none.",
      successes: [said("It is the default.", .named("Model"), model)], problems: [.unknownModel, .deadline]),
  ]

  /// An answer of 200 in JSON.
  static func said(_ meaning: String, _ schema: JSONSchema, _ example: String) -> Success {
    Success(status: 200, meaning: meaning, contents: [.json(schema, example: example)])
  }

  private static func received(_ status: Int, _ meaning: String) -> Success {
    Success(
      status: status, meaning: meaning,
      contents: [
        .json(
          .named("ReceivedModel"),
          example: #"{\#(listed),"state":"unloaded","reason":null,"sha256":"\#(String(repeating: "0", count: 64))","bytes":448000000}"#)
      ], fields: [Field(name: "Location", meaning: "The model.")])
  }

  private static let listed = #""name":"tiny128","version":1,"versions":[1],"default":true"#
  private static let unloaded = #"{\#(listed),"state":"unloaded","reason":null}"#
  private static let model = #"{\#(listed),"state":"ready","reason":null,"precision":"fp32","architecture":"vit_small_patch4"}"#
}
