import Foundation
import Images
import TestSupport
import Testing

/// How the program behaves towards a shell: exit codes, and which words go where.
@Suite(.serialized) struct CommandLineTests {
  /// A sentence of an error: from the program's hand, in one piece, and no trap's trace.
  private func expectSentence(_ outcome: Outcome, status: Int32, naming words: [String] = []) {
    #expect(outcome.status == status, "\(outcome.errors)")
    #expect(outcome.text == "", "results alone go to standard output")
    #expect(!outcome.errors.isEmpty && !outcome.errors.contains("Fatal error") && !outcome.errors.contains("Stack dump"))
    for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
  }

  @Test func `the version and the help go to standard output`() async throws {
    let version = try await Program.run(["--version"])
    #expect(version.status == 0 && version.errors == "")
    #expect(version.text.wholeMatch(of: /hpm \d+\.\d+\.\d+\n/) != nil)
    for command in [[], ["serve"], ["predict"], ["mask"], ["bench"], ["health"]] {
      let help = try await Program.run(command + ["--help"])
      #expect(help.status == 0 && help.errors == "")
      #expect(help.text.contains("USAGE: hpm"))
    }
  }

  @Test(arguments: [
    (["paint"], "paint"), (["predict"], "at least one image"), (["predict", "photo.jpg", "--colour", "red"], "--colour"),
    (["predict", "photo.jpg", "--draws", "1"], "--draws"), (["predict", "photo.jpg", "--format", "gif"], "--format"),
    (["predict", "photo.jpg", "--weights", "best"], "--weights"), (["predict", "photo.jpg", "--view"], "--view"),
    (["predict", "photo.jpg", "photo.jpg", "--format", "png"], "--out"), (["mask", "--ratio", "1.5"], "--ratio"),
    (["mask", "--alpha", "1"], "--alpha"), (["mask", "--seed", "1", "--seed", "2"], "--seed"), (["serve", "--port", "http"], "port"),
    (["serve", "now"], "now"), (["serve", "--config", "missing.json"], "missing.json"), (["health", "127.0.0.1"], "http://HOST:PORT"),
    (["bench", "--preset", "huge"], "huge"),
  ])
  func `wrong usage is status 2 and names what is wrong`(arguments: [String], word: String) async throws {
    try await Samples.withFolder { folder in
      expectSentence(try await Program.run(arguments, in: folder), status: 2, naming: [word])
    }
  }

  @Test(arguments: [
    (["predict", "missing.jpg"], "missing.jpg"), (["predict", "."], "It is a folder"),
    (["predict", "photo.jpg", "--model", "missing.pth"], "missing.pth"), (["predict", "photo.jpg", "--models", "missing"], "missing"),
    (["predict", "photo.jpg", "--share", "."], "--model"),
    (["predict", "photo.jpg", "--out", "missing/losses.json"], "missing/losses.json"),
    (["mask", "--strategy", "hard"], "image"), (["mask", "--strategy", "uniform", "--grid", "3x4"], "3x4"),
    (["serve", "--model", "missing.pth"], "missing.pth"), (["serve", "--models", "missing"], "missing"),
    (["serve", "--host", "192.0.2.1"], "192.0.2.1"),
  ])
  func `what fails is status 1 and a sentence`(arguments: [String], word: String) async throws {
    try await Samples.withFolder { folder in
      expectSentence(try await Program.run(arguments, in: folder), status: 1, naming: [word])
    }
  }

  @Test func `images that do not decode are named, and why`() async throws {
    try await Samples.withFolder { folder in
      let files: [(name: String, bytes: [UInt8], word: String)] = [
        ("letter.jpg", Array("Dear model,".utf8), "PNG, JPEG or WebP"), ("empty.jpg", [], "is empty"),
        ("cut.png", Array(Samples.photo.dropLast(Samples.photo.count / 2)), "PNG"), ("head.jpg", [0xFF, 0xD8, 0xFF, 0xE0], "JPEG"),
        ("array.npy", Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) }) + [1, 0, 255, 255], "npy"),
      ]
      for file in files {
        try Data(file.bytes).write(to: folder.appendingPathComponent(file.name))
        expectSentence(
          try await Program.run(["predict", file.name], in: folder), status: 1,
          naming: [file.name, file.word])
      }
    }
  }

  @Test func `a picture over the pixel limit is refused with the name of the limit`() async throws {
    try await Samples.withFolder { folder in
      let outcome = try await Program.run(["predict", "photo.jpg", "--max-image-pixels", "1000"], in: folder)
      expectSentence(outcome, status: 1, naming: ["1000", "--max-image-pixels"])
    }
  }

  @Test func `an image that fails does not keep the others from their results`() async throws {
    try await Samples.withFolder { folder in
      let outcome = try await Program.run(["predict", "photo.jpg", "missing.jpg", "photo.jpg"], in: folder)
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("missing.jpg") && outcome.errors.contains("1 of 3 images failed."))
      let lines = outcome.text.split(separator: "\n")
      #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix(#"{"file":"photo.jpg","#) })
    }
  }

  @Test func `an image comes from standard input, and results go into files and folders`() async throws {
    try await Samples.withFolder { folder in
      let piped = try await Program.run(["predict", "-"], input: Samples.photo, in: folder)
      #expect(piped.status == 0, "\(piped.errors)")
      let named = try await Program.run(["predict", "photo.jpg", "--out", "losses.json"], in: folder)
      #expect(named.status == 0 && named.output.isEmpty)
      #expect(try Samples.bytes(folder.path + "/losses.json") + [UInt8(ascii: "\n")] == piped.output)
      let several = try await Program.run(["predict", "photo.jpg", "photo.jpg", "--format", "png", "--out", "maps"], in: folder)
      #expect(several.status == 0, "\(several.errors)")
      for name in ["photo.png", "photo-2.png"] {
        #expect(try ImageDecoder.decode(Samples.bytes("\(folder.path)/maps/\(name)")).format == .png)
      }
    }
  }

  @Test func `pictures have the pixels that were asked for`() async throws {
    try await Samples.withFolder { folder in
      for (options, size) in [
        (["--view", "overlay", "--size", "200"], [200, 200]), (["--fit", "stretch"], [Samples.width, Samples.height]),
        (["--fit", "stretch", "--view", "masked", "--size", "300"], [300, 200]), (["--colormap", "viridis", "--size", "1"], [1, 1]),
      ] {
        let outcome = try await Program.run(["predict", "photo.jpg", "--format", "png"] + options, in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let picture = try ImageDecoder.decode(outcome.output).image
        #expect([picture.width, picture.height] == size)
      }
    }
  }

  @Test func `the model that the program brings is found from any folder and by way of PATH`() async throws {
    try await Samples.withFolder { folder in
      let outcome = try await Outcome(of: ["hpm", "predict", "photo.jpg"], in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try outcome.json(ServiceJSON.Losses.self).model.name == "tiny128")
    }
  }

  @Test(.enabled(if: Fixtures.hasShared, "the shared reference folder is not beside this clone"))
  func `hostile checkpoints are refused with the reason, and none is obeyed`() async throws {
    let folder = try Fixtures.shared("reference/hostile").path
    let trace = "/tmp/hpm-pwned"
    #expect(!FileManager.default.fileExists(atPath: trace))
    for file in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      let outcome = try await Program.run(
        ["predict", Samples.images, "--model", "\(folder)/\(file)", "--heads", "3", "--decoder-heads", "2"])
      expectSentence(outcome, status: 1, naming: ["could not be loaded", file])
    }
    #expect(!FileManager.default.fileExists(atPath: trace))
  }

  @Test func `a checkpoint whose heads nothing tells is refused with the flag that tells them`() async throws {
    let outcome = try await Program.run(["predict", Samples.images, "--model", Fixtures.file("tiny/student.safetensors").path])
    expectSentence(outcome, status: 1, naming: ["--heads"])
  }
}
