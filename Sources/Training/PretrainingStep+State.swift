import Kernels
import Tensors
import VisionModels

extension PretrainingStep {
  /// An array of a state file, and the part of an arena that it holds.
  private struct Kept {
    let array: StateArray
    let arena: ParameterArena
    let part: ParameterArena.Part
  }

  /// Everything that an optimizer step reads of the one before.
  private var kept: [Kept] {
    [
      ("student", student.arena, .values), ("teacher", teacher.arena, .values), ("optimizer/first_moment", student.arena, .firstMoments),
      ("optimizer/second_moment", student.arena, .secondMoments),
    ].map { Kept(array: StateArray(name: $0, count: $1.count), arena: $1, part: $2) }
  }

  /// Saves networks and moments with the rest of a run's state.
  func save(_ state: RunState, to store: StateStore) throws {
    let kept = kept
    let places = Dictionary(uniqueKeysWithValues: kept.map { ($0.array.name, $0) })
    try store.save(state, arrays: kept.map(\.array)) { array, write in
      guard let place = places[array.name] else { preconditionFailure("a state of \(array.name)") }
      try place.arena.withSpan(of: place.part, 0..<array.count) { try write($0) }
    }
  }

  /// Takes networks and moments from a saved state. Throws where it is of another network.
  func restore(from saved: StateReader) throws {
    let kept = kept
    let places = Dictionary(uniqueKeysWithValues: kept.map { ($0.array.name, $0) })
    try saved.restore(kept.map(\.array)) { array, read in
      guard let place = places[array.name] else { preconditionFailure("a state of \(array.name)") }
      try place.arena.withMutableSpan(of: place.part, 0..<array.count) { try read(&$0) }
    }
  }
}
