import Foundation
import Testing

@testable import Service

/// A folder that lasts as long as its owner.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func add(_ file: String) throws {
    let url = URL(fileURLWithPath: path).appendingPathComponent(file)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data([0]).write(to: url)
  }
}

@Suite struct ModelDirectoryTests {
  private func found(_ change: (inout ServiceConfiguration) -> Void) throws -> (files: [ModelFile], standard: String?) {
    var configuration = ServiceConfiguration()
    change(&configuration)
    return try ModelDirectory.find(configuration)
  }

  @Test func `finds models by name, and by name and version`() throws {
    let folder = try TemporaryFolder()
    for file in [
      "tiny.safetensors", "base/2.safetensors", "base/11.safetensors", "base/x.safetensors", "README.md", "Bad Name.safetensors",
    ] {
      try folder.add(file)
    }
    let files = try ModelDirectory.scan(folder.path)
    #expect(files.map { "\($0.name)@\($0.version)" } == ["base@2", "base@11", "tiny@1"])
    #expect(files[1].path == folder.path + "/base/11.safetensors")
  }

  @Test func `lists a version once where both forms give it`() throws {
    let folder = try TemporaryFolder()
    for file in ["tiny.safetensors", "tiny/1.safetensors"] { try folder.add(file) }
    #expect(try ModelDirectory.scan(folder.path).count == 1)
  }

  @Test func `takes a file as the default model, by its stem`() throws {
    let folder = try TemporaryFolder()
    try folder.add("HPM ViT-B.final.pth")
    let found = try found { $0.model = folder.path + "/HPM ViT-B.final.pth" }
    #expect(found.standard == "hpm-vit-b.final")
    #expect(found.files.map(\.name) == ["hpm-vit-b.final"])
  }

  @Test func `takes a name of the folder as the default model`() throws {
    let folder = try TemporaryFolder()
    for file in ["a.safetensors", "b.safetensors"] { try folder.add(file) }
    let found = try found {
      $0.models = folder.path
      $0.model = "b"
    }
    #expect(found.standard == "b")
    #expect(found.files.map(\.name) == ["a", "b"])
  }

  @Test func `says what there is where a model is nowhere`() throws {
    let folder = try TemporaryFolder()
    try folder.add("a.safetensors")
    #expect(
      throws: ConfigurationError(
        description: "--model z is neither a file that can be read nor the name of a model in --models; the models of \(folder.path) are a")
    ) {
      try found {
        $0.models = folder.path
        $0.model = "z"
      }
    }
  }

  @Test func `names a folder that cannot be read`() {
    #expect(throws: ConfigurationError(description: "--models /nowhere is not a folder that can be read")) {
      try found { $0.models = "/nowhere" }
    }
  }
}

@Suite struct ShareDirectoryTests {
  @Test func `is the folder beside the executable's, or the source tree around it`() throws {
    let folder = try TemporaryFolder()
    for file in ["bin/hpm", "share/hpm/Public/index.html", "tree/Package.swift", "tree/Public/index.html", "tree/.build/release/hpm"] {
      try folder.add(file)
    }
    let root = URL(fileURLWithPath: folder.path).resolvingSymlinksInPath().path
    #expect(ShareDirectory.find(ServiceConfiguration(), executable: folder.path + "/bin/hpm") == root + "/share/hpm")
    #expect(ShareDirectory.find(ServiceConfiguration(), executable: folder.path + "/tree/.build/release/hpm") == root + "/tree")
    #expect(ShareDirectory.find(ServiceConfiguration(), executable: "/nowhere/bin/hpm") == nil)
  }
}
