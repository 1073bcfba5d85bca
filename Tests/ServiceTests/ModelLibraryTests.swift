import Testing

@testable import Service

private struct Refusal: Error, CustomStringConvertible {
  let description = "the file ends at byte 7"
}

@Suite struct ModelLibraryTests {
  private func source(_ name: String, _ version: Int) -> ModelSource {
    ModelSource(name: name, version: version) { BrightnessEngine(name: name, version: version) }
  }

  private func problem(_ library: ModelLibrary, _ specification: String?) -> Problem? {
    do {
      _ = try library.engine(specification)
      return nil
    } catch {
      return error
    }
  }

  @Test func `answers 503 with a time to ask again until a model is loaded`() async throws {
    let library = ModelLibrary([source("tiny", 1)])
    #expect(problem(library, nil)?.kind == .loading)
    #expect(problem(library, nil)?.retryAfter == 5)
    await library.load()
    #expect(try library.engine().description.name == "tiny")
  }

  @Test func `answers 503 where there is no model at all`() {
    #expect(problem(ModelLibrary([]), nil)?.kind == .noModel)
  }

  @Test func `takes the newest version of a bare name and the very version of a full one`() async throws {
    let library = ModelLibrary([source("tiny", 1), source("tiny", 3), source("tiny", 2), source("other", 9)])
    await library.load()
    #expect(try library.engine("tiny").description.version == 3)
    #expect(try library.engine().description.version == 3)
    #expect(try library.engine("tiny@1").description.version == 1)
  }

  @Test(arguments: ["absent", "tiny@4", "tiny@", "@1", ""])
  func `answers 404 and what there is for a name it does not have`(name: String) async {
    let library = ModelLibrary([source("tiny", 1)])
    await library.load()
    #expect(problem(library, name)?.kind == .unknownModel)
    #expect(problem(library, name)?.allowed == ["tiny@1"])
  }

  @Test func `says why a model could not be loaded, and serves the others`() async throws {
    let library = ModelLibrary([ModelSource(name: "bad", version: 1) { throw Refusal() }, source("good", 1)])
    await library.load()
    #expect(problem(library, nil)?.detail == "The model bad@1 could not be loaded: the file ends at byte 7")
    #expect(try library.engine("good").description.name == "good")
  }
}

@Suite struct ModelNameTests {
  @Test(arguments: ["a", "0", "vit-b_16.v2", String(repeating: "a", count: 64)])
  func `accepts a name of the contract`(name: String) { #expect(ModelDirectory.isName(name)) }

  @Test(arguments: ["", ".", "..", "-a", "A", "a/b", "a b", "é", String(repeating: "a", count: 65), "a\0"])
  func `refuses any other`(name: String) { #expect(!ModelDirectory.isName(name)) }
}
