import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Jobs that train nothing, over HTTP: what is mined, and what is told of features.
@Suite(.timeLimit(.minutes(5))) struct MiningJobTests {
  private let service: JobService

  init() throws { service = try JobService() }

  private func register(_ program: ServedProgram, _ name: String, _ folder: String) async throws {
    let path = Array(#"{"path": "\#(service.path(folder))"}"#.utf8)
    #expect(try await program.json("PUT", "/datasets/\(name)", path).status == 201)
  }

  private func submit(_ program: ServedProgram, _ kind: String, _ config: String) async throws -> String {
    let order = #"{"kind": "\#(kind)", "dataset": "photos", "config": \#(config)}"#
    let answer = try await program.json("POST", "/jobs", Array(order.utf8))
    #expect(answer.status == 202, "\(answer.text)")
    return try ServiceJSON.decode(JobAnswer.self, answer.body).id
  }

  @Test func `a data set is mined with the default model, followed, and its results are downloaded`() async throws {
    try await ServedProgram.with(service.options) { program in
      try await register(program, "photos", "images")
      let id = try await submit(program, "mine", #"{"ratio": 0.5, "gallery_images": 3}"#)
      let events = try await program.events(of: id, after: 0, count: .max)
      #expect(events.last?.text.contains("succeeded") == true, "\(events)")
      #expect(events.count { $0.text.hasPrefix("metrics") && $0.text.contains(#""phase":"mine""#) } == 24)
      #expect(events.contains { $0.text.hasPrefix("progress") && $0.text.contains(#""step":12,"steps":24"#) }, "\(events)")
      let files = try await program.ask("GET", "/jobs/\(id)/files")
      for name in ["images.csv", "gallery.html", "true_loss.npy", "predicted_loss.npy", "masks.npy", "skipped.csv", "summary.json"] {
        #expect(files.text.contains(#""path":"\#(name)""#), "\(files.text)")
      }
      #expect(!files.text.contains(".partial"))
      let table = try await program.ask("GET", "/jobs/\(id)/files/images.csv")
      #expect(table.status == 200 && table["Content-Type"] == "text/csv; charset=utf-8" && table.text.split(separator: "\r\n").count == 25)
      let masks = try await program.ask("GET", "/jobs/\(id)/files/masks.npy")
      #expect(try NumPyFile.parse(masks.body).shape == [24, 8, 8])
      let page = try await program.ask("GET", "/jobs/\(id)/files/gallery.html")
      #expect(page["Content-Type"] == "text/html; charset=utf-8" && page.text.matches(of: /<figure/).count == 6)
      let log = try await program.ask("GET", "/jobs/\(id)/log")
      #expect(log.text.contains("24 images ranked"), "\(log.text)")
    }
  }

  @Test func `every wrong field is named before the job is queued`() async throws {
    try await ServedProgram.with(service.options) { program in
      try await register(program, "photos", "images")
      let config = #"{"model": "no", "ratio": 2, "alfa": 1, "strategy": "block", "gallery_images": 1.5}"#
      let refused = try await program.json("POST", "/jobs", Array(#"{"kind": "mine", "dataset": "photos", "config": \#(config)}"#.utf8))
      #expect(refused.status == 422, "\(refused.text)")
      let names = ["model: ", "ratio: ", "alfa: ", "strategy: ", "gallery_images: "]
      #expect(names.allSatisfy(refused.text.contains), "\(refused.text)")
      #expect(try await program.ask("GET", "/jobs").text == #"{"data":[],"next":null}"#)
      // The description names the kinds that there are.
      let unknown = try await program.json("POST", "/jobs", Array(#"{"kind": "paint", "dataset": "photos"}"#.utf8))
      let description = try await program.ask("GET", "/openapi.json").text
      let kinds = try #require(description.firstMatch(of: /"kind":\{"type":"string","enum":\["([^\]]*)"\]/)).1.split(separator: "\",\"")
      #expect(kinds.sorted() == ["evaluate", "mine", "pretrain"] && kinds.allSatisfy { unknown.text.contains($0) }, "\(unknown.text)")
    }
  }

  @Test func `a job that is paused, and whose worker and server are killed, ends as if nothing had been`() async throws {
    let config = #"{"draws": 64, "seed": 5, "gallery_images": 2}"#
    try await copyImages(times: 10)
    var id = ""
    _ = try await ServedProgram.killed(service.options) { program in
      try await register(program, "photos", "many")
      id = try await submit(program, "mine", config)
      _ = try await program.events(of: id, after: 0, count: 8)
      #expect(try await program.ask("POST", "/jobs/\(id)/pause").status == 200)
      var last = 0
      while true {
        let events = try await program.events(of: id, after: last, count: 1)
        last = try #require(events.last?.id)
        if events.contains(where: { $0.text.hasPrefix("state") && $0.text.contains("paused") }) { break }
        try #require(!events.contains { $0.text.contains("succeeded") }, "the job was over too early")
      }
      #expect(try await program.ask("POST", "/jobs/\(id)/resume").status == 200)
      _ = try await program.events(of: id, after: last, count: 10)
      try service.kill(lock: "home/jobs/\(id)/run/lock")
      try service.kill(lock: "home/server.lock")
    }
    try await ServedProgram.with(service.options) { program in
      let events = try await program.events(of: id, after: 0, count: .max)
      #expect(events.last?.text.contains("succeeded") == true, "\(events)")
      let steps = events.filter { $0.text.hasPrefix("metrics") }.compactMap { $0.text.firstMatch(of: /"step":(\d+)/)?.1 }
      #expect(Set(steps).count == steps.count && steps.last == "240", "each step is told once")
    }
    let words = ["--draws", "64", "--seed", "5", "--gallery-images", "2"]
    let origin = try String(decoding: service.bytes("home/jobs/\(id)/run/config.json"), as: UTF8.self)
    let threads = try #require(origin.firstMatch(of: /"threads": (\d+)/)).1
    let whole = try await Program.run(
      ["mine", "--model", Fixtures.root.appendingPathComponent("Models/tiny128.safetensors").path, "--data", service.path("many")]
        + ["--out", service.path("whole"), "--threads", String(threads)] + words)
    #expect(whole.status == 0, "\(whole.errors)")
    for name in ["images.csv", "true_loss.npy", "predicted_loss.npy", "masks.npy", "gallery.html", "summary.json"] {
      #expect(try service.bytes("home/jobs/\(id)/run/\(name)") == service.bytes("whole/\(name)"), "\(name)")
    }
  }

  private func copyImages(times: Int) async throws {
    let files = FileManager.default
    try files.createDirectory(atPath: service.path("many"), withIntermediateDirectories: true)
    for round in 0..<times {
      for index in 0..<24 {
        try files.linkItem(atPath: service.path("images/\(index).png"), toPath: service.path("many/\(round)-\(index).png"))
      }
    }
  }

  @Test func `nearest neighbours tell the classes of a data set's folders`() async throws {
    for (part, count) in [("train", 8), ("test", 3)] {
      for (label, shade) in [("dark", UInt8(30)), ("light", UInt8(220))] {
        let folder = URL(fileURLWithPath: service.path("classes/\(part)/\(label)"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for number in 0..<count {
          let pixels = (0..<40 * 40 * 3).map { shade &+ UInt8(truncatingIfNeeded: ($0 &* (number + 3)) % 20) }
          let png = PNGEncoder.encode(RGBImage(width: 40, height: 40, pixels: pixels))
          try Data(png).write(to: folder.appendingPathComponent("\(number).png"))
        }
      }
    }
    try await ServedProgram.with(service.options) { program in
      try await register(program, "photos", "classes")
      let wrong = #"{"kind": "evaluate", "dataset": "photos", "config": {"method": "knn", "model": "tiny128", "train": "../up", "k": 0}}"#
      let refused = try await program.json("POST", "/jobs", Array(wrong.utf8))
      #expect(refused.status == 422 && ["train: ", "test: ", "k: "].allSatisfy(refused.text.contains), "\(refused.text)")
      let id = try await submit(
        program, "evaluate", #"{"method": "knn", "model": "tiny128", "train": "train", "test": "test", "k": 5, "features": "mean"}"#)
      let events = try await program.events(of: id, after: 0, count: .max)
      #expect(events.last?.text.contains("succeeded") == true, "\(events)")
      let result = try await program.ask("GET", "/jobs/\(id)/files/evaluation.json")
      // Dark and light are told apart by any encoder.
      #expect(result.text.contains("\"train_images\": 16") && result.text.contains("\"test_images\": 6"), "\(result.text)")
      #expect(result.text.firstMatch(of: /"5": 1(\.0)?\s/) != nil, "\(result.text)")
    }
  }
}
