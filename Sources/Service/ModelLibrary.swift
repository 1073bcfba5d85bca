import Synchronization

/// The models this process serves, what state each is in, and which answers where a request names none.
///
/// Models are loaded beside those that serve, one after another: a load that fails leaves the old one serving, and a model that has left goes
/// with the last request that it answers.
package final class ModelLibrary: Sendable {
  /// Where a model stands.
  package enum State: Sendable {
    case unloaded
    case loading
    case ready(ServedModel)
    case failed(reason: String)
  }

  /// One version of a model as listings show it.
  package struct Entry: Sendable {
    package let name: String
    package let version: Int
    package let isDefault: Bool
    package let state: State
    /// Why the last load failed, whether or not an older one serves on.
    package let reason: String?
  }

  private let queueLimits: QueueLimits
  private let metrics: ServiceMetrics?
  private let turns = Turns()
  private let loads = Turns()
  private let now: @Sendable () -> Double
  private let contents: Mutex<ModelShelf>

  /// A library of `sources`; the default is the newest version of `defaultModel`, else of the first source.
  ///
  /// - Parameters:
  ///   - queueLimits: What may wait for one model.
  ///   - metrics: Where queues and batches are counted.
  ///   - now: A clock in seconds that never goes back.
  package init(
    _ sources: [ModelSource], defaultModel: String? = nil, queueLimits: QueueLimits = ServiceConfiguration().queueLimits,
    metrics: ServiceMetrics? = nil, now: @escaping @Sendable () -> Double = MonotonicTime.seconds
  ) {
    self.queueLimits = queueLimits
    self.metrics = metrics
    self.now = now
    contents = Mutex(ModelShelf(slots: sources.map { ModelShelf.Slot(source: $0) }, standard: defaultModel ?? sources.first?.name))
    let begun = now()
    contents.withLock { contents in
      for index in contents.newest { contents.slots[index].loadingSince = begun }
    }
  }

  /// Loads the newest version of every model, the default first, one after the other; returns when each is ready or has failed.
  package func load() async {
    let sources = contents.withLock { contents in contents.newest.map { contents.slots[$0].source } }
    for source in sources { _ = try? await load(source) }
  }

  /// Loads `name@version`, or the newest version of `name`, which then takes the place of its other versions.
  package func load(_ specification: String) async throws(Problem) -> ServedModel {
    let source = try contents.withLock { contents throws(Problem) in
      let index = try contents.index(of: specification, preferring: .newest)
      contents.slots[index].loadingSince = now()
      return contents.slots[index].source
    }
    let model = try await load(source)
    if !specification.contains("@") { retire { $0.name == source.name && $0.version != source.version } }
    model.enter()
    return model
  }

  /// Takes `name@version`, or every version of `name`, out of service; requests that they are answering are answered.
  package func unload(_ specification: String) throws(Problem) {
    let source = try contents.withLock { contents throws(Problem) in
      contents.slots[try contents.index(of: specification, preferring: .newest)].source
    }
    retire { $0.name == source.name && (!specification.contains("@") || $0.version == source.version) }
  }

  /// Lets the model of that name answer where a request names none.
  package func setDefault(_ name: String) throws(Problem) {
    try contents.withLock { contents throws(Problem) in
      contents.standard = contents.slots[try contents.index(of: name, preferring: .newest)].source.name
    }
  }

  /// Adds a version, or puts it in the place of the same one; it is not loaded.
  package func add(_ source: ModelSource) {
    contents.withLock { contents in
      if let index = contents.slots.firstIndex(where: { $0.source.name == source.name && $0.source.version == source.version }) {
        contents.slots[index] = ModelShelf.Slot(source: source, served: contents.slots[index].served)
      } else {
        contents.slots.append(ModelShelf.Slot(source: source))
      }
      contents.standard = contents.standard ?? source.name
    }
  }

  /// Takes `name@version`, or every version of `name`, off the list.
  ///
  /// - Throws: ``Problem`` where one is loaded or is the default.
  package func remove(_ specification: String) throws(Problem) -> [ModelSource] {
    try contents.withLock { contents throws(Problem) in
      let chosen = contents.slots[try contents.index(of: specification, preferring: .newest)].source
      let isChosen = { (source: ModelSource) in
        source.name == chosen.name && (!specification.contains("@") || source.version == chosen.version)
      }
      let leaving = contents.slots.filter { isChosen($0.source) }
      let staysNamed = contents.slots.contains { $0.source.name == chosen.name && !isChosen($0.source) }
      guard staysNamed || contents.standard != chosen.name else {
        throw Problem(.modelInUse, "The model \(chosen.name) is the default; make another the default first.")
      }
      guard leaving.allSatisfy({ $0.served == nil && $0.loadingSince == nil }) else {
        throw Problem(.modelInUse, "The model \(specification) is loaded; unload it first with POST /models/\(specification)/unload.")
      }
      contents.slots.removeAll { isChosen($0.source) }
      return leaving.map(\.source)
    }
  }

  /// The ready model that `name` or `name@version` stands for; `nil` stands for the default model, a bare name for its newest version that
  /// is ready.
  package func model(_ specification: String? = nil) throws(Problem) -> ServedModel {
    try contents.withLock { contents throws(Problem) in
      guard specification != nil || contents.standard != nil else {
        throw Problem(.noModel, "No model is being served.", retryAfter: Self.retryAfter)
      }
      let slot = contents.slots[try contents.index(of: specification, preferring: .ready)]
      if let model = slot.served { return model }
      throw unavailable(slot, contents)
    }
  }

  /// Every version of every model, in the order in which they came.
  package var entries: [Entry] {
    contents.withLock { contents in
      let standard = try? contents.index(of: nil, preferring: .ready)
      return contents.slots.indices.map { contents.entry($0, isDefault: $0 == standard) }
    }
  }

  /// Whether each name has a version that answers, in the order of the names.
  var readiness: [(model: String, isReady: Bool)] {
    Dictionary(grouping: entries, by: \.name).sorted { $0.key < $1.key }.map { name, versions in
      (name, versions.contains { if case .ready = $0.state { true } else { false } })
    }
  }

  /// The model that `name` or `name@version` stands for, whatever its state.
  package func entry(_ specification: String) -> Entry? {
    contents.withLock { contents in
      let standard = try? contents.index(of: nil, preferring: .ready)
      return (try? contents.index(of: specification, preferring: .ready)).map { contents.entry($0, isDefault: $0 == standard) }
    }
  }

  /// Every version of a name, as it can be loaded.
  func sources(of name: String) -> [ModelSource] {
    contents.withLock { contents in contents.slots.map(\.source).filter { $0.name == name } }
  }

  /// The files of all models.
  package var paths: [String] { contents.withLock { contents in contents.slots.compactMap(\.source.path) } }

  /// The file of the newest version of `name`, or of `name@version`, or of the default model for `nil`; `nil` where there is none.
  package func path(of specification: String?) -> String? {
    contents.withLock { contents in
      (try? contents.index(of: specification, preferring: .newest)).flatMap { contents.slots[$0].source.path }
    }
  }

  /// The versions of a name that serve, or will.
  func serving(_ name: String) -> Set<Int> {
    contents.withLock { contents in
      let busy = contents.slots.filter { $0.source.name == name && ($0.served != nil || $0.loadingSince != nil) }
      return Set(busy.map(\.source.version))
    }
  }

  /// Seconds after which asking again for a model that is loading may help, as long as none has been loaded.
  static var retryAfter: Int { 5 }
}

extension ModelLibrary {
  /// Loads beside what serves and puts it in its place.
  private func load(_ source: ModelSource) async throws(Problem) -> ServedModel {
    await loads.take()
    defer { loads.give() }
    let begun = now()
    do {
      let model = ServedModel(try await source.load(), limits: queueLimits, turns: turns, metrics: metrics, now: now)
      finish(source) { contents, index in
        contents.slots[index].served?.leave()
        contents.slots[index].served = model
        model.enter()
        contents.slots[index].reason = nil
        contents.loadSeconds = self.now() - begun
      }
      return model
    } catch {
      let reason = String(describing: error)
      finish(source) { contents, index in contents.slots[index].reason = reason }
      throw Problem(.unfitModel, "The model \(source.name)@\(source.version) could not be loaded: \(reason)")
    }
  }

  private func finish(_ source: ModelSource, _ change: (inout ModelShelf, Int) -> Void) {
    contents.withLock { contents in
      guard let index = contents.slots.firstIndex(where: { $0.source.name == source.name && $0.source.version == source.version })
      else { return }
      contents.slots[index].loadingSince = nil
      change(&contents, index)
    }
  }

  private func retire(_ isLeaving: (ModelSource) -> Bool) {
    contents.withLock { contents in
      for index in contents.slots.indices where isLeaving(contents.slots[index].source) {
        contents.slots[index].served?.leave()
        contents.slots[index].served = nil
        contents.slots[index].reason = nil
      }
    }
  }

  private func unavailable(_ slot: ModelShelf.Slot, _ contents: ModelShelf) -> Problem {
    let name = "\(slot.source.name)@\(slot.source.version)"
    if let since = slot.loadingSince {
      let wait = contents.loadSeconds.map { Problem.wholeSeconds($0 - (now() - since)) } ?? Self.retryAfter
      return Problem(.loading, "The model \(name) is still loading.", retryAfter: wait)
    }
    guard let reason = slot.reason else {
      return Problem(.noModel, "The model \(name) is not loaded; POST /models/\(name)/load loads it.", retryAfter: Self.retryAfter)
    }
    return Problem(.noModel, "The model \(name) could not be loaded: \(reason)", retryAfter: Self.retryAfter)
  }
}
