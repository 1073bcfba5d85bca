import Foundation
import HTTPTypes
import Tensors
import Testing

@testable import Service

/// Arrays whose brightness is known patch by patch.
enum Arrays {
  /// float32 (count, 3, rows · 16, columns · 16): patch p of image b is `value(b, p)` all over.
  static func floats(count: Int = 1, rows: Int, columns: Int, _ value: (Int, Int) -> Float) -> [UInt8] {
    let (height, width) = (rows * 16, columns * 16)
    var values: [Float] = []
    for image in 0..<count {
      for _ in 0..<3 {
        for y in 0..<height {
          for x in 0..<width { values.append(value(image, y / 16 * columns + x / 16)) }
        }
      }
    }
    return NumPyFile.encode(shape: Shape([count, 3, height, width]), floats: values)
  }
}

@Suite struct ArrayBodyTests {
  @Test func `gives every patch of every image its own number`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(count: 2, rows: 2, columns: 3) { Float($0 * 10 + $1) }
    let results = try #require(try await harness.send(.post, "/predict-loss", body: body).json()["results"] as? [[String: Any]])
    #expect(results.count == 2)
    #expect(results[0]["predicted_loss"] as? [[Float]] == [[0, 1, 2], [3, 4, 5]])
    #expect(results[1]["predicted_loss"] as? [[Float]] == [[10, 11, 12], [13, 14, 15]])
    #expect(results[0]["ranking"] as? [Int] == [5, 4, 3, 2, 1, 0])
    #expect(results[0]["grid"] as? [Int] == [2, 3])
    #expect((results[0]["image"] as? [String: Any])?["format"] as? String == "npy")
    #expect((results[0]["region"] as? [String: Double]) == ["x": 0, "y": 0, "width": 48, "height": 32])
  }

  @Test func `has no more patches than are allowed, unless it is of the model's own size`() async throws {
    let harness = await Harness { $0.maximumPatches = 12 }
    func answer(_ rows: Int, _ columns: Int) async throws -> Reply {
      try await harness.send(.post, "/predict-loss", body: Arrays.floats(rows: rows, columns: columns) { _, _ in 0 })
    }
    #expect(try await answer(4, 4).status == 200)
    let problem = try await answer(4, 5)
    #expect(problem.status == 422)
    #expect(
      try problem.json()["detail"] as? String == "The image has 4 by 5 patches of 16 pixels, more than the 12 that --max-patches allows; "
        + "48 pixels on the longer side give fewer, whatever its shape.")
  }

  @Test func `is float32 of images, rows and columns as NumPy`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(count: 2, rows: 1, columns: 2) { Float($0 + $1) }
    let reply = try await harness.send(.post, "/predict-loss?format=npy", body: body)
    let file = try NumPyFile.parse(reply.body)
    #expect(file.shape == [2, 1, 2])
    #expect(file.floats == [0, 1, 1, 2])
    #expect(reply.head.headerFields[HTTPField.Name("Hpm-Model")!]?.contains("precision=fp32") == true)
  }

  @Test func `writes a float32 with no more digits than it has`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(rows: 1, columns: 1) { _, _ in 0.125 }
    #expect(try await harness.send(.post, "/predict-loss", body: body).text.contains(#""predicted_loss":[[0.125]]"#))
  }

  @Test func `answers the members in the contract's order`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(rows: 1, columns: 2) { Float($1) }
    let text = try await harness.send(.post, "/predict-loss?ratio=.5", body: body).text
    let names = [
      "id", "model", "image", "region", "patch_size", "grid", "mode", "draws", "predicted_loss", "ranking", "stats",
      "comparable_across_images", "mask",
    ]
    let places = try names.map { try #require(text.range(of: "\"\($0)\":"), "\($0)").lowerBound }
    #expect(places == places.sorted())
    #expect(text.hasSuffix(#""mask":{"ratio":0.5,"strategy":"hard","alpha":1.0,"seed":0,"masked":1,"values":[[0,1]]}}]}"#))
  }

  @Test func `says the mode, its draws, and whether images may be compared`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(rows: 1, columns: 2) { Float($1) }
    let full = try await harness.send(.post, "/predict-loss", body: body).text
    #expect(full.contains(#""mode":"full_visible","draws":null"#))
    #expect(full.contains(#""comparable_across_images":true"#))
    let average = try await harness.send(.post, "/predict-loss?mode=masked_average&draws=12", body: body).text
    #expect(average.contains(#""mode":"masked_average","draws":12,"predicted_loss":[[0.0,-1.0]]"#) || average.contains("[[-0.0,-1.0]]"))
    #expect(average.contains(#""comparable_across_images":false"#))
  }

  @Test func `carries where the time went`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(rows: 1, columns: 1) { _, _ in 0 }
    let timing = try #require(try await harness.send(.post, "/predict-loss", body: body).head.headerFields[.serverTiming])
    let stages = timing.split(separator: ", ").map { $0.split(separator: ";")[0] }
    #expect(stages == ["decode", "preprocess", "queue", "compute", "render"])
    #expect(timing.contains(", compute;dur=2.000, "))
  }

  @Test func `gives image b of a batch the seed that comes b later`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(count: 2, rows: 4, columns: 4) { _, _ in 0 }
    let batch = try await harness.send(.post, "/mask?strategy=random&seed=5", body: body).json()["results"] as? [[String: Any]]
    let bare = try await harness.send(.get, "/mask?grid=4x4&seed=6").json()["masks"] as? [[[Int]]]
    #expect(batch?[1]["masks"] as? [[[Int]]] == bare)
    #expect(batch?[1]["seed"] as? Int == 6)
  }

  @Test func `masks the patches of greatest predicted loss, or of least, or those attended to`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(rows: 2, columns: 2) { Float($1) }
    for (strategy, mask) in [("hard", "[[0,0],[1,1]]"), ("easy", "[[1,1],[0,0]]"), ("attention", "[[1,1],[0,0]]")] {
      let text = try await harness.send(.post, "/mask?ratio=.5&strategy=\(strategy)", body: body).text
      #expect(text.contains("\"masks\":[\(mask)]"), "\(strategy)")
    }
  }

  @Test func `reads alpha off the easy-to-hard schedule`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(rows: 2, columns: 2) { Float($1) }
    let text = try await harness.send(.post, "/mask?epoch=4&epochs=10", body: body).text
    #expect(text.contains(#""alpha":0.25,"#))
  }

  @Test(arguments: [
    ([1, 3, 17, 16], "unsuitable-array"), ([1, 4, 16, 16], "unsuitable-array"), ([3, 16, 16], "unsuitable-array"),
    ([0, 3, 16, 16], "unsuitable-array"), ([1, 3, 16, 2048], "unsuitable-array"), ([257, 3, 16, 16], "too-large"),
  ])
  func `refuses an array that is no batch of images it may take`(shape: [Int], code: String) async throws {
    let harness = await Harness()
    let body = NumPyFile.encode(shape: Shape(shape), floats: [Float](repeating: 0, count: shape.reduce(1, *)))
    let reply = try await harness.send(.post, "/predict-loss", body: body)
    #expect(try reply.problem() == code)
  }

  @Test func `refuses numbers that are not finite`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(rows: 1, columns: 1) { _, _ in .nan }
    #expect(try await harness.send(.post, "/predict-loss", body: body).problem() == "unsuitable-array")
  }

  @Test func `refuses a NumPy file cut short`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(rows: 1, columns: 1) { _, _ in 0 }
    #expect(try await harness.send(.post, "/predict-loss", body: Array(body.dropLast())).problem() == "unsuitable-array")
  }

  @Test func `names fit, which an array cannot have`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(rows: 1, columns: 1) { _, _ in 0 }
    let reply = try await harness.send(.post, "/predict-loss?fit=crop", body: body)
    #expect(reply.status == 400)
    #expect(try reply.json()["parameter"] as? String == "fit")
  }

  @Test func `names the limit and the flag where the body is too large`() async throws {
    let harness = await Harness { $0.maximumRequestBytes = 2000 }
    let reply = try await harness.send(.post, "/predict-loss", body: Arrays.floats(rows: 1, columns: 1) { _, _ in 0 })
    #expect(reply.status == 413)
    #expect(try reply.json()["detail"] as? String == "The request's body is longer than the 2000 bytes that --max-request-bytes allows.")
  }

  @Test func `correlates each reading, and patch variance, with the true loss`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(rows: 2, columns: 2) { Float($1) }
    let reply = try await harness.send(.post, "/reconstruct?draws=4&ratio=.5", body: body)
    #expect(reply.status == 200)
    let json = try reply.json()
    #expect(json["reconstruction_loss"] as? [[Float]] == [[0, 1], [2, 3]])
    let spearman = try #require(json["spearman"] as? [String: Any])
    #expect(spearman["full_visible"] as? Double == 1)
    #expect(spearman["masked_average"] as? Double == -1)
    #expect(spearman["patch_variance"] is Double == false)
  }

  @Test func `refuses draws too few to hide every patch`() async throws {
    let harness = await Harness()
    let body = Arrays.floats(rows: 4, columns: 4) { Float($1) }
    let reply = try await harness.send(.post, "/reconstruct?draws=3&ratio=.25", body: body)
    #expect(reply.status == 400)
    #expect(try reply.json()["allowed"] as? [String] == ["4 to 64"])
  }
}

@Suite struct FailureTests {
  private let body = Arrays.floats(rows: 1, columns: 1) { _, _ in 0 }

  private func harness(_ before: @escaping @Sendable () async throws -> Void) async -> Harness {
    var engine = BrightnessEngine()
    engine.before = before
    return await Harness([engine])
  }

  @Test func `answers 429 and when to ask again while the queue is full`() async throws {
    let harness = await harness { throw InferenceFailure.queueFull(retryAfter: 3) }
    let reply = try await harness.send(.post, "/predict-loss", body: body)
    #expect(reply.status == 429)
    #expect(reply.head.headerFields[.retryAfter] == "3")
  }

  @Test func `keeps what went wrong inside to the log`() async throws {
    struct Secret: Error {}
    let harness = await harness { throw Secret() }
    let reply = try await harness.send(.post, "/predict-loss", body: body)
    #expect(reply.status == 500)
    #expect(!reply.text.contains("Secret"))
  }

  @Test func `answers 503 and when to ask again without a model`() async throws {
    let harness = await Harness([])
    let reply = try await harness.send(.post, "/predict-loss", body: body)
    #expect(reply.status == 503)
    #expect(reply.head.headerFields[.retryAfter] == "5")
  }

  @Test(.timeLimit(.minutes(1)))
  func `answers 504 by a timer while the model is still at it`() async throws {
    let (ends, continuation) = AsyncStream.makeStream(of: Void.self)
    let harness = await harness { for await _ in ends { break } }
    let reply = try await harness.send(.post, "/predict-loss", [HTTPField.Name("Request-Timeout")!: "0.01"], body: body)
    continuation.finish()
    #expect(reply.status == 504)
    #expect(try reply.problem() == "deadline")
  }

  @Test func `names a Request-Timeout that is no number of seconds`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.post, "/predict-loss", [HTTPField.Name("Request-Timeout")!: "soon"], body: body)
    #expect(try reply.json()["parameter"] as? String == "Request-Timeout")
  }

  @Test func `answers 422 for what the model cannot do`() async throws {
    var engine = BrightnessEngine()
    engine.description.hasReconstructor = false
    let harness = await Harness([engine])
    let reply = try await harness.send(.post, "/reconstruct", body: body)
    #expect(try reply.problem() == "incapable-model")
  }

  @Test func `asks for a body where there is none`() async throws {
    let harness = await Harness()
    #expect(try await harness.send(.post, "/mask").problem() == "malformed-body")
  }
}
