import Synchronization
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
      _ = try library.model(specification)
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
    #expect(try library.model().description.name == "tiny")
  }

  @Test func `answers 503 where there is no model at all`() {
    #expect(problem(ModelLibrary([]), nil)?.kind == .noModel)
  }

  @Test func `takes the newest version of a bare name and the very version of a full one`() async throws {
    let library = ModelLibrary([source("tiny", 1), source("tiny", 3), source("tiny", 2), source("other", 9)])
    await library.load()
    #expect(try library.model("tiny").description.version == 3)
    #expect(try library.model().description.version == 3)
    #expect(problem(library, "tiny@1")?.detail == "The model tiny@1 is not loaded; POST /models/tiny@1/load loads it.")
    _ = try await library.load("tiny@1")
    #expect(try library.model("tiny").description.version == 3)
    #expect(try library.model("tiny@1").description.version == 1)
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
    #expect(try library.model("good").description.name == "good")
  }
}

@Suite(.timeLimit(.minutes(1))) struct ModelLoadingTests {
  /// Loads a model of as many images a pass as it was loaded times, until it is told to fail.
  private final class Shelf: Sendable {
    private let state = Mutex((loads: 0, fails: false))

    func fail() { state.withLock { $0.fails = true } }

    func source(_ name: String, _ version: Int) -> ModelSource {
      ModelSource(name: name, version: version) { [self] in
        let (loads, fails) = state.withLock { state in
          state.loads += 1
          return state
        }
        if fails { throw Refusal() }
        var engine = BrightnessEngine(name: name, version: version)
        engine.perPass = loads
        return engine
      }
    }
  }

  private let shelf = Shelf()

  private func passes(_ library: ModelLibrary) throws -> Int { try library.model().engine.imagesPerPass(rows: 1, columns: 1) }

  @Test func `reads a model again and swaps it in`() async throws {
    let library = ModelLibrary([shelf.source("tiny", 1)])
    await library.load()
    #expect(try passes(library) == 1)
    _ = try await library.load("tiny")
    #expect(try passes(library) == 2)
  }

  @Test func `serves the old one on where a load fails, and says why it did`() async throws {
    let library = ModelLibrary([shelf.source("tiny", 1)])
    await library.load()
    shelf.fail()
    await #expect { try await library.load("tiny") } throws: { ($0 as? Problem)?.kind == .unfitModel }
    #expect(try passes(library) == 1)
    #expect(library.entry("tiny")?.reason == "the file ends at byte 7")
    guard case .ready = library.entry("tiny")?.state else {
      Issue.record("not ready")
      return
    }
  }

  @Test func `lets a new version take the place of the old, once it is ready`() async throws {
    let library = ModelLibrary([shelf.source("tiny", 1)])
    await library.load()
    library.add(shelf.source("tiny", 2))
    #expect(try library.model("tiny").description.version == 1)
    _ = try await library.load("tiny")
    #expect(try library.model("tiny").description.version == 2)
    guard case .unloaded = library.entry("tiny@1")?.state else {
      Issue.record("the old version stays")
      return
    }
  }

  @Test func `frees a model with the last request that holds it`() async throws {
    let library = ModelLibrary([shelf.source("tiny", 1)])
    await library.load()
    weak var gone: ServedModel?
    do {
      let held = try library.model()
      gone = held
      try library.unload("tiny")
      #expect(gone != nil)
      withExtendedLifetime(held) {}
    }
    #expect(gone == nil)
    #expect { try library.model() } throws: { ($0 as? Problem)?.kind == .noModel }
  }

  @Test func `takes no model off the list that is loaded or the default`() async throws {
    let library = ModelLibrary([shelf.source("a", 1), shelf.source("b", 1)])
    await library.load()
    #expect { try library.remove("a") } throws: { ($0 as? Problem)?.kind == .modelInUse }
    #expect { try library.remove("b") } throws: { ($0 as? Problem)?.kind == .modelInUse }
    try library.unload("b")
    #expect(try library.remove("b").map(\.name) == ["b"])
    #expect { try library.remove("b") } throws: { ($0 as? Problem)?.kind == .unknownModel }
  }

  @Test func `makes another the default`() async throws {
    let library = ModelLibrary([shelf.source("a", 1), shelf.source("b", 1)])
    await library.load()
    try library.setDefault("b")
    #expect(try library.model().description.name == "b")
  }

  @Test func `expects a load to take as long as the last one did`() async throws {
    let clock = ManualClock()
    let (arrival, arrived) = AsyncStream.makeStream(of: Void.self)
    let (opening, open) = AsyncStream.makeStream(of: Void.self)
    let first = ModelSource(name: "a", version: 1) {
      clock.advance(by: 12)
      return BrightnessEngine(name: "a")
    }
    let library = ModelLibrary([first], now: { clock.now })
    await library.load()
    library.add(
      ModelSource(name: "b", version: 1) {
        arrived.finish()
        for await _ in opening {}
        return BrightnessEngine(name: "b")
      })
    async let loaded = library.load("b")
    for await _ in arrival {}
    clock.advance(by: 2.5)
    #expect { try library.model("b") } throws: { ($0 as? Problem)?.kind == .loading && ($0 as? Problem)?.retryAfter == 10 }
    open.finish()
    #expect(try await loaded.description.name == "b")
  }
}

@Suite struct ModelNameTests {
  @Test(arguments: ["a", "0", "vit-b_16.v2", String(repeating: "a", count: 64)])
  func `accepts a name of the contract`(name: String) { #expect(ModelDirectory.isName(name)) }

  @Test(arguments: ["", ".", "..", "-a", "A", "a/b", "a b", "é", String(repeating: "a", count: 65), "a\0"])
  func `refuses any other`(name: String) { #expect(!ModelDirectory.isName(name)) }
}
