/// The models of a library and where each stands; a plain value.
struct ModelShelf: Sendable {
  /// A version of a model.
  struct Slot: Sendable {
    let source: ModelSource
    var served: ServedModel?
    /// When the load began that has not ended.
    var loadingSince: Double?
    /// Why the last load failed.
    var reason: String?
  }

  var slots: [Slot]
  /// The name of the model that answers where a request names none.
  var standard: String?
  /// How long the last load took.
  var loadSeconds: Double?

  /// What a bare name stands for.
  enum Preference { case newest, ready }

  /// The newest version of every name, the default's first.
  var newest: [Int] {
    let names = Set(slots.map(\.source.name))
    let first = try? index(of: nil, preferring: .newest)
    let indices = names.compactMap { try? index(of: $0, preferring: .newest) }
    return indices.sorted { ($0 == first ? -1 : $0) < ($1 == first ? -1 : $1) }
  }

  func index(of specification: String?, preferring preference: Preference) throws(Problem) -> Int {
    let wanted = specification ?? standard ?? ""
    let parts = wanted.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let named = slots.indices.filter { !parts.isEmpty && slots[$0].source.name == parts[0] }
    let candidates = parts.count == 2 ? named.filter { String(slots[$0].source.version) == parts[1] } : named
    let ready = preference == .ready ? candidates.filter { slots[$0].served != nil } : []
    guard let index = (ready.isEmpty ? candidates : ready).max(by: { slots[$0].source.version < slots[$1].source.version }) else {
      throw Problem(
        .unknownModel, "There is no model \"\(wanted)\".", parameter: "model",
        allowed: slots.map { "\($0.source.name)@\($0.source.version)" })
    }
    return index
  }

  func entry(_ index: Int, isDefault: Bool) -> ModelLibrary.Entry {
    let slot = slots[index]
    let state: ModelLibrary.State =
      if let served = slot.served {
        .ready(served)
      } else if slot.loadingSince != nil {
        .loading
      } else {
        slot.reason.map { .failed(reason: $0) } ?? .unloaded
      }
    return ModelLibrary.Entry(
      name: slot.source.name, version: slot.source.version, isDefault: isDefault, state: state, reason: slot.reason)
  }
}
