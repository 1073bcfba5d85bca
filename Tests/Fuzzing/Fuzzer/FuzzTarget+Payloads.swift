import HTTPTypes
import Tensors
import Training

@testable import HTTP
@testable import Images
@testable import Service

extension FuzzTarget {
  private static let limits = {
    var configuration = ServiceConfiguration()
    (configuration.maximumImages, configuration.maximumRequestBytes) = (8, 1 << 20)
    return InferenceLimits(configuration)
  }()

  static func readServiceFields(_ text: String) {
    if let context = TraceContext(text) { precondition(TraceContext(context.child())?.traceIdentifier == context.traceIdentifier) }
    if let token = KeyToken(text) { precondition(token.text == text, "a key that reads otherwise than it is written") }
    _ = Base64.decode(text)
    _ = GridWord(text)
    _ = Numeral.decimal(text, in: 0...1)
  }

  static func readTarget(_ bytes: [UInt8]) {
    guard let request = try? Request(.get, String(decoding: bytes, as: UTF8.self)) else { return }
    for table in [QueryTable.predictLoss, .postMask, .getMask, .reconstruct, .infer] { _ = try? table.read(request.queryPairs) }
    _ = try? PageQuery(request)
  }

  /// What is understood is written so that it reads the same.
  static func readJSON(_ bytes: [UInt8]) {
    var reader = JSONReader(bytes)
    try? reader.skip()
    try? reader.finish()
    guard let value = try? JSONValue(parsing: bytes) else { return }
    precondition((try? JSONValue(parsing: value.compact.utf8)) == value, "JSON that changes when it is written")
    _ = try? PretrainingConfiguration.resolved(file: bytes)
  }

  static func readArray(_ bytes: [UInt8]) {
    guard let file = try? NumPyFile.parse(bytes) else { return }
    if let floats = file.floats { precondition(floats.count == file.shape.elementCount) }
    if let numbers = file.unsignedBytes { precondition(numbers.count == file.shape.elementCount) }
  }

  /// The first two bytes say how much of the rest is JSON, as the field `Inference-Header-Content-Length` does.
  static func readTensors(_ bytes: [UInt8]) {
    guard bytes.count >= 2 else { return }
    let body = Array(bytes.dropFirst(2))
    let count = min(Int(bytes[0]) << 8 | Int(bytes[1]), body.count)
    guard let request = try? InferRequest(body, count: count) else { return }
    guard let tensors = try? InferTensors(request, body, from: count, limits) else { return }
    precondition(tensors.upload.imageCount <= limits.images, "more images than are allowed")
  }

  private static let decodedPixels = 1 << 18

  static func readImage(_ bytes: [UInt8]) {
    _ = Orientation(exif: bytes[...])
    _ = Orientation(jpeg: bytes)
    guard let decoded = try? ImageDecoder.decode(bytes, limits: DecodeLimits(maximumPixels: decodedPixels)) else { return }
    precondition(decoded.image.pixels.count == 3 * decoded.image.width * decoded.image.height)
    precondition(decoded.image.width * decoded.image.height <= decodedPixels, "more pixels than are allowed")
  }
}
