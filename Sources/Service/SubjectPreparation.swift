import Images
import Tensors

/// Decoding and cutting, done on the work pool: from a body's bytes to what a model takes.
struct SubjectPreparation: Sendable {
  /// What a subject keeps for drawing on.
  enum Canvas: Sendable { case upload, picture }

  let patchSize: Int
  /// Side of the model's square.
  let side: Int
  let fit: Fit
  let limits: InferenceLimits
  /// Patches of one image at most: what the service allows, or as many as the model was made for.
  let maximumPatches: Int
  let canvas: Canvas

  /// Side of an array's images at most.
  static let maximumArraySide = 1024

  /// - Throws: ``Problem`` for a fit that a model of other than square images cannot have.
  init(
    _ query: InferenceQuery, _ model: ModelDescription, _ limits: InferenceLimits, canvas: Canvas,
    _ pixels: Circumstances.Pixels
  ) throws(Problem) {
    self.canvas = canvas
    patchSize = model.patchSize
    side = model.imageHeight
    self.limits = limits
    maximumPatches = max(limits.patches, (model.imageHeight / model.patchSize) * (model.imageWidth / model.patchSize))
    let standardSide = min(
      InferenceQuery.Standard.maximumSide, InferenceQuery.sufficientSide(patchSize: model.patchSize, patches: limits.patches))
    fit =
      switch query.fit ?? InferenceQuery.Standard.fit {
      case .crop: .crop
      case .stretch: .stretch
      case .native: .native(maximumSide: query.maximumSide ?? standardSide)
      }
    guard model.imageHeight == model.imageWidth || query.fit == .native || pixels.isArray else {
      throw Problem(
        .incapableModel,
        "The model \(model.name) was trained on images of \(model.imageHeight) by \(model.imageWidth) pixels, not on squares: use fit=native.",
        parameter: "fit", allowed: [FitWord.native.rawValue])
    }
  }

  /// Decodes and cuts one image.
  func image(_ bytes: [UInt8], timing: inout ServerTiming) throws(Problem) -> Subject {
    let decoded: DecodedImage
    do {
      decoded = try timing.measure(.decode) { () throws(ImageError) in
        try ImageDecoder.decode(bytes, limits: DecodeLimits(maximumPixels: limits.imagePixels))
      }
    } catch {
      throw Problem(error)
    }
    return try timing.measure(.preprocess) { () throws(Problem) in try subject(decoded, bytes) }
  }

  private func subject(_ decoded: DecodedImage, _ bytes: [UInt8]) throws(Problem) -> Subject {
    let transform = EvaluationTransform(size: side, patchSize: patchSize, fit: fit)
    let prepared = transform.apply(decoded.image)
    try check(rows: prepared.rows, columns: prepared.columns, parameter: "max_side")
    return Subject(
      id: "sha256:" + Digest.sha256(bytes),
      source: SourceImage(width: decoded.image.width, height: decoded.image.height, format: decoded.format.rawValue),
      region: prepared.region, rows: prepared.rows, columns: prepared.columns, picture: prepared.pixels,
      canvas: canvas == .upload ? decoded.image : prepared.pixels,
      canvasRegion: canvas == .upload ? prepared.region : Self.whole(prepared.pixels),
      values: Normalization.imageNet.planar(prepared.pixels))
  }

  /// Takes normalised pixels as they are.
  func pixels(_ tensor: PixelTensor, timing: inout ServerTiming) throws(Problem) -> [Subject] {
    let layout = Layout(count: tensor.count, height: tensor.height, width: tensor.width, isNormalised: true)
    try check(layout)
    return try timing.measure(.preprocess) { () throws(Problem) in try normalised(tensor.values, layout) }
  }

  /// Reads a NumPy batch: float32 (n, 3, h, w), normalised, or uint8 (n, h, w, 3).
  func array(_ bytes: [UInt8], timing: inout ServerTiming) throws(Problem) -> [Subject] {
    let file: NumPyFile
    do {
      file = try timing.measure(.decode) { () throws(NumPyError) in try NumPyFile.parse(bytes) }
    } catch {
      throw Problem(.unsuitableArray, "The array cannot be read: \(error)")
    }
    let layout = try layout(file)
    return try timing.measure(.preprocess) { () throws(Problem) in
      if let floats = file.floats { return try normalised(floats, layout) }
      return scaled(file.unsignedBytes ?? [], layout)
    }
  }
}

extension SubjectPreparation {
  /// What an array holds.
  private struct Layout {
    let count, height, width: Int
    let isNormalised: Bool
  }

  private func layout(_ file: NumPyFile) throws(Problem) -> Layout {
    let shape = file.shape.dimensions
    let layout: Layout
    switch (file.type, shape.count) {
    case (.float32, 4) where shape[1] == 3: layout = Layout(count: shape[0], height: shape[2], width: shape[3], isNormalised: true)
    case (.uint8, 4) where shape[3] == 3: layout = Layout(count: shape[0], height: shape[1], width: shape[2], isNormalised: false)
    default:
      throw Problem(
        .unsuitableArray,
        "The array is \(file.type.rawValue) \(file.shape), but images are float32 (n, 3, h, w), normalised, or uint8 (n, h, w, 3).")
    }
    try check(layout)
    return layout
  }

  private func check(_ layout: Layout) throws(Problem) {
    guard layout.count > 0 else { throw Problem(.unsuitableArray, "The array holds no image.") }
    guard layout.count <= limits.images else {
      throw Problem(.tooLarge, "The array holds \(layout.count) images, more than the \(limits.images) that --max-images allows.")
    }
    for side in [layout.height, layout.width] where side == 0 || side % patchSize != 0 || side > Self.maximumArraySide {
      throw Problem(
        .unsuitableArray,
        "The images of the array are \(layout.height) by \(layout.width) pixels, but both sides must be multiples of the patch, "
          + "\(patchSize), and at most \(Self.maximumArraySide).")
    }
    try check(rows: layout.height / patchSize, columns: layout.width / patchSize)
  }

  private func check(rows: Int, columns: Int, parameter: String? = nil) throws(Problem) {
    guard rows * columns > maximumPatches else { return }
    let side = min(InferenceQuery.sufficientSide(patchSize: patchSize, patches: limits.patches), Self.maximumArraySide)
    throw Problem(
      .tooManyPatches,
      "The image has \(rows) by \(columns) patches of \(patchSize) pixels, more than the \(limits.patches) that --max-patches allows; "
        + "\(side) pixels on the longer side give fewer, whatever its shape.", parameter: parameter,
      allowed: parameter.map { _ in ["1 to \(side)"] })
  }

  private static func whole(_ picture: RGBImage) -> Region {
    Region(x: 0, y: 0, width: Double(picture.width), height: Double(picture.height))
  }

  /// The subjects of normalised float32 images; the pictures are what the numbers stand for.
  private func normalised(_ floats: [Float], _ layout: Layout) throws(Problem) -> [Subject] {
    let length = 3 * layout.height * layout.width
    return try (0..<layout.count).map { index throws(Problem) in
      let values = Array(floats[index * length..<(index + 1) * length])
      guard values.allSatisfy(\.isFinite) else {
        throw Problem(.unsuitableArray, "Image \(index) of the array holds numbers that are not finite.")
      }
      let picture = Normalization.imageNet.picture(values, width: layout.width, height: layout.height)
      return subject(picture, values, digest: values.withUnsafeBytes { Digest.sha256($0) })
    }
  }

  /// The subjects of uint8 images, which are scaled and normalised only.
  private func scaled(_ bytes: [UInt8], _ layout: Layout) -> [Subject] {
    let length = 3 * layout.height * layout.width
    return (0..<layout.count).map { index in
      let slice = Array(bytes[index * length..<(index + 1) * length])
      let picture = RGBImage(width: layout.width, height: layout.height, pixels: slice)
      return subject(picture, Normalization.imageNet.planar(picture), digest: Digest.sha256(slice))
    }
  }

  private func subject(_ picture: RGBImage, _ values: [Float], digest: String) -> Subject {
    Subject(
      id: "sha256:" + digest, source: SourceImage(width: picture.width, height: picture.height, format: "npy"),
      region: Self.whole(picture),
      rows: picture.height / patchSize, columns: picture.width / patchSize, picture: picture, canvas: picture,
      canvasRegion: Self.whole(picture), values: values)
  }
}
