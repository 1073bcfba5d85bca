package import Kernels
import Masking
import Training
package import VisionModels

/// Features of labelled images: the encoder's normalised final tokens, all patches visible.
///
/// Belongs to the thread of the model's operations.
package struct FeatureExtraction<Operations: OperationSet> {
  private let model: HardPatchModel<Operations>

  package init(_ model: HardPatchModel<Operations>) { self.model = model }

  /// Tokens of one pass: enough to keep every core busy, and few enough that what lies between layers stays small.
  private static var tokensPerPass: Int { 4096 }

  /// A table of each kind; images without a class are passed over.
  ///
  /// - Parameter progress: called after every batch with the number of its images.
  package func tables(
    of stream: ImageStream, kinds: [FeatureKind], progress: (Int) -> Void = { _ in }
  ) throws -> [FeatureKind: FeatureTable] {
    let (grid, width) = (model.configuration.grid, model.configuration.encoder.width)
    var tables: [FeatureKind: FeatureTable] = [:]
    for kind in kinds { tables[kind] = FeatureTable(width: width) }
    try stream.forEachBatch(of: max(1, Self.tokensPerPass / (1 + grid.count))) { batch, places in
      let tokens = try batch.withPixels { pixels in try model.encode(pixels, .all(of: grid, images: batch.count)) }
      for place in places {
        guard let label = batch.labels[place] else { continue }
        let own = tokens[place * (1 + grid.count) * width..<(place + 1) * (1 + grid.count) * width]
        for kind in kinds { tables[kind]?.add(Self.feature(kind, of: own, width: width), label: label) }
      }
      progress(places.count)
    }
    return tables
  }

  /// `D` numbers of one image's tokens `[1 + L, D]`.
  private static func feature(_ kind: FeatureKind, of tokens: ArraySlice<Float>, width: Int) -> [Float] {
    switch kind {
    case .classToken: return Array(tokens.prefix(width))
    case .patchMean:
      var sums = [Double](repeating: 0, count: width)
      for (index, value) in tokens.dropFirst(width).enumerated() { sums[index % width] += Double(value) }
      let patches = Double(tokens.count / width - 1)
      return sums.map { Float($0 / patches) }
    }
  }
}
