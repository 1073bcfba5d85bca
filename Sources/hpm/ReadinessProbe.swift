import Glibc

/// One GET over a socket of its own, of which only the status counts.
///
/// Foundation's client would bring libcurl and what it needs into a container that has no other use for it.
struct ReadinessProbe {
  /// Completes the sentence "… is not ready: …".
  struct Failure: Error {
    let description: String
  }

  let host: String
  let port: Int

  private static let timeoutSeconds = 2
  private static let statusLineBytes = 12

  /// The status of the answer to `GET path`.
  func status(of path: String) throws(Failure) -> Int {
    let descriptor = try connected()
    defer { close(descriptor) }
    let request = Array("GET \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\nConnection: close\r\n\r\n".utf8)
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { throw Self.failure("it takes no request") }
    var answer: [UInt8] = []
    var byte: UInt8 = 0
    while answer.count < Self.statusLineBytes {
      guard recv(descriptor, &byte, 1, 0) == 1 else { throw Self.failure("it gives no answer") }
      answer.append(byte)
    }
    let line = String(decoding: answer, as: UTF8.self)
    guard line.hasPrefix("HTTP/1."), let status = Int(line.suffix(3)) else { throw Failure(description: "what it answers is not HTTP") }
    return status
  }

  /// A connected socket whose reads and writes give up after ``timeoutSeconds``.
  private func connected() throws(Failure) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else {
      throw Failure(description: "the host \(host) is unknown")
    }
    defer { freeaddrinfo(first) }
    var next: UnsafeMutablePointer<addrinfo>? = first
    while let address = next?.pointee {
      let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
      if descriptor >= 0 {
        var time = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
          _ = setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
        if connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return descriptor }
        close(descriptor)
      }
      next = address.ai_next
    }
    throw Self.failure("nothing answers there")
  }

  private static func failure(_ what: String) -> Failure { Failure(description: "\(what) (\(String(cString: strerror(errno))))") }
}
