import Foundation
import Images
import TestSupport
import Testing

/// Data sets over HTTP, with real images.
@Suite(.timeLimit(.minutes(2))) struct DatasetTests {
  private let service: JobService

  init() throws { service = try JobService() }

  /// The folder packed by `tar`.
  private func packed(_ folder: String) async throws -> [UInt8] {
    let outcome = try await Outcome(of: ["tar", "-czf", service.path("packed.tar.gz"), "-C", service.path(folder), "."])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try [UInt8](service.bytes("packed.tar.gz"))
  }

  private func write(_ bytes: Data, to name: String) throws {
    let url = service.folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try bytes.write(to: url)
  }

  @Test func `the same bytes in two classes keep both and are counted, and a picture shows some of the images`() async throws {
    for index in 0..<6 {
      for label in ["Kätzchen", "dogs"] { try write(service.bytes("images/\(index).png"), to: "pets/\(label)/\(index).png") }
    }
    // What a Mac packs beside each image is hidden, and no image.
    for label in ["Kätzchen", "dogs"] { try write(Data("resource".utf8), to: "pets/\(label)/._0.png") }
    let archive = try await packed("pets")
    try await ServedProgram.with(service.options) { program in
      let answer = try await program.ask("PUT", "/datasets/pets", body: archive)
      let expected = #""images":12,"classes":2,"passed_over":2,"duplicates":6,"#
      #expect(answer.status == 201 && answer.text.contains(expected), "\(answer.text)")
      let picture = try await program.ask("GET", "/datasets/pets/thumbnails")
      #expect(picture.status == 200 && picture["Content-Type"] == "image/png")
      let image = try ImageDecoder.decode(picture.body).image
      #expect(image.width == 8 * 64 + 7 * 4 && image.height == 2 * 64 + 4)
      let first = try ImageDecoder.decode([UInt8](service.bytes("images/0.png"))).image.resized(width: 64, height: 64)
      #expect(image.cropped(x: 0, y: 0, width: 64, height: 64) == first)
    }
  }

  @Test func `an archive within an archive is not unpacked, and images that do not decode have no picture`() async throws {
    for index in 0..<3 { try write(Data("no image".utf8), to: "broken/\(index).png") }
    let broken = try await packed("broken")
    try write(Data(broken), to: "nested/inner.tar.gz")
    let nested = try await packed("nested")
    try await ServedProgram.with(service.options) { program in
      let refused = try await program.ask("PUT", "/datasets/nested", body: nested)
      #expect(refused.status == 422 && refused.text.contains("unusable-dataset"), "\(refused.text)")
      #expect(!refused.text.contains(service.folder.path), "\(refused.text)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: service.path("home/datasets")) == [])
      #expect(try await program.ask("PUT", "/datasets/broken", body: broken).status == 201)
      #expect(try await program.ask("GET", "/datasets/broken/thumbnails").status == 404)
    }
  }

  @Test func `an upload over the home's limit is 507 with the flag and the figures`() async throws {
    try await ServedProgram.with(service.options + ["--max-home-bytes", "1000000"]) { program in
      let refused = try await program.ask("PUT", "/datasets/photos", body: [UInt8](repeating: 0, count: 600_000))
      #expect(refused.status == 507 && refused.text.contains("--max-home-bytes allows 1000000"), "\(refused.text)")
    }
  }

  @Test func `what a server that was killed was receiving is gone after the next start`() async throws {
    let partial = "home/models/mine/.hpm-5.partial"
    try write(Data([1]), to: partial)
    try write(Data([1]), to: "home/uploads/half")
    try await ServedProgram.with(service.options) { _ in
      #expect(!FileManager.default.fileExists(atPath: service.path(partial)))
      #expect(!FileManager.default.fileExists(atPath: service.path("home/uploads/half")))
    }
  }
}
