import Glibc

/// A raw, blocking client on loopback: sends the bytes it is told, reads the bytes that come, and gives up after a time.
///
/// `@unchecked`: a test uses it from one thread at a time.
package final class LoopbackClient: @unchecked Sendable {
  /// What went wrong, with the system's word for it.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
  }

  /// One response as it came over the wire, its body's framing undone.
  package struct Message: Sendable {
    package let statusLine: String
    package let status: Int
    /// In order, names as sent.
    package let fields: [(name: String, value: String)]
    package var body: [UInt8]

    /// The first value of a field, its name's case ignored.
    package subscript(_ name: String) -> String? {
      fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// How the end of the server's output is waited for.
  package enum Method {
    case head
    case other
  }

  private static let readBytes = 64 * 1024
  /// The socket, for a library that speaks over it itself.
  package let descriptor: Int32
  private var buffer: [UInt8] = []
  private var isOpen = true

  /// Connects to 127.0.0.1.
  package init(port: Int, timeout seconds: Int = 10) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0, let number = UInt16(exactly: port) else { throw Failure("no socket for port \(port)") }
    setTimeout(milliseconds: seconds * 1000)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = number.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw failure("connect") }
    var on: Int32 = 1  // small pieces go out at once
    _ = setsockopt(descriptor, Int32(IPPROTO_TCP), Int32(TCP_NODELAY), &on, socklen_t(MemoryLayout<Int32>.size))
  }

  deinit { close() }

  /// How long a read or a write may take from now on.
  package func setTimeout(milliseconds: Int) {
    var time = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      _ = setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  package func send(_ text: String) throws { try send(Array(text.utf8)) }

  package func send(_ bytes: [UInt8]) throws {
    var offset = 0
    while offset < bytes.count {
      let sent = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress! + offset, bytes.count - offset, Int32(MSG_NOSIGNAL)) }
      guard sent > 0 else { throw failure("send") }
      offset += sent
    }
  }

  /// Ends this side; the other may go on.
  package func shutdownWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  package func close() {
    if isOpen { _ = Glibc.close(descriptor) }
    isOpen = false
  }

  /// Closes with a reset instead of a goodbye.
  package func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// Some bytes, or none at the end of the server's output.
  package func read() throws -> [UInt8] {
    if !buffer.isEmpty {
      defer { buffer = [] }
      return buffer
    }
    return try receive()
  }

  /// Everything until the server closes.
  package func readToEnd() throws -> [UInt8] {
    var bytes = try read()
    while true {
      let more = try receive()
      if more.isEmpty { return bytes }
      bytes += more
    }
  }

  /// The next response, `1xx` ones too. A body is counted, chunked, or all that comes.
  package func response(to method: Method = .other) throws -> Message {
    let head = try readHead()
    var lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
    let statusLine = lines.removeFirst()
    let words = statusLine.split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]) else { throw Failure("no status line: \(statusLine)") }
    let fields = lines.compactMap { line -> (name: String, value: String)? in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      return (String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " }))
    }
    var message = Message(statusLine: statusLine, status: status, fields: fields, body: [])
    guard method == .other, status >= 200, status != 204, status != 304 else { return message }
    message.body = try body(of: message)
    return message
  }

  private func body(of message: Message) throws -> [UInt8] {
    if let length = message["Content-Length"].flatMap({ Int($0) }) { return try take(length) }
    guard message["Transfer-Encoding"] == "chunked" else { return try readToEndOrNothing() }
    var body: [UInt8] = []
    while true {
      let line = String(decoding: try readLine(), as: UTF8.self)
      guard let size = Int(line, radix: 16) else { throw Failure("no chunk size: \(line)") }
      body += try take(size)
      guard try readLine().isEmpty else { throw Failure("a chunk does not end") }
      if size == 0 { return body }
    }
  }

  private func readToEndOrNothing() throws -> [UInt8] {
    while try fill() {}
    defer { buffer = [] }
    return buffer
  }

  private func readHead() throws -> [UInt8] {
    var head: [UInt8] = []
    while true {
      let line = try readLine()
      if line.isEmpty { return head }
      head += head.isEmpty ? line : Array("\r\n".utf8) + line
    }
  }

  private func readLine() throws -> [UInt8] {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        guard end > 0, buffer[end - 1] == 13 else { throw Failure("a line of the response ends with LF alone") }
        defer { buffer.removeFirst(end + 1) }
        return Array(buffer[..<(end - 1)])
      }
      guard try fill() else { throw Failure("the server closed within a response's head, after \(buffer.count) bytes") }
    }
  }

  private func take(_ count: Int) throws -> [UInt8] {
    while buffer.count < count {
      guard try fill() else { throw Failure("the server closed after \(buffer.count) of \(count) bytes") }
    }
    defer { buffer.removeFirst(count) }
    return Array(buffer[..<count])
  }

  private func fill() throws -> Bool {
    let more = try receive()
    buffer += more
    return !more.isEmpty
  }

  private func receive() throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.readBytes)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    guard count >= 0 else { throw failure("recv") }
    return Array(bytes[..<count])
  }

  private func failure(_ call: String) -> Failure { Failure("\(call): \(String(cString: strerror(errno)))") }
}

extension String {
  /// The parts between a separator; Foundation is not needed for this.
  fileprivate func components(separatedBy separator: String) -> [String] {
    var parts: [[UInt8]] = [[]]
    let mark = Array(separator.utf8)
    var rest = Array(utf8)[...]
    while !rest.isEmpty {
      if rest.starts(with: mark) {
        parts.append([])
        rest = rest.dropFirst(mark.count)
      } else {
        parts[parts.count - 1].append(rest.removeFirst())
      }
    }
    return parts.map { String(decoding: $0, as: UTF8.self) }
  }
}
