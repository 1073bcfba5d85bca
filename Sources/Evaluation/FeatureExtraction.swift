import Masking
import Training

/// Features of labelled images: the encoder's normalised final tokens, all patches visible.
///
/// Belongs to the thread of the encoder's operations.
package struct FeatureExtraction<Encoder: TokenEncoder> {
  private let encoder: Encoder

  package init(_ encoder: Encoder) { self.encoder = encoder }

  /// Tokens of one pass: enough to keep every core busy, and few enough that what lies between layers stays small.
  private static var tokensPerPass: Int { 4096 }

  /// A table of each kind; images without a class are passed over.
  ///
  /// - Parameter progress: called after every batch with the number of its images.
  package func tables(
    of stream: ImageStream, kinds: [FeatureKind], progress: (Int) -> Void = { _ in }
  ) throws -> [FeatureKind: FeatureTable] {
    let (grid, width) = (encoder.grid, encoder.tokenWidth)
    var tables: [FeatureKind: FeatureTable] = [:]
    for kind in kinds { tables[kind] = FeatureTable(width: width) }
    try stream.forEachBatch(of: max(1, Self.tokensPerPass / (1 + grid.count))) { batch, places in
      let tokens = try batch.withPixels { pixels in try encoder.tokens(pixels, images: batch.count) }
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
