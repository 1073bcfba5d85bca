import ArgumentParser
import Checkpoints
import Evaluation
import Kernels

/// Which checkpoint a command evaluates, and how it is read and run.
struct CheckpointOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The checkpoint.", valueName: "FILE"))
  var model: String

  @OptionGroup var reading: CheckpointReading

  @Flag(help: "Load weights that are not finite numbers.")
  var allowNonFinite = false

  @Option(help: "What becomes of an image that has not the model's size: crop or stretch.")
  var fit = ModelFrame.Fit.crop

  @Option(help: "fp32 or bf16.")
  var precision = Precision.float32

  @Option(help: "Threads to compute with.")
  var threads = Processor.threadCount

  @Flag(help: "Answer as JSON.")
  var json = false

  func validate() throws {
    guard threads > 0 else { throw ValidationError("--threads is \(threads), but must be a whole number from 1.") }
  }

  func open() throws -> EvaluatedCheckpoint { try EvaluatedCheckpoint(model, wanted) }

  /// The encoder alone, which more files have.
  func openEncoder() throws -> EvaluatedEncoder {
    guard reading.decoderHeads == nil else { throw ValidationError("--decoder-heads says nothing of an encoder; leave it out.") }
    return try EvaluatedEncoder(model, wanted)
  }

  private var wanted: EvaluatedCheckpoint.Reading {
    var wanted = EvaluatedCheckpoint.Reading()
    wanted.weights = reading.weights
    wanted.heads = reading.heads
    wanted.decoderHeads = reading.decoderHeads
    wanted.nonFinite = allowNonFinite ? .allow : .refuse
    return wanted
  }
}

extension ModelFrame.Fit: ExpressibleByArgument {}
