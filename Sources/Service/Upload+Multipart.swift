import HTTP

extension Upload {
  /// The name of every part.
  private static let partName = "image"

  /// Whether a `Content-Type` claims a form; of any other the body's first bytes decide.
  static func isMultipart(_ contentType: String) -> Bool {
    contentType.lowercased().drop { $0 == " " || $0 == "\t" }.hasPrefix("multipart/form-data")
  }

  /// The contents of a form's parts, in order, each named `image`.
  static func parts(_ body: [UInt8], _ contentType: String, _ limits: InferenceLimits) throws(Problem) -> [[UInt8]] {
    var formLimits = MultipartParser.Limits()
    formLimits.parts = limits.images
    let parts: [MultipartParser.Part]
    do throws(MultipartError) {
      parts = try MultipartParser(contentType: contentType, limits: formLimits).parts(of: body)
    } catch {
      switch error {
      case .malformed(let reason): throw Problem(.malformedBody, "The multipart body cannot be read: \(reason).")
      case .tooLarge(let reason):
        throw Problem(.tooLarge, "The multipart body is too large: \(reason); --max-images allows \(limits.images) images.")
      }
    }
    guard !parts.isEmpty else { throw Problem(.malformedBody, "The multipart body has no part; name each part \"\(partName)\".") }
    for part in parts where part.name != partName {
      throw Problem(
        .unexpectedPart, "The multipart body has a part named \"\(part.name)\"; every part is an image named \"\(partName)\".",
        parameter: part.name, allowed: [partName])
    }
    return parts.map { Array(body[$0.range]) }
  }
}
