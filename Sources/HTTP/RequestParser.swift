import HTTPTypes

/// Reads requests off a stream of bytes (RFC 9112), strictly: what two readers could read differently is refused.
///
/// It does no input or output. How the bytes were cut into pieces changes no event, but for where a body's pieces end.
struct RequestParser {
  enum Event: Equatable {
    case head(RequestHead)
    case body([UInt8])
    case end
  }

  private enum Phase {
    case requestLine(emptyLines: Int)
    case fields
    case counted(Int)
    case chunkSize
    case chunkData(Int)
    case chunkEnd
    case trailers(HeaderSection)
    case end
    case failed
  }

  private let limits: HTTPLimits
  private let bodyLimit: (HTTPRequest) -> Int
  private var input = LineBuffer()
  private var phase = Phase.requestLine(emptyLines: 0)
  private var head: RequestHeadBuilder
  private var chunked: ChunkedFraming

  init(limits: HTTPLimits, bodyLimit: ((HTTPRequest) -> Int)? = nil) {
    self.limits = limits
    self.bodyLimit = bodyLimit ?? { _ in limits.maximumRequestBytes }
    head = RequestHeadBuilder(limits: limits)
    chunked = ChunkedFraming(limits: limits, bodyLimit: 0)
  }

  /// Bytes that have arrived and are not yet part of an event.
  var buffered: Int { input.count }

  /// Whether no byte of a further request has arrived.
  var isBetweenRequests: Bool {
    if case .requestLine(0) = phase { input.isEmpty } else { false }
  }

  mutating func append(_ bytes: [UInt8]) { input.append(bytes) }

  /// The next event; `nil` when more bytes are needed. After an error there are no more events.
  mutating func next() throws(ProtocolError) -> Event? {
    do throws(ProtocolError) {
      while true {
        let step = try advance()
        switch step {
        case .event(let event): return event
        case .again: continue
        case .starved: return nil
        }
      }
    } catch {
      phase = .failed
      var error = error
      if let identifier = head.requestIdentifier { error.requestIdentifier = identifier }
      throw error
    }
  }

  private enum Step {
    case event(Event)
    case again
    case starved
  }

  private mutating func advance() throws(ProtocolError) -> Step {
    switch phase {
    case .requestLine(let emptyLines): return try requestLine(after: emptyLines)
    case .fields: return try field()
    case .counted(let remaining): return countedBody(remaining)
    case .chunkSize: return try chunkSize()
    case .chunkData(let remaining): return chunkData(remaining)
    case .chunkEnd: return try chunkEnd()
    case .trailers(let section): return try trailer(section)
    case .end:
      phase = .requestLine(emptyLines: 0)
      return .event(.end)
    case .failed: return .starved
    }
  }

  private mutating func requestLine(after emptyLines: Int) throws(ProtocolError) -> Step {
    let limit = limits.requestLineBytes
    switch try input.line(atMost: limit) {
    case .none: return .starved
    case .tooLong:
      throw ProtocolError(
        .targetTooLong(limit: limit), "the request line is longer than the \(limit) octets allowed; send a shorter target")
    case .line(let line) where line.isEmpty:
      guard emptyLines < limits.leadingEmptyLines else { throw .malformed("there are too many empty lines before the request line") }
      phase = .requestLine(emptyLines: emptyLines + 1)
    case .line(let line):
      head = RequestHeadBuilder(limits: limits)
      try head.read(requestLine: line)
      phase = .fields
    }
    return .again
  }

  private mutating func field() throws(ProtocolError) -> Step {
    guard let line = try head.section.line(from: &input) else { return .starved }
    guard line.isEmpty else {
      try head.read(fieldLine: line)
      return .again
    }
    let complete = try head.finish()
    let bodyLimit = bodyLimit(complete.request)
    switch complete.framing {
    case .none: phase = .end
    case .counted(let length):
      guard length <= bodyLimit else { throw ChunkedFraming.tooLarge(bodyLimit) }
      phase = length == 0 ? .end : .counted(length)
    case .chunked:
      chunked = ChunkedFraming(limits: limits, bodyLimit: bodyLimit)
      phase = .chunkSize
    }
    // A kept connection without a request holds no fields of the last one.
    head = RequestHeadBuilder(limits: limits)
    return .event(.head(complete))
  }

  private mutating func countedBody(_ remaining: Int) -> Step {
    guard let bytes = input.take(atMost: remaining) else { return .starved }
    phase = bytes.count == remaining ? .end : .counted(remaining - bytes.count)
    return .event(.body(bytes))
  }

  private mutating func chunkSize() throws(ProtocolError) -> Step {
    switch try input.line(atMost: chunked.lineLimit) {
    case .none: return .starved
    case .tooLong: throw .malformed("the chunk extensions are longer than the \(limits.chunkExtensionBytes) octets allowed")
    case .line(let line):
      let size = try chunked.size(of: line)
      phase = size == 0 ? .trailers(HeaderSection(limits: limits)) : .chunkData(size)
      return .again
    }
  }

  private mutating func chunkData(_ remaining: Int) -> Step {
    guard let bytes = input.take(atMost: remaining) else { return .starved }
    phase = bytes.count == remaining ? .chunkEnd : .chunkData(remaining - bytes.count)
    return .event(.body(bytes))
  }

  private mutating func chunkEnd() throws(ProtocolError) -> Step {
    guard let isEnd = input.takesLineEnd() else { return .starved }
    guard isEnd else { throw .malformed("a chunk's data is not followed by CRLF; its size and its data disagree") }
    phase = .chunkSize
    return .again
  }

  /// Trailer fields are checked and dropped: none is of use here, and those that frame or authorise must not be merged (RFC 9110 §6.5.1).
  private mutating func trailer(_ section: HeaderSection) throws(ProtocolError) -> Step {
    var section = section
    guard let line = try section.line(from: &input) else { return .starved }
    if line.isEmpty {
      phase = .end
    } else {
      _ = try FieldLine(line)
      phase = .trailers(section)
    }
    return .again
  }
}
