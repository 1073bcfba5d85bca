package import Kernels
package import Masking
import Tensors

extension HardPatchModel {
  /// Bytes of the widest activations of one pass at most: about what the cores' own caches hold. Larger passes stream them through memory,
  /// which costs more than the larger matrix products gain.
  private static var bytesPerPass: Int { 2 << 20 }

  /// Tokens of one pass where the encoder or the decoders see all of them.
  package var tokensPerPass: Int {
    let widest = max(configuration.encoder.hiddenWidth, configuration.decoder.hiddenWidth)
    return Self.bytesPerPass / (widest * operations.activationType.byteCount)
  }

  /// Images of one pass where each shows the encoder or the decoders all tokens of the grid.
  private func imagesPerPass(_ grid: PatchGrid) -> Int { max(1, tokensPerPass / (1 + grid.count)) }

  /// Maps of the mode `full_visible`: every patch visible, one pass an image; `B · L` numbers.
  ///
  /// - Parameter pixels: `[B, channels, rows · P, columns · P]`, normalised.
  package func fullVisibleMaps(_ pixels: [Float], grid: PatchGrid) throws -> [Float] {
    let imageLength = grid.count * configuration.patchLength
    let images = pixels.count / imageLength
    var maps: [Float] = []
    for first in stride(from: 0, to: images, by: imagesPerPass(grid)) {
      let count = min(imagesPerPass(grid), images - first)
      let part = pixels.span.extracting(first * imageLength..<(first + count) * imageLength)
      maps += try predictLoss(part, .all(of: grid, images: count))
    }
    return maps
  }

  /// Maps of the mode `masked_average`: for each patch the mean, over the masks that hide it, of what the predictor says of it there,
  /// less the mean over all patches hidden by the same mask; `B · L` numbers.
  ///
  /// The loss predictor is trained at hidden patches only; this reads it there. Predictions of a relative-trained model have no common
  /// zero from one mask to the next, so each mask's are centred before they are averaged.
  package func maskedAverageMaps(_ pixels: [Float], masks: [PatchMask]) throws -> [Float] {
    guard let grid = masks.first?.grid else { preconditionFailure("a masked average over no mask") }
    let imageLength = grid.count * configuration.patchLength
    return try (0..<pixels.count / imageLength).flatMap { image in
      var average = MaskedAverage(patches: grid.count)
      try eachPass(Array(pixels[image * imageLength..<(image + 1) * imageLength]), masks: masks) { pixels, masks in
        let predicted = try predictLoss(pixels, VisiblePatches(of: masks))
        for (draw, mask) in masks.enumerated() { average.add(predicted[draw * grid.count..<(draw + 1) * grid.count], under: mask) }
      }
      return average.means
    }
  }

  /// Runs one image under all masks, as many to a pass as fit: `body` gets the image repeated, and that pass's masks.
  private func eachPass(_ image: [Float], masks: [PatchMask], _ body: (borrowing Span<Float>, [PatchMask]) throws -> Void) throws {
    let perPass = imagesPerPass(masks[0].grid)
    for first in stride(from: 0, to: masks.count, by: perPass) {
      let part = Array(masks[first..<min(first + perPass, masks.count)])
      let repeated = Array(repeatElement(image, count: part.count).joined())
      try body(repeated.span, part)
    }
  }

  /// What a model makes of one image under several masks (the paper's Figure 2).
  package struct Figure: Sendable {
    /// `L`: mean squared error over a patch's normalised pixels, the mean over the masks that hide it (HPM, eq. 1 per patch).
    package let trueLoss: [Float]
    /// `L`: the loss predictor's masked average over the same masks; `nil` without a loss predictor.
    package let maskedAverage: [Float]?
    /// `[channels, rows · P, columns · P]`: under the first mask, hidden patches as reconstructed, visible ones as given.
    package let pixels: [Float]
    /// `masks · M`: the loss of every patch that a mask hides, in raster order, masks one after another.
    package let hiddenTruth: [Float]
    /// The loss predictor's numbers for the same; `nil` without a loss predictor.
    package let hiddenPrediction: [Float]?
  }

  /// The true loss of every patch of one image, and a picture of its reconstruction; the reconstructor must have been loaded.
  package func figure(of image: [Float], masks: [PatchMask], targets: PixelTargets) throws -> Figure {
    guard let grid = masks.first?.grid else { preconditionFailure("a reconstruction under no mask") }
    let layout = PatchLayout(grid: grid, side: configuration.patchSize, channels: configuration.channels)
    let given = layout.patches(of: image)
    var truth = MaskedAverage(patches: grid.count)
    var predicted = MaskedAverage(patches: grid.count)
    var hiddenTruth: [Float] = []
    var hiddenPrediction: [Float] = []
    var shown: [Float] = []
    try eachPass(image, masks: masks) { pixels, masks in
      let decoded = try reconstruct(pixels, VisiblePatches(of: masks))
      for (draw, mask) in masks.enumerated() {
        let patches = decoded.patches[draw * given.count..<(draw + 1) * given.count]
        let losses = layout.losses(of: patches, given: given, targets: targets)
        truth.addUncentred(losses[...], under: mask)
        hiddenTruth += mask.maskedIndices.map { losses[$0] }
        if let all = decoded.predictedLoss {
          let own = all[draw * grid.count..<(draw + 1) * grid.count]
          predicted.add(own, under: mask)
          hiddenPrediction += mask.maskedIndices.map { own[own.startIndex + $0] }
        }
        if shown.isEmpty { shown = layout.picture(of: patches, given: given, mask: mask, targets: targets) }
      }
    }
    return Figure(
      trueLoss: truth.means, maskedAverage: hasLossPredictor ? predicted.means : nil, pixels: shown, hiddenTruth: hiddenTruth,
      hiddenPrediction: hasLossPredictor ? hiddenPrediction : nil)
  }
}

/// Per patch, the mean of what was said of it while it was hidden.
package struct MaskedAverage: Sendable {
  private var sums: [Double]
  private var counts: [Int]

  package init(patches: Int) {
    sums = [Double](repeating: 0, count: patches)
    counts = [Int](repeating: 0, count: patches)
  }

  /// Adds what one draw says of the patches its mask hides, less their mean.
  package mutating func add(_ values: ArraySlice<Float>, under mask: PatchMask) {
    let hidden = zip(values, mask.values).filter { $0.1 == 1 }.map { Double($0.0) }
    let mean = hidden.reduce(0, +) / Double(max(1, hidden.count))
    addUncentred(ArraySlice(values.map { Float(Double($0) - mean) }), under: mask)
  }

  /// Adds what one draw says of the patches its mask hides, as it is.
  mutating func addUncentred(_ values: ArraySlice<Float>, under mask: PatchMask) {
    for (patch, value) in values.enumerated() where mask.values[patch] == 1 {
      sums[patch] += Double(value)
      counts[patch] += 1
    }
  }

  /// One mean a patch; 0 for a patch that no mask hid.
  package var means: [Float] { zip(sums, counts).map { $1 == 0 ? 0 : Float($0 / Double($1)) } }
}
