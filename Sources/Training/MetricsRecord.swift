/// One line of `metrics.jsonl`: named numbers at a step.
package struct MetricsRecord: Hashable, Sendable {
  /// What the numbers are of.
  package enum Phase: String, Sendable {
    /// The batches since the last line.
    case train
    /// Held-back images.
    case evaluation
    /// The images of a set that is mined, all so far.
    case mining = "mine"
  }

  package let step: Int
  /// Fractional, counted from 0.
  package let epoch: Double
  package let phase: Phase
  package let metrics: [Metric]

  package init(step: Int, epoch: Double, phase: Phase, metrics: [Metric]) {
    self.step = step
    self.epoch = epoch
    self.phase = phase
    self.metrics = metrics
  }

  /// `step` stands first in every line: ``MetricsLog`` finds it there.
  var json: JSONValue {
    .object(
      [
        JSONValue.Member("step", .integer(step)), JSONValue.Member("epoch", .number(epoch)),
        JSONValue.Member("phase", .text(phase.rawValue)),
      ]
        + metrics.map { JSONValue.Member($0.name.rawValue, .number($0.value)) })
  }
}

/// One named number; one that is not finite is written as null.
package struct Metric: Hashable, Sendable {
  package let name: MetricName
  package let value: Double

  package init(_ name: MetricName, _ value: Double) {
    self.name = name
    self.value = value
  }
}

/// What a number in `metrics.jsonl`, in TensorBoard and in a job's events is called.
package struct MetricName: Hashable, Sendable, ExpressibleByStringLiteral {
  package let rawValue: String

  package init(stringLiteral value: String) { rawValue = value }

  /// Mean squared error at masked patches.
  package static let reconstructionLoss: Self = "reconstruction_loss"
  /// The loss of the loss predictor; ln 2 says that it knows nothing, where it is the relative one.
  package static let predictingLoss: Self = "predicting_loss"
  /// Share of the pairs of masked patches that the predictor orders rightly.
  package static let pairAccuracy: Self = "pair_accuracy"
  package static let learningRate: Self = "learning_rate"
  /// Share of the masked patches that predicted losses decide.
  package static let alpha: Self = "alpha"
  /// How many patches of an image that is.
  package static let guidedPatches: Self = "guided_patches"
  package static let teacherMomentum: Self = "teacher_momentum"
  /// Before clipping.
  package static let gradientNorm: Self = "gradient_norm"
  /// In all since the run's beginning.
  package static let skippedSteps: Self = "skipped_steps"
  package static let imagesPerSecond: Self = "images_per_second"
  /// Images that could not be read.
  package static let skippedImages: Self = "skipped_images"
  /// Share of the time in which the step waited for images.
  package static let dataWaitShare: Self = "data_wait_share"
}
