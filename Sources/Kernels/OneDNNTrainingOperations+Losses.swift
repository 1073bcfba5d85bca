import CKernels
import Tensors

extension OneDNNTrainingOperations {
  package func gatherTargets(
    _ pixels: borrowing Span<Float>, _ selection: PatchSelection, _ targets: PixelTargets, into output: Matrix
  ) {
    selection.check(pixelCount: pixels.count, output: output)
    pixels.withUnsafeBufferPointer { pixels in
      hpm_gather_targets(
        context, pixels.baseAddress, Int64(selection.channels), Int64(selection.gridRows), Int64(selection.gridColumns),
        Int64(selection.side), selection.patches, Int64(selection.patches.count), Int64(selection.patchesPerImage),
        targets == .standardisedPerPatch, output.float32)
    }
  }

  package func squaredError(_ predicted: Matrix, target: Matrix, losses: Matrix, into gradient: Matrix) {
    checkLosses(predicted, target: target, losses: losses, gradient: gradient)
    hpm_squared_error(
      context, predicted.float32, target.float32, Int64(predicted.rows), Int64(predicted.columns), losses.float32, gradient.type.code,
      gradient.pointer)
  }

  package func directionError(_ predicted: Matrix, target: Matrix, losses: Matrix, into gradient: Matrix) {
    checkLosses(predicted, target: target, losses: losses, gradient: gradient)
    hpm_direction_error(
      context, predicted.float32, target.float32, Int64(predicted.rows), Int64(predicted.columns), losses.float32, gradient.type.code,
      gradient.pointer)
  }
}
