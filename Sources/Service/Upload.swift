import HTTP
import HTTPTypes
import Tensors

/// The body of an inference request, told apart but not yet decoded.
enum Upload: Sendable {
  case image([UInt8])
  /// The bytes of an earlier upload.
  case kept([UInt8])
  /// The parts of a multipart body, in order.
  case parts([[UInt8]])
  /// A NumPy file.
  case array([UInt8])

  /// Reads the body of `request`: `multipart/form-data` is believed, of everything else the first bytes decide.
  static func read(_ request: Request, _ limits: InferenceLimits) async throws(Problem) -> Upload {
    let bytes: [UInt8]
    do {
      bytes = try await request.body.collect(upTo: limits.requestBytes)
    } catch {
      throw Problem(error)
    }
    if let type = request.head.headerFields[.contentType], Self.isMultipart(type) { return .parts(try parts(bytes, type, limits)) }
    guard !bytes.isEmpty else {
      throw Problem(.malformedBody, "The request has no body; send an image, such as with curl --data-binary @cat.jpg.")
    }
    return NumPyFile.isNumPy(bytes) ? .array(bytes) : .image(bytes)
  }

  /// What the query's parameters are judged by.
  var pixels: Circumstances.Pixels {
    switch self {
    case .image: .image
    case .kept: .kept
    case .parts: .parts
    case .array: .array
    }
  }
}

extension Problem {
  /// What a client sees of a body that could not be read.
  init(_ error: RequestBodyError) {
    switch error {
    case .tooLarge(let limit):
      self.init(.tooLarge, "The request's body is longer than the \(limit) bytes that --max-request-bytes allows.")
    case .incomplete, .malformed: self.init(.malformedBody, "The body could not be read: \(error).")
    }
  }
}
