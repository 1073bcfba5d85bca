import Foundation
import HTTPTypes
import Tensors
import Testing

@testable import Service

@Suite struct BareMaskTests {
  @Test func `draws the mask that the contract fixes for seed 5`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/mask?ratio=.75&seed=5&grid=4x4")
    #expect(reply.status == 200)
    let masks = try #require(try reply.json()["masks"] as? [[[Int]]])
    let masked = masks[0].flatMap(\.self).enumerated().filter { $0.element == 1 }.map(\.offset)
    #expect(masked == [1, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15])
  }

  @Test func `answers its members in the contract's order`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/mask?ratio=1&grid=1x2&count=2")
    #expect(
      reply.text
        == #"{"strategy":"random","ratio":1.0,"alpha":null,"seed":0,"grid":[1,2],"masked":2,"visible":0,"masks":[[[1,1]],[[1,1]]]}"#)
  }

  @Test func `needs no model and never answers 503`() async throws {
    let harness = await Harness([])
    let reply = try await harness.send(.get, "/mask")
    #expect(reply.status == 200)
    #expect(try reply.json()["grid"] as? [Int] == [14, 14])
    #expect(try reply.json()["masked"] as? Int == 147)
  }

  @Test func `takes the default model's grid`() async throws {
    let harness = await Harness([BrightnessEngine(side: 96)])
    #expect(try await harness.send(.get, "/mask").json()["grid"] as? [Int] == [6, 6])
  }

  @Test func `gives mask c of several the seed that comes c later`() async throws {
    let harness = await Harness()
    let both = try await harness.send(.get, "/mask?grid=4x4&seed=5&count=2").json()["masks"] as? [[[Int]]]
    let second = try await harness.send(.get, "/mask?grid=4x4&seed=6").json()["masks"] as? [[[Int]]]
    #expect(both?[1] == second?[0])
    #expect(both?[0] != both?[1])
  }

  @Test func `is uint8 of masks, rows and columns as NumPy`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/mask?grid=3x5&count=2&format=npy")
    let file = try NumPyFile.parse(reply.body)
    #expect(file.shape == [2, 3, 5])
    #expect(file.type == .uint8)
    #expect(reply.head.headerFields[.contentType] == "application/x-npy")
  }

  @Test(arguments: ["hard", "easy", "attention"])
  func `refuses a strategy that ranks an image's patches`(strategy: String) async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/mask?strategy=\(strategy)")
    #expect(reply.status == 422)
    #expect(try reply.problem() == "image-needed")
  }

  @Test(arguments: ["masked", "overlay"])
  func `refuses a view of an image`(view: String) async throws {
    let harness = await Harness()
    #expect(try await harness.send(.get, "/mask?format=png&view=\(view)").status == 422)
  }

  @Test func `refuses more values than an answer may hold`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/mask?grid=256x256&count=257")
    #expect(reply.status == 400)
    #expect(try reply.json()["parameter"] as? String == "count")
    #expect(try reply.json()["allowed"] as? [String] == ["1 to 256"])
  }

  @Test func `says 422 where the strategy cannot give the mask`() async throws {
    let harness = await Harness()
    #expect(try await harness.send(.get, "/mask?strategy=uniform&grid=3x4").problem() == "impossible-mask")
  }

  @Test func `answers 404 for an image it does not keep, and says what to do`() async throws {
    let harness = await Harness()
    let id = "sha256:" + String(repeating: "0", count: 64)
    let reply = try await harness.send(.get, "/mask?image=\(id)")
    #expect(reply.status == 404)
    #expect(
      try reply.json()["detail"] as? String
        == "The image \(id) is not, or no longer, kept here; send it to POST /mask, the answer is the same.")
  }
}

@Suite struct ValidatorTests {
  @Test func `carries a strong validator, no-cache and Vary on a GET answer`() async throws {
    let harness = await Harness()
    let reply = try await harness.send(.get, "/mask")
    #expect(reply.head.headerFields[.eTag] == "\"\(Digest.sha256(reply.body))\"")
    #expect(reply.head.headerFields[.cacheControl] == "no-cache")
    #expect(reply.head.headerFields[.vary] == "Accept")
  }

  @Test(arguments: ["*", "TAG", "W/TAG", "\"other\", TAG", "\"other\",TAG"])
  func `answers 304 to a client that has the answer`(condition: String) async throws {
    let harness = await Harness()
    let tag = try #require(try await harness.send(.get, "/mask").head.headerFields[.eTag])
    let reply = try await harness.send(.get, "/mask", [.ifNoneMatch: condition.replacing("TAG", with: tag)])
    #expect(reply.status == 304)
    #expect(reply.body.isEmpty)
    #expect(reply.head.headerFields[.eTag] == tag)
  }

  @Test func `answers anew when the answer has changed`() async throws {
    let harness = await Harness()
    let tag = try #require(try await harness.send(.get, "/mask").head.headerFields[.eTag])
    #expect(try await harness.send(.get, "/mask?seed=1", [.ifNoneMatch: tag]).status == 200)
  }
}
