import Synchronization

/// A model that can be loaded.
package struct ModelSource: Sendable {
  /// `[a-z0-9][a-z0-9._-]{0,63}`.
  package let name: String
  /// From 1.
  package let version: Int
  /// Reads, checks and warms the model; an error's description becomes the reason that listings show.
  package let load: @Sendable () async throws -> any InferenceEngine

  package init(name: String, version: Int, load: @escaping @Sendable () async throws -> any InferenceEngine) {
    self.name = name
    self.version = version
    self.load = load
  }
}

/// The models this process serves, what state each is in, and which answers where a request names none.
package final class ModelLibrary: Sendable {
  /// Where a model stands.
  package enum State: Sendable {
    case loading
    case ready(any InferenceEngine)
    case failed(reason: String)
  }

  /// One model as listings show it.
  package struct Entry: Sendable {
    package let name: String
    package let version: Int
    package let isDefault: Bool
    package let state: State
  }

  private let sources: [ModelSource]
  private let defaultName: String?
  private let states: Mutex<[State]>

  /// A library of `sources`; the default is the newest version of `defaultModel`, else of the first source.
  package init(_ sources: [ModelSource], defaultModel: String? = nil) {
    self.sources = sources
    defaultName = defaultModel ?? sources.first?.name
    states = Mutex(Array(repeating: .loading, count: sources.count))
  }

  /// Loads every model, the default first, one after the other; returns when each is ready or has failed.
  package func load() async {
    let first = index(of: nil)
    let order = sources.indices.sorted { ($0 == first ? -1 : $0) < ($1 == first ? -1 : $1) }
    for index in order {
      let state: State
      do {
        state = .ready(try await sources[index].load())
      } catch {
        state = .failed(reason: String(describing: error))
      }
      states.withLock { $0[index] = state }
    }
  }

  /// The ready model that `name` or `name@version` stands for; `nil` stands for the default model, a bare name for its newest version.
  package func engine(_ specification: String? = nil) throws(Problem) -> any InferenceEngine {
    guard let index = index(of: specification) else {
      guard let specification else { throw Problem(.noModel, "No model is being served.", retryAfter: Self.retryAfter) }
      throw Problem(
        .unknownModel, "There is no model \"\(specification)\".", parameter: "model", allowed: sources.map { "\($0.name)@\($0.version)" })
    }
    let name = "\(sources[index].name)@\(sources[index].version)"
    switch states.withLock({ $0[index] }) {
    case .ready(let engine): return engine
    case .loading: throw Problem(.loading, "The model \(name) is still loading.", retryAfter: Self.retryAfter)
    case .failed(let reason):
      throw Problem(.noModel, "The model \(name) could not be loaded: \(reason)", retryAfter: Self.retryAfter)
    }
  }

  /// Every model, in the order of the sources.
  package var entries: [Entry] {
    let states = states.withLock { $0 }
    let standard = index(of: nil)
    return sources.indices.map { index in
      Entry(name: sources[index].name, version: sources[index].version, isDefault: index == standard, state: states[index])
    }
  }

  /// The model that `name` or `name@version` stands for, whatever its state.
  package func entry(_ specification: String) -> Entry? { index(of: specification).map { entries[$0] } }

  /// Seconds after which asking again for a model that is loading may help.
  static var retryAfter: Int { 5 }

  private func index(of specification: String?) -> Int? {
    guard let wanted = specification ?? defaultName else { return nil }
    let parts = wanted.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let candidates = sources.indices.filter { sources[$0].name == parts[0] }
    guard parts.count == 2 else { return candidates.max { sources[$0].version < sources[$1].version } }
    return candidates.first { String(sources[$0].version) == parts[1] }
  }
}
