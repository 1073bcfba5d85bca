/// Bytes that have arrived, taken off the front as lines or runs.
struct LineBuffer {
  enum Line {
    case none
    case tooLong
    case line(ArraySlice<UInt8>)
  }

  /// Room wasted at the front before the rest is moved there.
  private static let slack = 64 * 1024

  private var bytes: [UInt8] = []
  private var start = 0
  /// No line end lies before this index.
  private var scanned = 0

  var count: Int { bytes.count - start }
  var isEmpty: Bool { bytes.count == start }

  mutating func append(_ more: [UInt8]) {
    if isEmpty {
      (bytes, start, scanned) = (more, 0, 0)
      return
    }
    if start > Self.slack {
      bytes.removeFirst(start)
      scanned -= start
      start = 0
    }
    bytes += more
  }

  /// The next line without its CRLF, if it is no longer than `limit`.
  ///
  /// - Throws: 400 for a CR or an LF alone (RFC 9112 §2.2 allows accepting the latter; two readers would not agree).
  mutating func line(atMost limit: Int) throws(ProtocolError) -> Line {
    let lastStart = start
    let end = min(bytes.count, start.saturatingAdd(limit).saturatingAdd(2))
    guard let mark = bytes[max(scanned, start)..<end].firstIndex(where: { $0 == Octet.lineFeed || $0 == Octet.carriageReturn }) else {
      scanned = end
      return end - start >= limit.saturatingAdd(2) ? .tooLong : .none
    }
    guard bytes[mark] == Octet.carriageReturn else { throw .malformed("a line ends with LF alone; HTTP lines end with CRLF") }
    scanned = mark
    guard mark + 1 < end else { return end - start >= limit.saturatingAdd(2) ? .tooLong : .none }
    guard bytes[mark + 1] == Octet.lineFeed else { throw .malformed("a line holds a CR that no LF follows; HTTP lines end with CRLF") }
    start = mark + 2
    scanned = start
    return .line(bytes[lastStart..<mark])
  }

  /// Up to `limit` bytes; `nil` when there is none.
  mutating func take(atMost limit: Int) -> [UInt8]? {
    guard !isEmpty else { return nil }
    if start == 0, bytes.count <= limit {
      defer { clear() }
      return bytes
    }
    let end = start + min(limit, count)
    defer {
      start = end
      scanned = end
      if isEmpty { clear() }
    }
    return Array(bytes[start..<end])
  }

  /// Takes a CRLF: `false` where something else stands, `nil` where too little has arrived to tell.
  mutating func takesLineEnd() -> Bool? {
    guard !isEmpty else { return nil }
    guard bytes[start] == Octet.carriageReturn else { return false }
    guard count >= 2 else { return nil }
    guard bytes[start + 1] == Octet.lineFeed else { return false }
    start += 2
    scanned = start
    return true
  }

  private mutating func clear() {
    bytes = []
    start = 0
    scanned = 0
  }
}

extension Int {
  /// The sum, or the greatest number where it would overflow.
  func saturatingAdd(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
