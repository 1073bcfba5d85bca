package import VisionModels

/// What an evaluation says at an epoch of a run: numbers, and a picture to look at.
package struct RunEvaluation: Sendable {
  package let metrics: [Metric]
  /// The contact sheet as PNG, with its extent; `nil` where none was asked for or can be drawn.
  package let sheet: (png: [UInt8], width: Int, height: Int)?

  package init(metrics: [Metric], sheet: (png: [UInt8], width: Int, height: Int)?) {
    self.metrics = metrics
    self.sheet = sheet
  }
}

/// Evaluates the teacher of a run, on the thread that trains.
package typealias EvaluateTeacher = (_ teacher: NetworkParameters) throws -> RunEvaluation
