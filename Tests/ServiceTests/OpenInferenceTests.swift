import Foundation
import HTTPTypes
import Images
import Tensors
import Testing

@testable import Service

/// Bodies of the Open Inference Protocol.
private struct InferBody {
  /// Members of the request beside its input.
  var members = ""
  var input = ""
  var binary: [UInt8] = []

  /// Patch p of image b is `value(b, p)` all over, in JSON.
  static func json(count: Int = 1, columns: Int, _ value: (Int, Int) -> Float) -> InferBody {
    let values = floats(count, columns, value).map { "\($0)" }.joined(separator: ",")
    return InferBody(input: #"{"name":"pixels","datatype":"FP32","shape":[\#(count),3,16,\#(16 * columns)],"data":[\#(values)]}"#)
  }

  /// The same in binary.
  static func binary(count: Int = 1, columns: Int, _ value: (Int, Int) -> Float) -> InferBody {
    let bytes = floats(count, columns, value).withUnsafeBytes(Array.init)
    let parameters = #""parameters":{"binary_data_size":\#(bytes.count)}"#
    return InferBody(
      input: #"{"name":"pixels","datatype":"FP32","shape":[\#(count),3,16,\#(16 * columns)],\#(parameters)}"#, binary: bytes)
  }

  /// Image files in binary.
  static func images(_ files: [[UInt8]]) -> InferBody {
    let bytes = files.flatMap { file in withUnsafeBytes(of: UInt32(file.count).littleEndian, Array.init) + file }
    return InferBody(
      input: #"{"name":"image","datatype":"BYTES","shape":[\#(files.count)],"parameters":{"binary_data_size":\#(bytes.count)}}"#,
      binary: bytes)
  }

  private static func floats(_ count: Int, _ columns: Int, _ value: (Int, Int) -> Float) -> [Float] {
    (0..<count).flatMap { image in
      (0..<3 * 16).flatMap { _ in (0..<16 * columns).map { value(image, $0 / 16) } }
    }
  }

  var text: String { "{\(members.isEmpty ? "" : members + ",")\"inputs\":[\(input)]}" }

  var fields: HTTPFields { binary.isEmpty ? [:] : [.inferenceHeaderContentLength: "\(text.utf8.count)"] }

  var bytes: [UInt8] { Array(text.utf8) + binary }
}

@Suite(.timeLimit(.minutes(1))) struct OpenInferenceTests {
  private let path = "/v2/models/brightness/infer"

  private func infer(_ body: InferBody, on harness: Harness) async throws -> Reply {
    try await harness.send(.post, path, body.fields, body: body.bytes)
  }

  private func outputs(_ reply: Reply) throws -> [[String: Any]] { try reply.json()["outputs"] as? [[String: Any]] ?? [] }

  @Test func `says what it is and what it speaks`() async throws {
    let reply = try await Harness([]).send(.get, "/v2")
    #expect(
      reply.text == #"{"name":"hpm","version":"\#(ProgramVersion.text)","extensions":["binary_tensor_data","model_configuration","#
        + #""model_repository","statistics"]}"#)
  }

  @Test func `tells live and ready apart`() async throws {
    let without = await Harness([])
    #expect(try await without.send(.get, "/v2/health/live").status == 200)
    #expect(try await without.send(.get, "/v2/health/ready").status == 503)
    #expect(try await Harness().send(.get, "/v2/health/ready").text == #"{"ready":true,"live":true}"#)
  }

  @Test(arguments: ["", "/versions/1"])
  func `describes a model and its versions`(version: String) async throws {
    let harness = await Harness()
    let metadata = try await harness.send(.get, "/v2/models/brightness\(version)").json()
    #expect(metadata["versions"] as? [String] == ["1"])
    #expect((metadata["inputs"] as? [[String: Any]])?.map { $0["name"] as? String } == ["pixels", "image"])
    #expect(try await harness.send(.get, "/v2/models/brightness\(version)/ready").status == 200)
    let configuration = try await harness.send(.get, "/v2/models/brightness\(version)/config").json()
    #expect(configuration["max_batch_size"] as? Int == 256)
    #expect((configuration["input"] as? [[String: Any]])?[0]["dims"] as? [Int] == [3, -1, -1])
  }

  @Test(arguments: ["/v2/models/absent", "/v2/models/brightness/versions/2", "/v2/models/brightness/versions/x/ready"])
  func `answers 404 with an error for a model there is not`(path: String) async throws {
    let reply = try await Harness().send(.get, path)
    #expect(reply.status == 404)
    #expect(try reply.json()["error"] is String)
  }

  @Test func `answers one number a patch to JSON`() async throws {
    let harness = await Harness()
    var body = InferBody.json(count: 2, columns: 3) { Float($0 * 10 + $1) }
    body.members = #""id":"a<b""#
    let reply = try await infer(body, on: harness)
    #expect(
      reply.text
        == #"{"model_name":"brightness","model_version":"1","id":"a\u003cb","outputs":[{"name":"predicted_loss","datatype":"FP32","#
        + #""shape":[2,3],"data":[0.0,1.0,2.0,10.0,11.0,12.0]}]}"#)
    #expect(reply.head.headerFields[.inferenceHeaderContentLength] == nil)
  }

  @Test func `answers in binary what was asked in binary`() async throws {
    let harness = await Harness()
    var body = InferBody.binary(columns: 3) { Float($1) + 0.125 }
    body.members = #""parameters":{"binary_data_output":true}"#
    let reply = try await infer(body, on: harness)
    #expect(reply.head.headerFields[.contentType] == "application/octet-stream")
    let length = try #require(reply.head.headerFields[.inferenceHeaderContentLength].flatMap { Int($0) })
    let head = try #require(try JSONSerialization.jsonObject(with: Data(reply.body[..<length])) as? [String: Any])
    let output = try #require((head["outputs"] as? [[String: Any]])?.first)
    #expect((output["parameters"] as? [String: Any])?["binary_data_size"] as? Int == 12)
    let floats = reply.body[length...].withUnsafeBytes { bytes in
      (0..<3).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
    #expect(floats == [0.125, 1.125, 2.125])
  }

  @Test func `gives mask and latent on request, each in its own form`() async throws {
    let harness = await Harness()
    var body = InferBody.binary(columns: 4) { Float($1) }
    body.members = #""parameters":{"ratio":0.5},"outputs":[{"name":"latent"},{"name":"mask","parameters":{"binary_data":true}}]"#
    let reply = try await infer(body, on: harness)
    let length = try #require(reply.head.headerFields[.inferenceHeaderContentLength].flatMap { Int($0) })
    #expect(Array(reply.body[length...]) == [0, 0, 1, 1])
    let text = String(decoding: reply.body[..<length], as: UTF8.self)
    #expect(text.contains(#"{"name":"latent","datatype":"FP32","shape":[1,5,2],"data":[0.0,0.0,0.0,0.0,1.0,1.0,2.0,2.0,3.0,3.0]}"#))
    #expect(text.contains(#"{"name":"mask","datatype":"BOOL","shape":[1,4],"parameters":{"binary_data_size":4}}"#))
  }

  @Test func `gives the mask beside the map where a ratio is given`() async throws {
    var body = InferBody.json(columns: 4) { Float($1) }
    body.members = #""parameters":{"ratio":0.25,"strategy":"easy"}"#
    let outputs = try outputs(try await infer(body, on: await Harness()))
    #expect(outputs.map { $0["name"] as? String } == ["predicted_loss", "mask"])
    #expect(outputs[1]["data"] as? [Bool] == [true, false, false, false])
  }

  @Test func `takes image files, in binary, as Base64 and as the whole body`() async throws {
    let harness = await Harness()
    let file = PNGEncoder.encode(RGBImage(width: 80, height: 80, pixels: [UInt8](repeating: 90, count: 80 * 80 * 3)))
    let direct = try await harness.send(.post, "/predict-loss", body: file).json()["predicted_loss"] as? [[Double]]
    let map = try #require(direct).flatMap(\.self)
    let base64 = InferBody(
      input: #"{"name":"image","datatype":"BYTES","shape":[1,1],"data":[""# + Data(file).base64EncodedString() + #""]}"#)
    for body in [InferBody.images([file]), base64] {
      let reply = try await infer(body, on: harness)
      #expect(try outputs(reply).first?["data"] as? [Double] == map, "\(reply.text)")
    }
    let raw = try await harness.send(.post, path, [.inferenceHeaderContentLength: "0"], body: file)
    #expect(try outputs(raw).first?["shape"] as? [Int] == [1, 16])
  }

  @Test(arguments: [
    ("{", 400), ("{}", 400), (#"{"inputs":[]}"#, 400), (#"{"inputs":[{"name":"other","datatype":"FP32","shape":[1],"data":[1]}]}"#, 400),
    (#"{"inputs":[{"name":"pixels","datatype":"INT8","shape":[1,3,16,16],"data":[1]}]}"#, 400),
    (#"{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,3,16,16],"data":[1]}]}"#, 400),
    (#"{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,3,16,16]}]}"#, 400),
    (#"{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,3,-16,16],"data":[]}]}"#, 400),
    (#"{"inputs":[{"name":"pixels","datatype":"FP32","shape":[9223372036854775807,3,16,16],"data":[1]}]}"#, 413),
    (#"{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,3,9223372036854775807,9223372036854775807],"data":[1]}]}"#, 422),
    (#"{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,3,16,16],"parameters":{"binary_data_size":9}}]}"#, 400),
    (#"{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,3,16,16],"parameters":{"shared_memory_region":"x"}}]}"#, 400),
    (#"{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["not base64!"]}]}"#, 400),
    (#"{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["AAAA"]}]}"#, 415),
    (#"{"inputs":[{"name":"image","datatype":"BYTES","shape":[2],"data":["AAAA"]}]}"#, 400),
    (#"{"unknown":1,"inputs":[]}"#, 400),
  ])
  func `refuses a request that does not fit, with an error`(text: String, status: Int) async throws {
    let reply = try await Harness().send(.post, path, body: Array(text.utf8))
    #expect(reply.status == status, "\(reply.text)")
    #expect(try reply.json()["error"] is String)
  }

  @Test(arguments: ["alfa", "model", "view", "sequence_id", "priority", "classification"])
  func `refuses a parameter it does not know`(name: String) async throws {
    var body = InferBody.json(columns: 1) { _, _ in 0 }
    body.members = #""parameters":{"\#(name)":1}"#
    let reply = try await infer(body, on: await Harness())
    #expect(reply.status == 400)
    #expect(try reply.json()["parameter"] as? String == name)
  }

  @Test(arguments: [#""parameters":{"seed":1}"#, #""parameters":{"fit":"crop"}"#, #""parameters":{"draws":9}"#])
  func `refuses a parameter without effect`(members: String) async throws {
    var body = InferBody.json(columns: 1) { _, _ in 0 }
    body.members = members
    #expect(try await infer(body, on: await Harness()).problem() == "parameter-without-effect")
  }

  @Test(arguments: ["-1", "7.5", "x", "99999999999999999999", ""])
  func `refuses a length of the JSON that is none`(length: String) async throws {
    let body = InferBody.json(columns: 1) { _, _ in 0 }
    let reply = try await Harness().send(.post, path, [.inferenceHeaderContentLength: length], body: body.bytes)
    #expect(reply.status == 400)
  }

  @Test func `refuses elements that end after the body`() async throws {
    var body = InferBody.images([[1, 2, 3]])
    body.binary[0] = 255
    #expect(try await infer(body, on: await Harness()).status == 400)
  }

  @Test func `counts requests, images and passes`() async throws {
    let harness = await Harness()
    _ = try await infer(.json(count: 3, columns: 1) { _, _ in 0 }, on: harness)
    _ = try await harness.send(.post, path, body: Array("{".utf8))
    let all = try await harness.send(.get, "/v2/models/stats").json()["model_stats"] as? [[String: Any]]
    let statistics = try #require(all?.first)
    #expect(statistics["inference_count"] as? Int == 3)
    #expect(statistics["execution_count"] as? Int == 1)
    let requests = try #require(statistics["inference_stats"] as? [String: [String: Int]])
    #expect(requests["success"]?["count"] == 1)
    #expect(requests["fail"]?["count"] == 1)
    #expect(requests["compute_infer"]?["ns"] == 2_000_000)
    #expect((statistics["batch_stats"] as? [[String: Any]])?.first?["batch_size"] as? Int == 3)
  }

  @Test func `answers 504 by the request's own timeout`() async throws {
    let (ends, continuation) = AsyncStream.makeStream(of: Void.self)
    var engine = BrightnessEngine()
    engine.before = { for await _ in ends { break } }
    var body = InferBody.json(columns: 1) { _, _ in 0 }
    body.members = #""parameters":{"timeout":5000}"#
    let reply = try await infer(body, on: await Harness([engine]))
    continuation.finish()
    #expect(reply.status == 504)
  }

  @Test func `loads, unloads and lists what it keeps`() async throws {
    let harness = await Harness()
    #expect(
      try await harness.send(
        .post, "/v2/repository/models/brightness/unload", body: Array(#"{"parameters":{"unload_dependents":false}}"#.utf8)
      ).status == 200)
    #expect(try await harness.send(.get, "/v2/models/brightness/ready").status == 503)
    #expect(
      try await harness.send(.post, "/v2/repository/index").text
        == #"[{"name":"brightness","version":"1","state":"UNAVAILABLE","reason":""}]"#)
    #expect(try await harness.send(.post, "/v2/repository/index", body: Array(#"{"ready":true}"#.utf8)).text == "[]")
    let refused = try await harness.send(
      .post, "/v2/repository/models/brightness/load", body: Array(#"{"parameters":{"config":"{}"}}"#.utf8))
    #expect(refused.status == 400)
    #expect(try await harness.send(.post, "/v2/repository/models/brightness/load").text == #"{"name":"brightness","load":true}"#)
    #expect(try await harness.send(.get, "/v2/models/brightness/ready").status == 200)
    #expect(try await harness.send(.post, "/v2/repository/models/absent/load").status == 404)
  }

  @Test(arguments: 0..<64)
  func `answers any damaged request, and lives`(seed: UInt64) async throws {
    var random = SplitMix64(seed: seed)
    let harness = await Harness()
    let file = PNGEncoder.encode(RGBImage(width: 64, height: 64, pixels: [UInt8](repeating: 90, count: 64 * 64 * 3)))
    let whole = [InferBody.json(columns: 1) { _, _ in 0.5 }, .binary(columns: 2) { Float($1) }, .images([file])]
    for body in whole {
      var bytes = body.bytes
      for _ in 0...random.next() % 4 {
        bytes[Int(random.next() % UInt64(min(bytes.count, 400)))] = UInt8(truncatingIfNeeded: random.next())
      }
      if random.next() % 4 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
      let reply = try await harness.send(.post, path, body.fields, body: bytes)
      #expect([200, 400, 413, 415, 422].contains(reply.status), "seed \(seed): \(reply.text)")
    }
  }
}
