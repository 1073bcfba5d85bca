package import Images
import Masking

/// Images and what a model makes of them, to be looked at: a row each of input, true loss, predicted loss in mode `full_visible` and in mode
/// `masked_average` (neither for a model without a loss predictor), masked input, reconstruction.
package struct ContactSheet: Sendable {
  /// Panels are enlarged to at least this height, in pixels.
  private static let panelHeight = 96

  private let normalization: Normalization
  private let maps: MapRendering
  private var rows: [[RGBImage]] = []

  package init(normalization: Normalization = .imageNet, maps: MapRendering = MapRendering()) {
    self.normalization = normalization
    self.maps = maps
  }

  /// How many images it shows.
  package var rowCount: Int { rows.count }

  /// Adds a row; images are of one size.
  package mutating func add(_ image: ExaminedImage) {
    let (grid, side) = (image.grid, image.patchSize)
    let (width, height) = (grid.columns * side, grid.rows * side)
    let input = normalization.picture(image.pixels, width: width, height: height)
    let losses = [image.trueLoss, image.fullVisible, image.maskedAverage].compactMap(\.self).map { values in
      maps.heatmap(PatchMap(rows: grid.rows, columns: grid.columns, values: values), width: width, height: height)
    }
    let masked = MapRendering.masked(image.mask.values, rows: grid.rows, columns: grid.columns, on: input)
    rows.append([input] + losses + [masked, normalization.picture(image.reconstruction, width: width, height: height)])
  }

  /// The sheet; `nil` without a row.
  package var picture: RGBImage? { rows.isEmpty ? nil : MapRendering.sheet(rows, panelHeight: Self.panelHeight) }
}
