import Foundation
import HTTP
import HTTPTypes
import Jobs
import Testing

@testable import Service

/// `/jobs` and `/datasets` in memory.
@Suite(.timeLimit(.minutes(1))) struct JobsRouteTests {
  @Test func `a job is accepted, found and listed`() async throws {
    let harness = try await JobHarness(running: 0)
    let reply = try await harness.post("/jobs", #"{"kind": "script", "name": "night", "dataset": "photos", "config": {}, "priority": 3}"#)
    #expect(reply.status == 202)
    let id = try #require(try reply.json()["id"] as? String)
    #expect(reply.head.headerFields[.location] == "/jobs/\(id)")
    #expect(try await harness.service.send(.get, "/jobs/\(id)").text == reply.text)
    let list = try await harness.service.send(.get, "/jobs?state=queued&kind=script").json()
    #expect((list["data"] as? [[String: Any]])?.first?["name"] as? String == "night")
    #expect(try await harness.service.send(.get, "/jobs?state=running").text == #"{"data":[],"next":null}"#)
  }

  @Test func `a list is paged, newest first`() async throws {
    let harness = try await JobHarness(running: 0)
    var ids: [String] = []
    for _ in 0..<5 { ids.append(try await harness.submit()) }
    let first = try await harness.service.send(.get, "/jobs?limit=3").json()
    #expect((first["data"] as? [[String: Any]])?.compactMap { $0["id"] as? String } == ids[2...].reversed())
    let second = try await harness.service.send(.get, "/jobs?limit=3&after=\(first["next"] as? String ?? "")").json()
    #expect((second["data"] as? [[String: Any]])?.compactMap { $0["id"] as? String } == ids[..<2].reversed())
    #expect(second["next"] is NSNull)
  }

  @Test(arguments: [
    ("{", 400, "not JSON"), ("[]", 400, "object"), (#"{"kind": "script"}"#, 400, #"\"dataset\" must be a text"#),
    (#"{"kind": "script", "dataset": "photos", "confg": {}, "priority": 1.5}"#, 400, "confg"),
    (#"{"kind": "bake", "dataset": "photos"}"#, 422, "script"), (#"{"kind": "script", "dataset": "none"}"#, 404, "none"),
    (#"{"kind": "script", "dataset": "photos", "config": {"a": 1}}"#, 422, "a.b: expected a number; c.d: there is no such option"),
  ])
  func `a wrong job is refused with what is wrong`(_ body: String, _ status: Int, _ word: String) async throws {
    let harness = try await JobHarness(running: 0)
    let reply = try await harness.post("/jobs", body)
    #expect(reply.status == status && reply.text.contains(word), "\(reply.text)")
    #expect(try await harness.service.send(.get, "/jobs").text == #"{"data":[],"next":null}"#)
  }

  @Test func `a job that is not sent as JSON is 415`() async throws {
    let harness = try await JobHarness(running: 0)
    let reply = try await harness.service.send(.post, "/jobs", [.contentType: "text/plain"], body: Array("{}".utf8))
    #expect(reply.status == 415)
  }

  @Test func `a repeated idempotency key gets the first answer, and another request under it 422`() async throws {
    let harness = try await JobHarness(running: 0)
    let body = #"{"kind": "script", "dataset": "photos"}"#
    let first = try await harness.post("/jobs", body, key: "\"a key\"")
    let second = try await harness.post("/jobs", body, key: "a key")
    #expect(first.status == 202 && second.status == 202 && first.text == second.text)
    #expect(second.head.headerFields[.location] == first.head.headerFields[.location])
    let third = try await harness.post("/jobs", #"{"kind": "script", "dataset": "photos", "priority": 1}"#, key: "a key")
    #expect(third.status == 422)
    #expect(try third.problem() == "key-reused")
    #expect((try await harness.service.send(.get, "/jobs").json()["data"] as? [Any])?.count == 1)
  }

  @Test func `orders answer the job, and impossible ones 409`() async throws {
    let harness = try await JobHarness(running: 0)
    let id = try await harness.submit()
    #expect(try await harness.service.send(.post, "/jobs/\(id)/pause").json()["state"] as? String == "paused")
    #expect(try await harness.service.send(.post, "/jobs/\(id)/resume").json()["state"] as? String == "queued")
    #expect(try await harness.service.send(.delete, "/jobs/\(id)").status == 409)
    #expect(try await harness.service.send(.post, "/jobs/\(id)/cancel").json()["state"] as? String == "cancelled")
    #expect(try await harness.service.send(.post, "/jobs/\(id)/resume").status == 409)
    #expect(try await harness.service.send(.delete, "/jobs/\(id)").status == 204)
    #expect(try await harness.service.send(.get, "/jobs/\(id)").problem() == "unknown-job")
  }

  @Test func `metrics, log and files of a run are read while and after it runs`() async throws {
    let harness = try await JobHarness()
    let id = try await harness.submit()
    try await harness.finish(id)
    let metrics = try await harness.service.send(.get, "/jobs/\(id)/metrics?after_step=1").json()["data"] as? [[String: Any]]
    #expect(metrics?.count == 2 && metrics?[1]["accuracy"] as? Int == 1)
    let csv = try await harness.service.send(.get, "/jobs/\(id)/metrics", [.accept: "text/csv"])
    #expect(
      csv.text == "step,epoch,phase,loss,accuracy\r\n1,0.5,train,0.5,\r\n2,1.0,train,0.25,\r\n2,1.0,evaluation,,1\r\n", "\(csv.text)")
    #expect(try await harness.service.send(.get, "/jobs/\(id)/log?tail=2").text == "second\nthird\n")
    let files = try await harness.service.send(.get, "/jobs/\(id)/files").json()["data"] as? [[String: Any]]
    #expect(files?.compactMap { $0["path"] as? String } == ["checkpoints/epoch-0001.pth", "metrics.jsonl"])
    #expect(files?[0]["bytes"] as? Int == 10)
    let file = "/jobs/\(id)/files/checkpoints/epoch-0001.pth"
    let part = try await harness.service.send(.head, file, [.range: "bytes=2-4"])
    #expect(part.status == 200 && part.head.headerFields[.contentLength] == "10")
    for sly in ["..%2f..%2foutput.txt", "../../output.txt", "checkpoints", "nothing"] {
      #expect(try await harness.service.send(.get, "/jobs/\(id)/files/\(sly)").status == 404, "\(sly)")
    }
  }

  @Test func `a checkpoint is promoted to a model that answers, and the next to its next version`() async throws {
    let folder = try TemporaryFolder()
    let store = ModelStore(folder: folder.path, maximumBytes: 1 << 20) { _ in
    } source: { file in
      ModelSource(name: file.name, version: file.version, path: file.path) { BrightnessEngine(name: file.name, version: file.version) }
    }
    let harness = try await JobHarness { _ in store }
    let id = try await harness.submit()
    #expect(try await harness.post("/jobs/job-absent/promote", #"{"model": "mine"}"#).problem() == "unknown-job")
    try await harness.finish(id)
    for version in [1, 2] {
      let reply = try await harness.post("/jobs/\(id)/promote", #"{"model": "mine"}"#)
      #expect(reply.status == 201, "\(reply.text)")
      #expect(try reply.json()["version"] as? Int == version && reply.json()["state"] as? String == "ready")
    }
    #expect(FileManager.default.contents(atPath: folder.path + "/mine/1.safetensors") == Data("0123456789".utf8))
    #expect(try await harness.post("/jobs/\(id)/promote", #"{"model": "mine", "checkpoint": "../run/a.pth"}"#).status == 404)
    #expect(try await harness.post("/jobs/\(id)/promote", #"{"modle": "mine"}"#).status == 400)
    #expect(try await harness.post("/jobs/\(id)/promote", #"{"model": "Mine"}"#).status == 400)
  }

  @Test func `events come as JSON from where a client left off`() async throws {
    let harness = try await JobHarness()
    let id = try await harness.submit()
    try await harness.finish(id)
    let all = try await harness.service.send(.get, "/jobs/\(id)/events", [.accept: "application/json"]).json()["data"] as? [[String: Any]]
    #expect(all?.first?["event"] as? String == "state")
    let middle = try #require(all?[3]["id"] as? Int)
    let rest = try await harness.service.send(.get, "/jobs/\(id)/events?after=\(middle)").json()["data"] as? [[String: Any]]
    #expect(rest?.count == (all?.count ?? 0) - 4)
    #expect(try await harness.service.send(.get, "/jobs/\(id)/events", [.accept: "image/png"]).status == 406)
  }

  @Test func `two hundred followers miss nothing, though each comes again and again`() async throws {
    let harness = try await JobHarness(running: 0)
    let id = try await harness.submit()
    let stories = try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 0..<200 { group.addTask { try await harness.follow(id) } }
      for _ in 0..<20 {
        _ = try await harness.supervisor.pause(id)
        _ = try await harness.supervisor.resume(id)
      }
      _ = try await harness.supervisor.cancel(id)
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let told = try await harness.supervisor.events(of: id, after: 0, limit: 1000).events.map { String($0.id) }
    #expect(told.count == 42 && stories.allSatisfy { $0 == told })
  }

  @Test func `data sets are made, listed and deleted`() async throws {
    let harness = try await JobHarness(running: 0)
    let path = Array(#"{"path": "\#(harness.folder)/images"}"#.utf8)
    let made = try await harness.service.send(.put, "/datasets/mine", [.contentType: "application/json"], body: path)
    #expect(made.status == 201)
    #expect(made.head.headerFields[.location] == "/datasets/mine")
    #expect(try await harness.service.send(.get, "/datasets/mine").text == made.text)
    let names = try await harness.service.send(.get, "/datasets").json()["data"] as? [[String: Any]]
    #expect(names?.compactMap { $0["name"] as? String } == ["mine", "photos"])
    #expect(try await harness.service.send(.delete, "/datasets/mine").status == 204)
    #expect(try await harness.service.send(.get, "/datasets/mine").problem() == "unknown-dataset")
  }

  @Test(arguments: [
    ("/datasets/mine", #"{"path": "/etc"}"#, 403), ("/datasets/mine", #"{"path": 1}"#, 400), ("/datasets/mine", "{}", 400),
    ("/datasets/Mine", #"{"path": "/etc"}"#, 400), ("/datasets/..", #"{"path": "/etc"}"#, 400),
  ])
  func `a wrong data set is refused`(_ target: String, _ body: String, _ status: Int) async throws {
    let harness = try await JobHarness(running: 0)
    let reply = try await harness.service.send(.put, target, [.contentType: "application/json"], body: Array(body.utf8))
    #expect(reply.status == status, "\(reply.text)")
  }

  @Test func `the picture of a data set is a PNG with a validator`() async throws {
    let harness = try await JobHarness(running: 0)
    let reply = try await harness.service.send(.get, "/datasets/photos/thumbnails")
    #expect(reply.status == 200 && reply.body == JobHarness.picture)
    #expect(reply.head.headerFields[.contentType] == "image/png")
    let tag = try #require(reply.head.headerFields[.eTag])
    #expect(try await harness.service.send(.get, "/datasets/photos/thumbnails", [.ifNoneMatch: tag]).status == 304)
    #expect(try await harness.service.send(.get, "/datasets/none/thumbnails").problem() == "unknown-dataset")
  }

  @Test func `what is over the home's limit is 507 with the flag and the figures`() async throws {
    let harness = try await JobHarness(running: 0, homeBytes: 10_000_000)
    let reply = try await harness.service.send(.put, "/datasets/mine", body: [UInt8](repeating: 0, count: 6_000_000))
    #expect(reply.status == 507, "\(reply.text)")
    #expect(try reply.problem() == "insufficient-storage")
    #expect(reply.text.contains("12000000 more are needed, but --max-home-bytes allows 10000000"), "\(reply.text)")
    #expect(reply.head.headerFields[.retryAfter] != nil)
  }

  @Test func `a model that is kept in the home counts against its limit`() async throws {
    let harness = try await JobHarness(running: 0, homeBytes: 1_000_000) { home in
      ModelStore(folder: home + "/models", maximumBytes: 1 << 30) { _ in
      } source: { file in
        ModelSource(name: file.name, version: file.version, path: file.path) { BrightnessEngine(name: file.name, version: file.version) }
      }
    }
    let reply = try await harness.service.send(.put, "/models/mine", body: [UInt8](repeating: 0, count: 2_000_000))
    #expect(reply.status == 507 && reply.text.contains("--max-home-bytes"), "\(reply.text)")
  }

  @Test func `bytes that are no archive are 415`() async throws {
    let harness = try await JobHarness(running: 0)
    let reply = try await harness.service.send(.put, "/datasets/mine", body: Array("these are no images".utf8))
    #expect(reply.status == 415, "\(reply.text)")
    #expect(try reply.json()["allowed"] as? [String] == ["tar", "tar.gz", "zip"])
  }
}

extension JobHarness {
  /// The ids of all events of a job, as a client gets them that leaves after every piece and comes again until it is told not to.
  func follow(_ id: String) async throws -> [String] {
    var ids: [String] = []
    while true {
      let fields: HTTPFields = [.accept: "text/event-stream", .lastEventID: ids.last ?? "0"]
      let response = await service.application.respond(to: try Request(.get, "/jobs/\(id)/events", headerFields: fields))
      guard case .stream(let next) = response.body else { return ids }
      // The first piece says only when to come again.
      _ = try await next()
      guard let piece = try await next() else { return ids }
      ids += String(decoding: piece, as: UTF8.self).matches(of: /id: (\d+)\n/).map { String($0.1) }
    }
  }
}
