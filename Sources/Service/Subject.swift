import Images

/// One image, ready to be asked about.
struct Subject: Sendable {
  /// `sha256:` and the digits of the uploaded bytes.
  let id: String
  let source: SourceImage
  /// The part of the source that the grid covers, in its fractional pixels.
  let region: Region
  let rows, columns: Int
  /// The pixels that the model sees.
  let picture: RGBImage
  /// What answers draw on, and which part of it the grid covers: the upload itself for a PNG, else the picture.
  let canvas: RGBImage
  let canvasRegion: Region
  /// (3, height, width), normalised.
  let values: [Float]

  /// Sides of the picture in pixels.
  var height: Int { picture.height }
  /// Sides of the picture in pixels.
  var width: Int { picture.width }
}

/// What was uploaded, before anything was cut from it.
struct SourceImage: Sendable, Hashable, JSONWritable {
  /// Pixels, after the orientation that the file asks for.
  let width, height: Int
  /// `png`, `jpeg`, `webp`, or `npy`.
  let format: String

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("width", width)
      json.member("height", height)
      json.member("format", format)
    }
  }
}

extension Region: JSONWritable {
  package func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("x", x)
      json.member("y", y)
      json.member("width", width)
      json.member("height", height)
    }
  }
}
