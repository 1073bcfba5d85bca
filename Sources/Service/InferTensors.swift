/// The images of a request of the Open Inference Protocol.
struct InferTensors: Sendable {
  /// The one input that a request has, and what its elements are.
  enum Input: String, Sendable, CaseIterable {
    /// FP32 (n, 3, h, w), normalised.
    case pixels
    /// BYTES (n), image files.
    case image

    var type: TensorType { self == .pixels ? .float32 : .bytes }
  }

  let upload: Upload

  /// Reads the input of `request`, whose binary elements stand in `body` from `offset` on.
  init(_ request: InferRequest, _ body: [UInt8], from offset: Int, _ limits: InferenceLimits) throws(Problem) {
    guard let tensor = request.inputs.first, request.inputs.count == 1, let input = Input(rawValue: tensor.name) else {
      throw Problem(
        .malformedBody, "An inference request has one input, \"pixels\" or \"image\".", parameter: "inputs",
        allowed: Input.allCases.map(\.rawValue))
    }
    guard tensor.type == input.type.rawValue else {
      throw Problem(
        .malformedBody, "The input \"\(tensor.name)\" is \(tensor.type), but must be \(input.type.rawValue).", parameter: tensor.name,
        allowed: [input.type.rawValue])
    }
    let bytes = try Self.binary(tensor, body, from: offset)
    guard let count = tensor.shape.first, (1...limits.images).contains(count) else {
      throw Problem(
        .tooLarge, "The input \"\(tensor.name)\" of shape \(tensor.shape) must hold 1 to \(limits.images) images: --max-images.")
    }
    switch input {
    case .pixels: upload = .pixels(try Self.pixels(tensor, bytes))
    case .image: upload = .parts(try Self.images(tensor, bytes, count))
    }
  }

  /// A body that is one image and no JSON.
  init(image bytes: [UInt8]) { upload = .parts([bytes]) }

  private static func binary(_ tensor: InferRequest.Input, _ body: [UInt8], from offset: Int) throws(Problem) -> ArraySlice<UInt8>? {
    guard case .binary(let size) = tensor.content else {
      guard offset == body.count else {
        throw Problem(.malformedBody, "\(body.count - offset) bytes follow the JSON, but no input says so with binary_data_size.")
      }
      return nil
    }
    guard size == body.count - offset else {
      throw Problem(
        .malformedBody, "The input \"\(tensor.name)\" says that \(size) bytes follow the JSON, but \(body.count - offset) do.",
        parameter: "binary_data_size")
    }
    return body[offset...]
  }

  private static func pixels(_ tensor: InferRequest.Input, _ bytes: ArraySlice<UInt8>?) throws(Problem) -> PixelTensor {
    let values: [Float]
    switch (tensor.content, bytes) {
    case (.floats(let floats), _): values = floats
    case (_, let bytes?) where bytes.count % MemoryLayout<Float>.stride == 0:
      values = bytes.withUnsafeBytes { all in
        (0..<all.count / 4).map { Float(bitPattern: UInt32(littleEndian: all.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))) }
      }
    default: throw Problem(.malformedBody, "The input \"pixels\" has no float32 numbers.", parameter: "pixels")
    }
    let shape = tensor.shape
    guard shape.count == 4, shape[1] == 3, shape.allSatisfy({ (1...Self.maximumExtent).contains($0) }) else {
      throw Problem(.unsuitableArray, "The input \"pixels\" has the shape \(shape), but images are [n, 3, h, w].", parameter: "pixels")
    }
    guard values.count == shape.reduce(1, *) else {
      throw Problem(
        .malformedBody, "The input \"pixels\" has \(values.count) numbers for the shape \(shape).", parameter: "pixels")
    }
    return PixelTensor(count: shape[0], height: shape[2], width: shape[3], values: values)
  }

  /// Any extent at most; four of them multiply without overflow.
  static let maximumExtent = 1 << 15

  private static func images(_ tensor: InferRequest.Input, _ bytes: ArraySlice<UInt8>?, _ count: Int) throws(Problem) -> [[UInt8]] {
    guard tensor.shape == [count] || tensor.shape == [count, 1] else {
      throw Problem(.unsuitableArray, "The input \"image\" has the shape \(tensor.shape), but files are [n].", parameter: "image")
    }
    let images: [[UInt8]]
    switch (tensor.content, bytes) {
    case (.texts(let texts), _):
      images = try texts.map { text throws(Problem) in
        guard let image = Base64.decode(text) else {
          throw Problem(
            .malformedBody, "An element of \"image\" is no Base64; send files in binary, or as Base64 texts.", parameter: "image")
        }
        return image
      }
    case (_, let bytes?): images = try elements(bytes)
    default: throw Problem(.malformedBody, "The input \"image\" has no elements.", parameter: "image")
    }
    guard images.count == count else {
      throw Problem(.malformedBody, "The input \"image\" has \(images.count) elements for the shape \(tensor.shape).", parameter: "image")
    }
    return images
  }

  /// The elements of a BYTES tensor: each its length, 4 bytes, little-endian, then as many bytes.
  private static func elements(_ bytes: ArraySlice<UInt8>) throws(Problem) -> [[UInt8]] {
    var elements: [[UInt8]] = []
    var rest = bytes
    while !rest.isEmpty {
      let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      guard rest.count >= 4, length <= rest.count - 4 else {
        throw Problem(.malformedBody, "The element \(elements.count) of \"image\" ends after the body does.", parameter: "image")
      }
      elements.append(Array(rest.dropFirst(4).prefix(length)))
      rest = rest.dropFirst(4 + length)
    }
    return elements
  }
}

/// Images of one size as float32 (count, 3, height, width), normalised, as they were sent.
struct PixelTensor: Sendable {
  let count, height, width: Int
  let values: [Float]
}
