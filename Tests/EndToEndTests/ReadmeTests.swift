import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// The README's examples, run as they stand.
@Suite(.serialized) struct ReadmeTests {
  private static let known: Set = ["http", "command", "crops", "twin", "training", "keys", "jobs", "container"]

  /// Runs the block `name` in a folder with `photo.jpg` and lets `check` look at what it left.
  private func run(_ name: String, _ check: (Outcome, URL) throws -> Void) async throws {
    let readme = try Readme()
    try await ServedProgram.with { service in
      try await Samples.withFolder { folder in
        let outcome = try await readme.run(name, on: service, in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        try check(outcome, folder)
      }
    }
  }

  private func json<Value: Decodable>(_ type: Value.Type, _ folder: URL, _ name: String) throws -> Value {
    try ServiceJSON.decode(type, Samples.bytes("\(folder.path)/\(name)"))
  }

  private func picture(_ folder: URL, _ name: String) throws -> RGBImage {
    try ImageDecoder.decode(Samples.bytes("\(folder.path)/\(name)")).image
  }

  private func array(_ folder: URL, _ name: String) throws -> NumPyFile {
    try NumPyFile.parse(Samples.bytes("\(folder.path)/\(name)"))
  }

  @Test func `every block is run by a test or starts a script that is there`() throws {
    let blocks = try Readme().blocks.filter { ["sh", "python"].contains($0.language) }
    #expect(Set(blocks.compactMap(\.name)) == Self.known)
    for line in blocks.filter({ $0.name == nil }).flatMap({ $0.code.split(separator: "\n") }) {
      let script = try #require(line.split(separator: " ").first)
      #expect(script.hasPrefix("Scripts/"))
      #expect(FileManager.default.isExecutableFile(atPath: Fixtures.root.appendingPathComponent(String(script)).path))
    }
  }

  @Test func `every file and folder that the README names is there`() throws {
    let text = try String(contentsOf: Fixtures.root.appendingPathComponent("README.md"), encoding: .utf8)
    #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 200)
    for match in text.matches(of: /(?:Sources|Tests|Benchmarks|Models|Public|Scripts|deploy|docs)\/[\w\/.-]*\w/) {
      #expect(FileManager.default.fileExists(atPath: Fixtures.root.appendingPathComponent(String(match.output)).path), "\(match.output)")
    }
  }

  @Test(.enabled(if: Interpreter.hasCurl, "curl is not installed"))
  func `the examples over HTTP answer losses, pictures, masks and models`() async throws {
    try await run("http") { _, folder in
      let losses = try json(ServiceJSON.Losses.self, folder, "losses.json")
      #expect(losses.grid == [8, 8] && losses.ranking.count == 64)
      let overlay = try picture(folder, "overlay.png")
      #expect(overlay.width == 512 && overlay.height == 512)
      let random = try json(ServiceJSON.Masks.self, folder, "random.json")
      #expect(random.strategy == "random" && random.masked == 147)
      let hard = try json(ServiceJSON.Masks.self, folder, "hard.json")
      #expect(hard.strategy == "hard" && hard.masked == 48)
      #expect(try json(ServiceJSON.Masks.self, folder, "again.json").masks == hard.masks)
      let figure = try picture(folder, "figure.png")
      #expect(figure.width > 4 * figure.height, "five panels, side by side")
      let models = String(decoding: try Samples.bytes("\(folder.path)/models.json"), as: UTF8.self)
      #expect(models.contains(#""name":"tiny128""#) && models.contains(#""state":"ready""#))
    }
  }

  @Test func `the picture at the top is what the service draws of its own sample`() async throws {
    let root = Fixtures.root.path
    let shown = try ImageDecoder.decode(Samples.bytes("\(root)/docs/figure.png")).image
    let sample = try Samples.bytes("\(root)/Public/page/samples/spray.webp")
    try await ServedProgram.with { service in
      let reply = try await service.ask("POST", "/reconstruct?format=png", body: sample)
      let drawn = try ImageDecoder.decode(reply.body).image
      #expect(drawn.width == shown.width && drawn.height == shown.height)
      // Another processor rounds otherwise, which moves a colour by a step.
      let difference = zip(drawn.pixels, shown.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
      #expect(Double(difference) < Double(shown.pixels.count))
    }
  }

  /// Puts a folder of images beside the photo.
  private func addImages(to folder: URL) throws {
    let images = folder.appendingPathComponent("images", isDirectory: true)
    try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
    for index in 0..<24 { try Data(Samples.photo).write(to: images.appendingPathComponent("\(index).png")) }
  }

  @Test(.enabled(if: Interpreter.hasCurl, "curl is not installed"))
  func `the example of a job uploads, trains, follows, promotes and draws a map`() async throws {
    let readme = try Readme()
    try await ServedProgram.with { service in
      try await Samples.withFolder { folder in
        try addImages(to: folder)
        let outcome = try await readme.run("jobs", on: service, in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.text.contains(#""images":24"#) && outcome.text.contains(#""state":"succeeded""#), "\(outcome.text)")
        #expect(outcome.text.contains(#""name":"mine""#))
        #expect(try picture(folder, "map.png").width > 0)
      }
    }
  }

  @Test func `the training example leaves a run whose model predicts`() async throws {
    let readme = try Readme()
    try await ServedProgram.with { service in
      try await Samples.withFolder { folder in
        try addImages(to: folder)
        let outcome = try await readme.run("training", on: service, in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.text.contains("masked_average") && outcome.text.contains("patch_variance"))
        #expect(try json(ServiceJSON.Losses.self, folder, "trained.json").grid == [6, 6])
        let lines = String(decoding: try Samples.bytes("\(folder.path)/run/metrics.jsonl"), as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 6 && lines[5].contains(#""phase":"evaluation""#))
      }
    }
  }

  @Test func `the examples of the command line answer losses, a picture and masks`() async throws {
    try await run("command") { _, folder in
      #expect(try json(ServiceJSON.Losses.self, folder, "losses.json").mode == "masked_average")
      let overlay = try picture(folder, "overlay.png")
      #expect(overlay.width == 512 && overlay.height == 512)
      #expect(try json(ServiceJSON.Masks.self, folder, "mask.json").masked == 48)
      let masks = try array(folder, "masks.npy")
      #expect(masks.shape.dimensions == [64, 14, 14])
      #expect(masks.unsignedBytes?.count { $0 == 1 } == 64 * 147)
    }
  }

  @Test func `the example of the keys leaves a key that a service would take`() async throws {
    try await run("keys") { outcome, folder in
      let key = String(decoding: try Samples.bytes("\(folder.path)/team.key"), as: UTF8.self)
      #expect(key.wholeMatch(of: /hpm_team_[0-9a-f]{64}\n/) != nil)
      #expect(outcome.text.contains("infer,jobs") && outcome.text.hasSuffix("ready\n"))
    }
  }

  @Test func `the program takes what the container is asked to run`() async throws {
    let block = try #require(try Readme().blocks.first { $0.name == "container" })
    let lines = block.code.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    try await Samples.withFolder { folder in
      let commands = lines.filter { $0.starts(with: ["docker", "run"]) }.compactMap { line in line.split(separator: "hpm").last }
      #expect(commands.map(\.first) == ["keys", "serve"])
      for command in commands {
        let words = command.map { $0.replacing("/var/lib/hpm", with: folder.path) }
        let outcome = try await Program.run(words + (words.first == "serve" ? ["--check"] : []))
        #expect(outcome.status == 0, "\(outcome.errors)")
      }
    }
  }

  @Test(.enabled(if: Interpreter.hasPython, "python3 with numpy and requests is not installed"))
  func `the Python example gets 64 masks for 64 crops`() async throws {
    try await run("crops") { _, folder in
      let masks = try array(folder, "masks.npy")
      #expect(masks.shape.dimensions == [64, 8, 8])
      let values = try #require(masks.unsignedBytes)
      for crop in 0..<64 { #expect(values[crop * 64..<(crop + 1) * 64].count { $0 == 1 } == 48) }
    }
  }

  @Test(.enabled(if: Interpreter.hasPython, "python3 with numpy and requests is not installed"))
  func `the mask generator in NumPy draws the service's masks`() async throws {
    try await run("twin") { outcome, _ in #expect(outcome.text == "True\n") }
  }
}
