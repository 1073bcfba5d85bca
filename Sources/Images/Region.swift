/// A rectangle in fractional pixels: pixel (x, y) covers from (x, y) to (x + 1, y + 1).
package struct Region: Hashable, Sendable {
  package let x: Double
  package let y: Double
  package let width: Double
  package let height: Double

  package init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }
}
