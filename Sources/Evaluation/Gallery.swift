import Foundation
package import Images
package import Masking
import Training

/// The hardest and the easiest images of a set as one page of HTML that needs no other file: pictures lie in it as data.
package struct Gallery: Sendable {
  /// One image on the wall.
  package struct Exhibit: Sendable {
    /// Counted from 1, the hardest first.
    package let rank: Int
    package let path: String
    package let label: String?
    package let grid: PatchGrid
    /// The part that the model sees; `nil` where the file could not be read once more.
    package let picture: RGBImage?
    package let score: ImageScore
    /// `L` each.
    package let trueLoss: [Float]
    package let predictedLoss: [Float]
    package let mask: [UInt8]

    package init(
      rank: Int, path: String, label: String?, grid: PatchGrid, picture: RGBImage?, score: ImageScore, trueLoss: [Float],
      predictedLoss: [Float], mask: [UInt8]
    ) {
      self.rank = rank
      self.path = path
      self.label = label
      self.grid = grid
      self.picture = picture
      self.score = score
      self.trueLoss = trueLoss
      self.predictedLoss = predictedLoss
      self.mask = mask
    }
  }

  /// The longer side of a picture, in pixels.
  package static let pictureSide = 224

  private let modelName: String
  private let regime: MiningRegime
  private let imageCount: Int
  private let skipped: Int
  private let hardest: [Exhibit]
  private let easiest: [Exhibit]

  package init(modelName: String, regime: MiningRegime, imageCount: Int, skipped: Int, hardest: [Exhibit], easiest: [Exhibit]) {
    self.modelName = modelName
    self.regime = regime
    self.imageCount = imageCount
    self.skipped = skipped
    self.hardest = hardest
    self.easiest = easiest
  }

  /// The page. It asks for nothing, runs nothing, and follows the reader's choice of light or dark.
  package var html: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'">
    <meta name="color-scheme" content="light dark">
    <title>Hardest and easiest of \(imageCount) images</title>
    <style>
    \(Self.style)
    </style>
    </head>
    <body>
    <header>
    <h1>Hardest and easiest of \(imageCount) images</h1>
    <p class="lead">\(Self.escaped(regime.comparability))</p>
    \(facts)
    \(Self.legend)
    </header>
    <main>
    \(section("hardest", "The hardest", hardest))
    \(section("easiest", "The easiest", easiest))
    </main>
    </body>
    </html>

    """
  }

  private var facts: String {
    let settings = regime.settings
    let entries = [
      ("Model", modelName), ("Left out", skipped == 0 ? "none" : "\(skipped) that could not be read, named in skipped.csv"),
      ("True loss", "mean over \(settings.draws) random masks at ratio \(regime.trueLossRatio)"), ("Predicted loss", regime.mode.rawValue),
      ("Mask", "\(settings.strategy.rawValue), ratio \(settings.ratio), α \(settings.alpha), seed \(settings.seed)"),
    ]
    return "<dl>" + entries.map { "<dt>\($0)</dt><dd>\(Self.escaped($1))</dd>" }.joined() + "</dl>"
  }

  private func section(_ id: String, _ title: String, _ exhibits: [Exhibit]) -> String {
    guard !exhibits.isEmpty else { return "" }
    return "<section aria-labelledby=\"\(id)\">\n<h2 id=\"\(id)\">\(title)</h2>\n<ol>\n"
      + exhibits.map { "<li>\(Self.figure($0))</li>\n" }.joined() + "</ol>\n</section>"
  }

  private static func figure(_ exhibit: Exhibit) -> String {
    let score = exhibit.score
    let name = escaped(exhibit.path)
    let picture = exhibit.picture.map { "--picture:url(\(data(PNGEncoder.encode($0))));" } ?? ""
    let shape = "\(exhibit.grid.rows) by \(exhibit.grid.columns) patches"
    let spearman = score.spearman.map { ", Spearman \(decimals(Float($0), 2))" } ?? ""
    let panels = [
      panel("Picture", exhibit.picture == nil ? "\(name) could not be read once more" : "\(name), the part that the model sees", ""),
      panel("Predicted loss", "Predicted loss of \(shape), \(range(exhibit.predictedLoss))", map(exhibit.predictedLoss, exhibit.grid)),
      panel("True loss", "True loss of \(shape), \(range(exhibit.trueLoss))", map(exhibit.trueLoss, exhibit.grid)),
      panel("Mask", "\(exhibit.mask.count { $0 == 1 }) of \(shape) hidden", hidden(exhibit.mask, exhibit.grid)),
    ]
    let label = exhibit.label.map { " <span class=\"label\">\(escaped($0))</span>" } ?? ""
    return """
      <figure style="\(picture)--aspect:\(exhibit.grid.columns)/\(exhibit.grid.rows)">
      <div class="panels">\(panels.joined())</div>
      <figcaption><strong>\(exhibit.rank)</strong> <span class="path">\(name)</span>\(label)<br>
      <span class="numbers">true loss \(decimals(score.reconstructionLoss, 4))\(spearman)</span></figcaption>
      </figure>
      """
  }

  private static func panel(_ title: String, _ words: String, _ layer: String) -> String {
    "<div><div class=\"panel\" role=\"img\" aria-label=\"\(words)\">\(layer)</div><p aria-hidden=\"true\">\(title)</p></div>"
  }

  /// A heat map, a pixel a patch.
  private static func map(_ values: [Float], _ grid: PatchGrid) -> String {
    let picture = MapRendering().heatmap(
      PatchMap(rows: grid.rows, columns: grid.columns, values: values), width: grid.columns, height: grid.rows)
    return "<img class=\"map\" alt=\"\" src=\"\(data(PNGEncoder.encode(picture)))\">"
  }

  private static func hidden(_ mask: [UInt8], _ grid: PatchGrid) -> String {
    let cells = mask.indices.filter { mask[$0] == 1 }.map { "M\($0 % grid.columns) \($0 / grid.columns)h1v1h-1z" }
    return """
      <svg class="hidden" viewBox="0 0 \(grid.columns) \(grid.rows)" preserveAspectRatio="none" aria-hidden="true">\
      <path d="\(cells.joined())"/></svg>
      """
  }

  /// The colours of the maps.
  private static var legend: String {
    let table = ColorMap.jet.table
    let stops = stride(from: 0, through: 255, by: 15).map { "rgb(\(table[3 * $0]),\(table[3 * $0 + 1]),\(table[3 * $0 + 2]))" }
    return """
      <p class="legend"><span>low</span><span class="scale" style="background:linear-gradient(to right,\(stops.joined(separator: ",")))"></span>\
      <span>high; every map has a scale of its own</span></p>
      """
  }

  private static func range(_ values: [Float]) -> String {
    "from \(decimals(values.min() ?? 0, 3)) to \(decimals(values.max() ?? 0, 3))"
  }

  private static func decimals(_ number: Float, _ digits: Int) -> String { String(format: "%.\(digits)f", Double(number)) }

  private static func data(_ png: [UInt8]) -> String { "data:image/png;base64,\(Data(png).base64EncodedString())" }

  /// Text for HTML, in attributes as well; controls, which HTML does not allow, are shown as what they are.
  static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: scalar.properties.generalCategory == .control ? escaped(scalar.escaped(asASCII: true)) : String(scalar)
      }
    }.joined()
  }
}
