import Images

/// The PNGs of the inference routes.
struct Rendering: Sendable {
  /// Longer side of a picture at most, in pixels.
  static let maximumSide = 4096

  private let maps: MapRendering
  private let size: Int?

  init(_ query: InferenceQuery) {
    maps = MapRendering(
      colorMap: query.colorMap ?? InferenceQuery.Standard.colorMap,
      interpolation: query.interpolation ?? InferenceQuery.Standard.interpolation,
      opacity: query.opacity ?? InferenceQuery.Standard.opacity)
    size = query.size
  }

  /// A view of one image; the map or the mask that it shows is there.
  func picture(_ view: ViewWord, _ examined: Examined, mask: [UInt8]?) throws(Problem) -> [UInt8] {
    let subject = examined.subject
    let (width, height) = extent(subject.canvasRegion)
    switch view {
    case .heatmap:
      return PNGEncoder.encode(maps.heatmap(try Self.present(examined.map), width: width, height: height))
    case .overlay:
      return PNGEncoder.encode(maps.overlay(try Self.present(examined.map), on: subject.drawn(width: width, height: height)))
    case .input: return PNGEncoder.encode(subject.picture.resized(width: width, height: height))
    case .mask:
      let paper = RGBImage(width: width, height: height, pixels: [UInt8](repeating: 0, count: width * height * 3))
      return PNGEncoder.encode(paper.blended(with: 255, where: try Self.present(mask), of: subject, share: 1))
    case .masked:
      let canvas = subject.drawn(width: width, height: height)
      return PNGEncoder.encode(
        MapRendering.masked(try Self.present(mask), rows: subject.rows, columns: subject.columns, on: canvas))
    }
  }

  /// One mask, `scale` pixels a patch; the views other than `mask` show it on the image.
  static func mask(_ view: ViewWord, _ set: MaskSet, scale: Int) -> [UInt8] {
    let (rows, columns) = (set.payload.rows, set.payload.columns)
    let mask = set.payload.masks[0]
    guard view != .mask, let subject = set.examined?.subject else {
      return PNGEncoder.encode(MapRendering.mask(mask, rows: rows, columns: columns, scale: scale))
    }
    let canvas = subject.drawn(width: columns * scale, height: rows * scale)
    let picture =
      view == .masked
      ? MapRendering.masked(mask, rows: rows, columns: columns, on: canvas)
      : canvas.blended(with: 255, where: mask, of: subject, share: InferenceQuery.Standard.opacity)
    return PNGEncoder.encode(picture)
  }

  /// Input, true loss, predicted loss, masked input and reconstruction, side by side, as the model sees them.
  func strip(_ subject: Subject, _ reconstruction: Reconstruction, mode: PredictionMode) -> [UInt8] {
    let (width, height) = (subject.width, subject.height)
    let predicted = mode == .fullVisible ? reconstruction.fullVisible : reconstruction.maskedAverage
    let losses = [reconstruction.trueLoss, predicted].compactMap(\.self).map { values in
      maps.heatmap(PatchMap(rows: subject.rows, columns: subject.columns, values: values), width: width, height: height)
    }
    let masked = MapRendering.masked(reconstruction.mask, rows: subject.rows, columns: subject.columns, on: subject.picture)
    let rebuilt = Normalization.imageNet.picture(reconstruction.pixels, width: width, height: height)
    return PNGEncoder.encode(MapRendering.strip([subject.picture] + losses + [masked, rebuilt]))
  }

  /// Sides of the answer: the region's own pixels, or its aspect with the longer side at `size`.
  private func extent(_ region: Region) -> (width: Int, height: Int) {
    let longer = max(region.width, region.height)
    let scale = min(size.map { Double($0) / longer } ?? 1, Double(Self.maximumSide) / longer)
    return (max(1, Int((region.width * scale).rounded())), max(1, Int((region.height * scale).rounded())))
  }

  private static func present<Value>(_ value: Value?) throws(Problem) -> Value {
    guard let value else { throw Problem(.internalFault, "What the picture should show was not computed.") }
    return value
  }
}

extension Subject {
  /// The region that the grid covers, at this size.
  fileprivate func drawn(width: Int, height: Int) -> RGBImage { canvas.resized(canvasRegion, width: width, height: height) }
}

extension RGBImage {
  /// The picture with `shade` mixed into the pixels of masked patches.
  fileprivate func blended(with shade: Double, where mask: [UInt8], of subject: Subject, share: Double) -> RGBImage {
    var mixed = pixels
    for y in 0..<height {
      let row = (2 * y + 1) * subject.rows / (2 * height)
      for x in 0..<width where mask[row * subject.columns + (2 * x + 1) * subject.columns / (2 * width)] == 1 {
        for index in (y * width + x) * 3..<(y * width + x) * 3 + 3 {
          mixed[index] = UInt8((share * shade + (1 - share) * Double(pixels[index])).rounded())
        }
      }
    }
    return RGBImage(width: width, height: height, pixels: mixed)
  }
}
