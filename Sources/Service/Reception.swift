import HTTP

/// A request for inference whose body is in memory and whose images have their places in a model's queue.
struct Reception: Sendable {
  let model: ServedModel
  let upload: Upload
  let admission: Admission
  /// `nil` where the images were there already.
  let buffer: ByteReservation?
}

extension InferencePipeline {
  /// Reads the body and admits its images; what the queue has no place for is refused before it is decoded, and
  /// where the queue is full already before it is read.
  func receive(_ request: Request, for model: ServedModel) async throws(Problem) -> Reception {
    try model.refuseIfFull(client: request.client)
    let buffer = ByteReservation(of: buffers)
    let body = try await Upload.body(of: request, limits, buffer, retryAfter: model.expectedWait)
    let upload = try Upload(body, request, limits)
    return Reception(model: model, upload: upload, admission: try model.admit(upload.imageCount, of: request.client), buffer: buffer)
  }

  /// Admits an image that was uploaded earlier.
  func receive(_ request: Request, kept bytes: [UInt8], for model: ServedModel) throws(Problem) -> Reception {
    Reception(model: model, upload: .kept(bytes), admission: try model.admit(1, of: request.client), buffer: nil)
  }
}

extension Request {
  /// Whose requests share a turn in a queue: the key they came with, else the address of the peer, without its port.
  var client: String {
    if let name = RequestContext.current?.keyName { return "key \(name)" }
    return peer.lastIndex(of: ":").map { String(peer[..<$0]) } ?? peer
  }
}
