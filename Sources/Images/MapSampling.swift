/// A map's shade at every pixel of a picture that its grid covers exactly.
struct MapSampling {
  private let map: PatchMap
  private let shades: [Float]
  private let interpolation: Interpolation

  init(_ map: PatchMap, interpolation: Interpolation) {
    self.map = map
    shades = map.scaled
    self.interpolation = interpolation
  }

  /// The patch under the centre of pixel `position` of `length`, of `count` patches along that side.
  static func cell(_ position: Int, of length: Int, among count: Int) -> Int { (2 * position + 1) * count / (2 * length) }

  /// `width · height` shades from 0 to 1, raster order.
  func sample(width: Int, height: Int) -> [Float] {
    let across = (0..<width).map { taps($0, of: width, among: map.columns) }
    let lines = (0..<map.rows).map { row in
      across.map { tap in tap.reduce(Float(0)) { $0 + $1.weight * shades[row * map.columns + $1.cell] } }
    }
    return (0..<height).flatMap { y in
      let down = taps(y, of: height, among: map.rows)
      return (0..<width).map { x in min(1, max(0, down.reduce(Float(0)) { $0 + $1.weight * lines[$1.cell][x] })) }
    }
  }

  private typealias Tap = (cell: Int, weight: Float)

  /// The patches that a pixel's shade mixes: one, or four by cubic convolution (a = −1/2) with the border repeated.
  private func taps(_ position: Int, of length: Int, among count: Int) -> [Tap] {
    guard interpolation == .bicubic else { return [(Self.cell(position, of: length, among: count), 1)] }
    let place = (Double(position) + 0.5) * Double(count) / Double(length) - 0.5
    let first = Int(place.rounded(.down))
    let t = Float(place - Double(first))
    let weights = [
      -0.5 * t + t * t - 0.5 * t * t * t, 1 - 2.5 * t * t + 1.5 * t * t * t, 0.5 * t + 2 * t * t - 1.5 * t * t * t,
      -0.5 * t * t + 0.5 * t * t * t,
    ]
    return weights.enumerated().map { (min(count - 1, max(0, first - 1 + $0)), $1) }
  }
}
