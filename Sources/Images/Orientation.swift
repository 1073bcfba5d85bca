/// How a camera was held: EXIF's tag 0x0112 (EXIF 2.32, §4.6.4), values 1 to 8.
enum Orientation: Int {
  case up = 1
  case mirrored, upsideDown, mirroredUpsideDown, transposed, quarterLeft, transversed, quarterRight

  private static let tag = 0x0112
  private static let maximumEntries = 1000

  /// The orientation that a TIFF structure's first directory names, with or without `Exif\0\0` before it; `nil` if it names none.
  init?(exif bytes: ArraySlice<UInt8>) {
    let prefix = Array("Exif".utf8) + [0, 0]
    let tiff = Array(bytes.starts(with: prefix) ? bytes.dropFirst(prefix.count) : bytes)
    guard tiff.count >= 8 else { return nil }
    let isLittle = tiff.starts(with: [0x49, 0x49, 42, 0])
    guard isLittle || tiff.starts(with: [0x4D, 0x4D, 0, 42]) else { return nil }
    func number(_ offset: Int, _ count: Int) -> Int? {
      guard offset >= 0, offset <= tiff.count - count else { return nil }
      let field = tiff[offset..<offset + count]
      return (isLittle ? Array(field.reversed()) : Array(field)).reduce(0) { $0 << 8 | Int($1) }
    }
    guard let directory = number(4, 4), let count = number(directory, 2) else { return nil }
    for entry in 0..<min(count, Self.maximumEntries) {
      let offset = directory + 2 + 12 * entry
      guard let found = number(offset, 2) else { return nil }
      // Type 3 is a 16-bit number, left-aligned in the value field.
      if found == Self.tag, number(offset + 2, 2) == 3, let value = number(offset + 8, 2) {
        self.init(rawValue: value)
        return
      }
    }
    return nil
  }

  /// The orientation in a JPEG's first APP1 segment that holds EXIF (ITU-T T.81, Annex B: segments until the first scan).
  init?(jpeg bytes: [UInt8]) {
    var position = 2
    while position + 4 <= bytes.count, bytes[position] == 0xFF {
      let marker = bytes[position + 1]
      if marker == 0xFF {
        position += 1
        continue
      }
      guard marker != 0xDA, marker != 0xD9 else { return nil }
      let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
      guard length >= 2, position + 2 + length <= bytes.count else { return nil }
      let segment = bytes[position + 4..<position + 2 + length]
      if marker == 0xE1, segment.starts(with: Array("Exif".utf8) + [0, 0]) {
        self.init(exif: segment)
        return
      }
      position += 2 + length
    }
    return nil
  }
}

extension RGBImage {
  /// The picture as it is to be seen, if it was stored with this orientation.
  func upright(_ orientation: Orientation) -> RGBImage {
    guard orientation != .up else { return self }
    let swaps = orientation.rawValue >= Orientation.transposed.rawValue
    let (newWidth, newHeight) = swaps ? (height, width) : (width, height)
    let result = [UInt8](unsafeUninitializedCapacity: pixels.count) { buffer, count in
      for y in 0..<newHeight {
        for x in 0..<newWidth {
          let (sourceX, sourceY) = source(of: x, y, orientation)
          let (to, from) = ((y * newWidth + x) * 3, (sourceY * width + sourceX) * 3)
          for channel in 0..<3 { buffer[to + channel] = pixels[from + channel] }
        }
      }
      count = pixels.count
    }
    return RGBImage(width: newWidth, height: newHeight, pixels: result)
  }

  /// Where the stored pixel lies that is seen at (x, y).
  private func source(of x: Int, _ y: Int, _ orientation: Orientation) -> (x: Int, y: Int) {
    switch orientation {
    case .up: (x, y)
    case .mirrored: (width - 1 - x, y)
    case .upsideDown: (width - 1 - x, height - 1 - y)
    case .mirroredUpsideDown: (x, height - 1 - y)
    case .transposed: (y, x)
    case .quarterLeft: (y, height - 1 - x)
    case .transversed: (width - 1 - y, height - 1 - x)
    case .quarterRight: (width - 1 - y, x)
    }
  }
}
