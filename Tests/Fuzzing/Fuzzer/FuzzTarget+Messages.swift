import HTTPTypes

@testable import HTTP

extension FuzzTarget {
  /// What comes out of a parser: events with joined bodies, and the refusal.
  private struct Outcome: Equatable {
    var events: [RequestParser.Event] = []
    var error: ProtocolError?

    init(_ pieces: [ArraySlice<UInt8>], _ limits: HTTPLimits) {
      var parser = RequestParser(limits: limits)
      for piece in pieces {
        parser.append(Array(piece))
        do throws(ProtocolError) {
          while let event = try parser.next() { add(event) }
        } catch {
          self.error = error
          return
        }
      }
    }

    private mutating func add(_ event: RequestParser.Event) {
      guard case .body(let more) = event, case .body(let before) = events.last else { return events.append(event) }
      events[events.count - 1] = .body(before + more)
    }
  }

  /// So low that what is made up reaches them.
  private static let limits = {
    var limits = HTTPLimits()
    (limits.requestLineBytes, limits.headerBytes, limits.headerFields) = (256, 1024, 16)
    (limits.chunkExtensionBytes, limits.chunks, limits.maximumRequestBytes) = (64, 16, 4096)
    return limits
  }()

  /// The bytes cut in two at the place that their first byte says.
  private static func halves(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    guard let first = bytes.first else { return [] }
    let rest = bytes.dropFirst()
    let cut = rest.startIndex + Int(first) * rest.count / 256
    return [rest[..<cut], rest[cut...]]
  }

  /// How the bytes were cut changes no event, every head makes a request or a refusal, and a connection ends once.
  static func readRequests(_ bytes: [UInt8]) {
    let pieces = halves(bytes)
    let whole = Outcome([ArraySlice(pieces.joined())], limits)
    precondition(whole == Outcome(pieces, limits), "how the bytes were cut changed what they say")
    for case .head(let head) in whole.events { _ = try? Request(head: head.request) }
    connect(pieces)
  }

  private static func connect(_ pieces: [ArraySlice<UInt8>]) {
    var configuration = ServerConfiguration()
    configuration.limits = limits
    var state = ConnectionState(configuration: configuration, now: .zero)
    var ends = 0
    func note(_ actions: [ConnectionState.Action]) { ends += actions.count { $0 == .abort || $0 == .close } }
    for (second, piece) in pieces.enumerated() {
      note(state.received(Array(piece), now: .seconds(second)))
      note(state.bodyWanted(now: .seconds(second)))
      note(state.respond(Response(.ok, body: .bytes([1])), requestIdentifier: "a", date: "d", now: .seconds(second)))
    }
    note(state.timePassed(now: .seconds(60)))
    note(state.receivedEnd(now: .seconds(60)))
    note(state.fail())
    precondition(ends == 1 && state.isClosed, "a connection ended \(ends) times")
  }

  /// A body is no longer than what brought it, and no longer than it may be.
  static func readChunks(_ bytes: [UInt8]) {
    let head = Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
    let pieces = halves(bytes)
    let whole = Outcome([ArraySlice(head + pieces.joined())], limits)
    precondition(whole == Outcome([head[...]] + pieces, limits), "how the bytes were cut changed what they say")
    let body = whole.events.reduce(0) { if case .body(let bytes) = $1 { $0 + bytes.count } else { $0 } }
    precondition(body <= bytes.count, "\(body) bytes came out of \(bytes.count)")
  }

  private static let inflatedBytes = 1 << 20

  static func readCoding(_ bytes: [UInt8]) {
    let inflater = Inflater(bytes.first.map { $0 < 128 } ?? true ? .gzip : .deflate)
    var produced = 0
    for piece in halves(Array(bytes.dropFirst())) {
      inflater.feed(Array(piece))
      while let plain = try? inflater.next(), produced < inflatedBytes {
        precondition(!plain.isEmpty, "a piece without bytes")
        produced += plain.count
      }
    }
  }

  static func readFields(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    _ = MediaType(text)
    _ = MediaType(disposition: text)
    _ = MediaTypeNegotiation(accept: text).best(of: ["text/html", "image/png", "application/json"])
    _ = EntityTag.matches(ifNoneMatch: text, "\"a\"")
    _ = EntityTag.matches(ifMatch: text, "\"a\"")
    for size in [0, 1, 100, Int.max] {
      if case .part(let range) = ByteRange(text, size: size) {
        precondition(!range.isEmpty && range.lowerBound >= 0 && range.upperBound <= size, "the range \(range) of \(size) bytes")
      }
    }
    _ = try? ContentCoding.read(text)
    _ = ContentCoding.takesGzip(text)
    if let accepted = RequestIdentifier.accepted(text) { precondition(accepted == text) }
    readServiceFields(text)
  }

  /// The parts lie in the body, one behind the other.
  static func readForm(_ bytes: [UInt8]) {
    guard let parser = try? MultipartParser(contentType: "multipart/form-data; boundary=b"), let parts = try? parser.parts(of: bytes) else {
      return
    }
    var end = 0
    for part in parts {
      precondition(part.range.lowerBound >= end && part.range.upperBound <= bytes.count, "a part at \(part.range) after \(end)")
      end = part.range.upperBound
    }
  }
}
