/// Height and width of the images a network takes, in pixels.
package struct ImageSize: Hashable, Sendable, CustomStringConvertible {
  package let height: Int
  package let width: Int

  package init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  package init(square side: Int) { self.init(height: side, width: side) }

  /// Pixels of one channel.
  package var pixelCount: Int { height * width }

  package var isSquare: Bool { height == width }

  /// As grids are written, rows first: `96x128`.
  package var description: String { "\(height)x\(width)" }
}
