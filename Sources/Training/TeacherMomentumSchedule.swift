/// m of teacher ← m·teacher + (1 − m)·student: how slowly the teacher follows.
package struct TeacherMomentumSchedule: Hashable, Sendable {
  /// Over what the momentum grows from its start to its end.
  package enum Growth: String, CaseIterable, Sendable {
    /// A number of epochs, however long the run is: 100 in the authors' program.
    case epochs
    /// A share of the run.
    case share
    /// Not at all: it stays at its start.
    case constant
  }

  package var start: Double
  package var end: Double
  /// Epochs from the start to the end, at least 1; `nil` stays at the start.
  package var epochsOfGrowth: Double?

  package init(start: Double, end: Double, epochsOfGrowth: Double?) {
    self.start = start
    self.end = end
    self.epochsOfGrowth = epochsOfGrowth
  }

  /// The momentum during the epoch that `epoch` ≥ 0 lies in: like the authors' program it changes between epochs, not within one.
  package func momentum(epoch: Double) -> Double {
    guard let epochsOfGrowth else { return start }
    let elapsed = epoch.rounded(.down)
    return elapsed < epochsOfGrowth ? start + elapsed / epochsOfGrowth * (end - start) : end
  }
}
