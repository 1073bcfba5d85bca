import Glibc
import HTTPTypes

/// Serves the files under one folder, and nothing else: no `..`, no hidden file, no symbolic link on the way.
package struct StaticFiles: Sendable {
  /// A file is read in pieces of this size.
  private static let pieceBytes = 256 * 1024
  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8", "json": "application/json", "svg": "image/svg+xml", "png": "image/png",
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "ico": "image/x-icon", "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8", "csv": "text/csv; charset=utf-8", "woff2": "font/woff2", "wasm": "application/wasm",
    "pdf": "application/pdf", "jsonl": "application/jsonl",
  ]

  private let root: String
  private let errorResponse: ErrorResponse

  /// - Parameter root: The folder's path; it is opened anew for each request.
  package init(root: String, errorResponse: @escaping ErrorResponse) {
    self.root = root
    self.errorResponse = errorResponse
  }

  /// Answers `GET` and `HEAD` for the request's path; `/` and paths that end in `/` are their `index.html`.
  package func respond(to request: Request) async -> Response { await respond(to: request, path: request.pathSegments) }

  /// Answers with the file at a path of decoded segments below the folder.
  package func respond(to request: Request, path segments: [String]) async -> Response {
    var segments = segments
    if segments.isEmpty { segments = [""] }
    if segments.last == "" { segments[segments.count - 1] = "index.html" }
    let path = segments
    let file = await OffPool.run { open(path) }
    guard let file else {
      var error = ProtocolError(.notFound, "there is no file at \(request.path)")
      error.requestIdentifier = request.id
      return errorResponse(error)
    }
    return Self.response(to: request, file: file, name: segments[segments.count - 1])
  }

  private static func response(to request: Request, file: OpenFile, name: String) -> Response {
    let fields = request.head.headerFields
    var response = Response(
      .ok,
      headerFields: [
        .eTag: file.tag, .cacheControl: "no-cache", .acceptRanges: "bytes", .lastModified: file.modified,
        .contentType: types[suffix(of: name)] ?? "application/octet-stream", .xContentTypeOptions: "nosniff",
      ])
    if let status = precondition(fields, file) {
      response.head.status = status
      return response
    }
    var range = 0..<file.size
    let isRangeValid = fields[.ifRange].map { $0 == file.tag } ?? true
    if request.head.method == .get, isRangeValid {
      switch ByteRange(fields[.range], size: file.size) {
      case .whole: break
      case .part(let part):
        range = part
        response.head.status = .partialContent
        response.head.headerFields[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.size)"
      case .unsatisfiable:
        response.head.status = .rangeNotSatisfiable
        response.head.headerFields[.contentRange] = "bytes */\(file.size)"
        return response
      }
    }
    response.head.headerFields[.contentLength] = String(range.count)
    response.body = request.head.method == .head || range.isEmpty ? .empty : .stream(pieces(of: file, range))
    return response
  }

  /// The status that ends the request early: 412 or 304, in the order of RFC 9110 §13.2.2. A date counts only where it is the file's own.
  private static func precondition(_ fields: HTTPFields, _ file: OpenFile) -> HTTPResponse.Status? {
    if let match = fields[.ifMatch], !EntityTag.matches(ifMatch: match, file.tag) { return .preconditionFailed }
    if let tags = fields[.ifNoneMatch] { return EntityTag.matches(ifNoneMatch: tags, file.tag) ? .notModified : nil }
    return fields[.ifModifiedSince] == file.modified ? .notModified : nil
  }

  private static func pieces(of file: OpenFile, _ range: Range<Int>) -> ResponsePull {
    let position = FilePosition(range)
    return {
      guard let piece = position.next(atMost: pieceBytes) else { return nil }
      return try await OffPool.run { Result { try file.read(piece) } }.get()
    }
  }

  private static func suffix(of name: String) -> String { name.split(separator: ".").last.map { $0.lowercased() } ?? "" }

  /// Walks down folder by folder without following links, so that no path leaves the root.
  private func open(_ segments: [String]) -> OpenFile? {
    guard segments.allSatisfy(Self.isPlain) else { return nil }
    var folder = Glibc.open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return nil }
    for segment in segments.dropLast() {
      let next = openat(folder, segment, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      Glibc.close(folder)
      guard next >= 0 else { return nil }
      folder = next
    }
    defer { Glibc.close(folder) }
    let descriptor = openat(folder, segments[segments.count - 1], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    return descriptor >= 0 ? OpenFile(descriptor: descriptor) : nil
  }

  private static func isPlain(_ segment: String) -> Bool {
    !segment.isEmpty && !segment.hasPrefix(".") && !segment.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
  }
}
