/// What an answer is written as.
enum AnswerFormat: String, Sendable, CaseIterable {
  case json, png, npy

  var mediaType: String {
    switch self {
    case .json: "application/json"
    case .png: "image/png"
    case .npy: "application/x-npy"
    }
  }
}

/// How an image is brought to the model's size.
enum FitWord: String, Sendable, CaseIterable { case crop, stretch, native }

/// What a PNG shows.
enum ViewWord: String, Sendable, CaseIterable {
  case heatmap, overlay, input, mask, masked

  /// Whether the view shows a mask.
  var showsMask: Bool { self == .mask || self == .masked }
}

/// A grid as a query writes it, `14x20`: rows, then columns.
struct GridWord: Sendable, Hashable {
  let rows, columns: Int

  static let maximumSide = 256
  static let standard = GridWord(rows: 14, columns: 14)

  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
  }

  init?(_ text: String) {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).compactMap { Numeral.integer($0, in: 1...Self.maximumSide) }
    guard sides.count == 2, text.utf8.count(where: { $0 == UInt8(ascii: "x") }) == 1 else { return nil }
    self.init(rows: sides[0], columns: sides[1])
  }
}
