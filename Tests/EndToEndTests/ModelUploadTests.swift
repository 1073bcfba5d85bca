import Foundation
import TestSupport
import Testing

/// Models that come and go while the service runs, with real checkpoints.
@Suite(.serialized) struct ModelUploadTests {
  private static let checkpoint = Fixtures.root.appendingPathComponent("Models/tiny128.safetensors")

  @Test func `an uploaded checkpoint answers as the same one does that was there, and leaves nothing behind`() async throws {
    try await Samples.withFolder { folder in
      let home = folder.appendingPathComponent("home").path
      let body = [UInt8](try Data(contentsOf: Self.checkpoint))
      try await ServedProgram.with(["--home", home]) { service in
        #expect(try await service.ask("PUT", "/models/new", body: body).status == 201)
        #expect(try await service.ask("POST", "/predict-loss?model=new", body: Samples.photo).status == 503)
        let loaded = try await service.ask("POST", "/models/new/load")
        #expect(loaded.status == 200 && loaded.text.contains(#""state":"ready""#))
        let own = try await service.ask("POST", "/predict-loss?model=tiny128", accept: "application/x-npy", body: Samples.photo)
        let new = try await service.ask("POST", "/predict-loss?model=new", accept: "application/x-npy", body: Samples.photo)
        #expect(new.status == 200 && new.body == own.body)
        #expect(FileManager.default.fileExists(atPath: home + "/models/new/1.safetensors"))
      }
      // It is there again after a restart, beside the model that the program brings.
      try await ServedProgram.with(["--home", home]) { service in
        let loaded = try await service.ask("POST", "/models/new/load")
        #expect(loaded.status == 200)
        #expect(try await service.ask("DELETE", "/models/new").status == 409)
        #expect(try await service.ask("POST", "/models/new/unload").status == 200)
        #expect(try await service.ask("DELETE", "/models/new").status == 204)
        #expect(!FileManager.default.fileExists(atPath: home + "/models/new"))
        #expect(try await service.ask("GET", "/models/tiny128").text.contains(#""default":true"#))
      }
    }
  }

  @Test func `a damaged checkpoint is refused, and the model of its name serves on`() async throws {
    try await Samples.withFolder { folder in
      var body = [UInt8](try Data(contentsOf: Self.checkpoint))
      body.removeLast(1000)
      try await ServedProgram.with(["--home", folder.path]) { service in
        let refused = try await service.ask("PUT", "/models/tiny128", body: body)
        #expect(refused.status == 422 && refused.text.contains("/problems/unfit-model"))
        #expect(try await service.ask("POST", "/predict-loss", body: Samples.photo).status == 200)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/models/tiny128"))
      }
    }
  }
}
