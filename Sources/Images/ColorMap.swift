/// From a number between 0 and 1 to a colour.
package enum ColorMap: String, CaseIterable, Sendable {
  /// The paper's: blue low, red high.
  case jet
  case turbo, viridis, magma, gray

  private static let tables: [ColorMap: [UInt8]] = [
    .jet: bytes(ColorTables.jet), .turbo: bytes(ColorTables.turbo), .viridis: bytes(ColorTables.viridis), .magma: bytes(ColorTables.magma),
    .gray: (0..<256).flatMap { [UInt8($0), UInt8($0), UInt8($0)] },
  ]

  /// 256 colours, red, green, blue, the lowest value first.
  package var table: [UInt8] { Self.tables[self] ?? [] }

  private static func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.utf8.map { $0 < 58 ? $0 - 48 : $0 - 55 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}
