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
  /// Normalised pixels.
  case pixels(PixelTensor)

  /// Tells apart what `request` brought: `multipart/form-data` is believed, of everything else the first bytes decide.
  init(_ bytes: [UInt8], _ request: Request, _ limits: InferenceLimits) throws(Problem) {
    if let type = request.head.headerFields[.contentType], Self.isMultipart(type) {
      self = .parts(try Self.parts(bytes, type, limits))
      return
    }
    guard !bytes.isEmpty else {
      throw Problem(.malformedBody, "The request has no body; send an image, such as with curl --data-binary @cat.jpg.")
    }
    self = NumPyFile.isNumPy(bytes) ? .array(bytes) : .image(bytes)
  }

  /// Reads the body of `request` whole; its bytes count against the budget of `buffer` before memory is set aside for them.
  static func body(
    of request: Request, _ limits: InferenceLimits, _ buffer: ByteReservation, retryAfter: Double
  ) async throws(Problem) -> [UInt8] {
    do {
      if let length = request.body.declaredLength {
        guard length <= limits.requestBytes else { throw RequestBodyError.tooLarge(limits.requestBytes) }
        try buffer.grow(by: length, retryAfter: retryAfter)
        return try await request.body.collect(upTo: limits.requestBytes)
      }
      var bytes: [UInt8] = []
      while let chunk = try await request.body.nextChunk() {
        guard chunk.count <= limits.requestBytes - bytes.count else { throw RequestBodyError.tooLarge(limits.requestBytes) }
        try buffer.grow(by: chunk.count, retryAfter: retryAfter)
        bytes += chunk
      }
      return bytes
    } catch let problem as Problem {
      throw problem
    } catch let error as RequestBodyError {
      throw Problem(error)
    } catch { throw Problem(.internalFault, "The body could not be read.") }
  }

  /// How many images there are to decode; 1 for an array that no decoder will take.
  var imageCount: Int {
    switch self {
    case .image, .kept: 1
    case .parts(let parts): parts.count
    case .pixels(let tensor): tensor.count
    case .array(let bytes): max(1, (try? NumPyFile.parse(bytes))?.shape.dimensions.first ?? 1)
    }
  }

  /// What the query's parameters are judged by.
  var pixels: Circumstances.Pixels {
    switch self {
    case .image: .image
    case .kept: .kept
    case .parts: .parts
    case .array, .pixels: .array
    }
  }
}

extension Problem {
  /// What a client sees of a body that could not be read.
  ///
  /// - Parameter allowing: What sets the limit.
  init(_ error: RequestBodyError, allowing: String = "--max-request-bytes") {
    switch error {
    case .tooLarge(let limit):
      self.init(.tooLarge, "The request's body is longer than the \(limit) bytes that \(allowing) allows.")
    case .incomplete, .malformed: self.init(.malformedBody, "The body could not be read: \(error).")
    }
  }
}
