import Checkpoints
import Foundation
import HTTPTypes
import Testing

@testable import Service

/// A service that keeps models: a file that begins with `good` is one.
private struct StoreHarness {
  let folder: TemporaryFolder
  let harness: Harness

  init(_ engines: [BrightnessEngine] = [BrightnessEngine()], over transport: Transport = .memory, maximumBytes: Int = 1 << 20) async throws
  {
    folder = try TemporaryFolder()
    let store = ModelStore(folder: folder.path, maximumBytes: maximumBytes) { path in
      guard FileManager.default.contents(atPath: path)?.starts(with: Data("good".utf8)) == true else {
        throw CheckpointError(path: path, reason: "it does not begin with good")
      }
    } source: { file in
      ModelSource(name: file.name, version: file.version, path: file.path) { BrightnessEngine(name: file.name, version: file.version) }
    }
    harness = await Harness(engines, store: store, over: transport)
  }

  func send(_ method: HTTPRequest.Method, _ target: String, _ fields: HTTPFields = [:], _ text: String = "") async throws -> Reply {
    try await harness.send(method, target, fields, body: Array(text.utf8))
  }

  var files: [String] {
    let all = FileManager.default.subpaths(atPath: folder.path) ?? []
    return all.filter { $0.contains(".") }.sorted()
  }
}

@Suite(.timeLimit(.minutes(1))) struct ModelChangeTests {
  @Test(arguments: Transport.allCases)
  func `keeps an upload whole under the next version, and says what it received`(transport: Transport) async throws {
    let service = try await StoreHarness(over: transport)
    let text = "good" + String(repeating: "x", count: 100_000)
    let reply = try await service.send(.put, "/models/new", [:], text)
    #expect(reply.status == 201)
    #expect(reply.head.headerFields[.location] == "/models/new")
    #expect(try reply.json()["sha256"] as? String == Digest.sha256(Array(text.utf8)))
    #expect(try reply.json()["bytes"] as? Int == 100_004)
    #expect(try reply.json()["state"] as? String == "unloaded")
    #expect(service.files == ["new/1.safetensors"])
    #expect(FileManager.default.contents(atPath: service.folder.path + "/new/1.safetensors") == Data(text.utf8))
    await service.harness.application.drain()
  }

  @Test func `names a file after what its first bytes are`() async throws {
    let service = try await StoreHarness()
    #expect(try await service.send(.put, "/models/new", [:], "PK\u{03}\u{04}").status == 422)
    #expect(service.files == [])
  }

  @Test(arguments: ["bad", "g"])
  func `publishes nothing that is no model`(text: String) async throws {
    let service = try await StoreHarness()
    let reply = try await service.send(.put, "/models/new", [:], text)
    #expect(reply.status == 422)
    #expect(try reply.json()["detail"] as? String == "The file is no model that can be served: it does not begin with good.")
    #expect((FileManager.default.subpaths(atPath: service.folder.path) ?? []) == [])
    #expect(try await service.send(.get, "/models/new").status == 404)
  }

  @Test func `asks for a body where there is none`() async throws {
    let service = try await StoreHarness()
    #expect(try await service.send(.put, "/models/new").problem() == "malformed-body")
  }

  @Test func `serves the new version once it is loaded, and keeps the two newest`() async throws {
    let service = try await StoreHarness()
    #expect(try await service.send(.put, "/models/new", [:], "good 1").status == 201)
    #expect(try await service.send(.post, "/models/new/load").json()["version"] as? Int == 1)
    for version in 2...4 { #expect(try await service.send(.put, "/models/new", [:], "good \(version)").status == 200) }
    // The first is loaded, so it stays; of the rest the two newest do.
    #expect(service.files == ["new/1.safetensors", "new/3.safetensors", "new/4.safetensors"])
    let before = try await service.send(.get, "/models/new").json()
    #expect(before["version"] as? Int == 1)
    #expect(before["versions"] as? [Int] == [4, 3, 1])
    #expect(try await service.send(.post, "/models/new/load").json()["version"] as? Int == 4)
    #expect(try await service.send(.get, "/models/new@1").json()["state"] as? String == "unloaded")
  }

  @Test func `creates only, where that is asked`() async throws {
    let service = try await StoreHarness()
    #expect(try await service.send(.put, "/models/new", [.ifNoneMatch: "*"], "good").status == 201)
    #expect(try await service.send(.put, "/models/new", [.ifNoneMatch: "*"], "good").problem() == "model-exists")
    #expect(try await service.send(.put, "/models/new", [.ifNoneMatch: "\"x\""], "good").status == 400)
    #expect(service.files.count == 1)
  }

  @Test(arguments: ["/models/A", "/models/..", "/models/a%2Fb", "/models/a@1", "/models/.hidden"])
  func `takes no other name than the contract's`(target: String) async throws {
    let service = try await StoreHarness()
    let reply = try await service.send(.put, target, [:], "good")
    #expect(reply.status == 400 || reply.status == 404)
    #expect(service.files == [])
  }

  @Test func `refuses a model over the limit and names the flag`() async throws {
    let service = try await StoreHarness(maximumBytes: 10)
    let reply = try await service.send(.put, "/models/new", [:], "good 123456")
    #expect(reply.status == 413)
    #expect(try reply.json()["detail"] as? String == "The model is longer than the 10 bytes that --max-model-bytes allows.")
    #expect(service.files == [])
  }

  @Test func `deletes a model that neither serves nor is the default`() async throws {
    let service = try await StoreHarness()
    _ = try await service.send(.put, "/models/new", [:], "good")
    _ = try await service.send(.post, "/models/new/load")
    #expect(try await service.send(.delete, "/models/new").problem() == "model-in-use")
    #expect(try await service.send(.post, "/models/new/unload").json()["state"] as? String == "unloaded")
    let reply = try await service.send(.delete, "/models/new")
    #expect(reply.status == 204)
    #expect(reply.body.isEmpty && reply.head.headerFields[.contentType] == nil)
    #expect((FileManager.default.subpaths(atPath: service.folder.path) ?? []) == [])
    #expect(try await service.send(.get, "/models/new").status == 404)
    #expect(try await service.send(.delete, "/models/new").status == 404)
  }

  @Test func `never deletes a file that it was given`() async throws {
    let service = try await StoreHarness([BrightnessEngine(), BrightnessEngine(name: "other")])
    #expect(try await service.send(.delete, "/models/other").problem() == "models-read-only")
  }

  @Test func `answers with another model where that is the default`() async throws {
    let service = try await StoreHarness([BrightnessEngine(), BrightnessEngine(name: "other", side: 96)])
    #expect(try await service.send(.post, "/models/other/default").json()["default"] as? Bool == true)
    #expect(try await service.send(.get, "/mask").json()["grid"] as? [Int] == [6, 6])
    #expect(try await service.send(.post, "/models/absent/default").status == 404)
  }

  @Test func `says 503 and how to load it of a model that is not loaded`() async throws {
    let service = try await StoreHarness()
    _ = try await service.send(.put, "/models/new", [:], "good")
    let reply = try await service.send(.post, "/predict-loss?model=new", [:], "x")
    #expect(reply.status == 503)
    #expect(try reply.json()["detail"] as? String == "The model new@1 is not loaded; POST /models/new@1/load loads it.")
  }

  @Test func `takes no model without a folder for it`() async throws {
    let harness = await Harness()
    #expect(try await harness.send(.put, "/models/new", body: Array("good".utf8)).problem() == "models-read-only")
  }
}
