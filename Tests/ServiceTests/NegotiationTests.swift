import HTTPTypes
import Testing

@testable import Service

@Suite struct NegotiationTests {
  @Test(arguments: [
    ("*/*", "application/json"), ("application/*, image/*", "application/json"), ("image/png", "image/png"),
    ("application/x-npy", "application/x-npy"), ("image/*", "image/png"), ("application/json;q=.5, application/x-npy", "application/x-npy"),
    ("text/html,application/xhtml+xml,image/png,*/*;q=0.8", "application/json"), ("application/json;q=0.1, image/png;q=0.9", "image/png"),
    ("application/json, image/png", "application/json"), ("text/plain, application/x-npy;q=0.2", "application/x-npy"),
  ])
  func `answers what Accept prefers, and JSON where it prefers nothing`(accept: String, type: String) async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/mask?grid=2x2", [.accept: accept])
    #expect(reply.head.headerFields[.contentType] == type)
  }

  @Test func `follows format before Accept`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/mask?format=npy", [.accept: "application/json"])
    #expect(reply.head.headerFields[.contentType] == "application/x-npy")
  }

  @Test func `answers 406 and the formats it has`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/mask", [.accept: "audio/ogg"])
    #expect(reply.status == 406)
    #expect(try reply.json()["allowed"] as? [String] == ["application/json", "image/png", "application/x-npy"])
  }
}

/// Forms as browsers and curl send them.
enum MultipartBody {
  static let fields: HTTPFields = [.contentType: "multipart/form-data; boundary=b"]

  static func form(_ parts: [(name: String, content: [UInt8])]) -> [UInt8] {
    parts.flatMap { part in
      Array("--b\r\nContent-Disposition: form-data; name=\"\(part.name)\"; filename=\"x\"\r\n\r\n".utf8) + part.content + Array("\r\n".utf8)
    } + Array("--b--\r\n".utf8)
  }

  static func form(_ images: [[UInt8]]) -> [UInt8] { form(images.map { ("image", $0) }) }
}

@Suite struct MultipartBodyTests {
  @Test func `refuses a part that is not named image, by its name`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.post, "/mask", MultipartBody.fields, body: MultipartBody.form([("image", [1]), ("seed", [2])]))
    #expect(try reply.problem() == "unexpected-part")
    #expect(try reply.json()["parameter"] as? String == "seed")
  }

  @Test func `names the limit on images and its flag`() async throws {
    let harness = await Harness { $0.maximumImages = 2 }
    let reply = try await harness.send(
      .post, "/mask", MultipartBody.fields, body: MultipartBody.form([("image", [1]), ("image", [2]), ("image", [3])]))
    #expect(reply.status == 413)
    #expect(try (reply.json()["detail"] as? String)?.contains("--max-images allows 2 images") == true)
  }

  @Test func `refuses a form that ends early`() async throws {
    let harness = await Harness()
    let body = MultipartBody.form([("image", [1, 2, 3])])
    #expect(try await harness.send(.post, "/mask", MultipartBody.fields, body: Array(body.dropLast(8))).problem() == "malformed-body")
  }

  @Test func `puts a problem in the place of an image that does not decode`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(
      .post, "/mask", MultipartBody.fields, body: MultipartBody.form([("image", Array("GIF89a".utf8)), ("image", [])]))
    #expect(reply.status == 200)
    let results = try #require(try reply.json()["results"] as? [[String: Any]])
    #expect(results.compactMap { $0["status"] as? Int } == [415, 415])
  }

  @Test func `fails the request for such an image where the answer is no JSON`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(
      .post, "/mask?format=npy", MultipartBody.fields, body: MultipartBody.form([("image", Array("GIF89a".utf8))]))
    #expect(reply.status == 415)
  }
}
