import Glibc

/// A non-blocking stream socket: the system calls, and what their failures mean.
struct Socket {
  enum Reading {
    case bytes([UInt8])
    case end
    case wouldBlock
    case failed
  }

  enum Writing {
    case wrote(Int)
    case wouldBlock
    case failed
  }

  enum Accepting {
    case client(Socket, peer: String)
    /// Nobody waits.
    case none
    /// This client is gone; try the next.
    case lost
    /// No descriptor or memory is left; try later.
    case exhausted

    /// What the failure of `accept` means; on Linux it also passes on what has befallen the client that waited (accept(2)).
    init(failure code: Int32) {
      switch code {
      case EAGAIN, EBADF, EINVAL, ENOTSOCK: self = .none
      case EINTR, ECONNABORTED, EPERM, EPROTO, ENOPROTOOPT, EOPNOTSUPP, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET: self = .lost
      default: self = .exhausted
      }
    }
  }

  private static let addressText = 64

  let descriptor: Int32

  func close() { _ = Glibc.close(descriptor) }

  /// Whether the peer's system has reset the connection.
  var hasFailed: Bool {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) != 0 || code != 0
  }

  func shutdownWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  func read(atMost count: Int) -> Reading {
    withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { buffer in
      while true {
        let received = recv(descriptor, buffer.baseAddress, count, 0)
        if received > 0 { return .bytes(Array(buffer[..<received])) }
        if received == 0 { return .end }
        switch errno {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        default: return .failed
        }
      }
    }
  }

  /// Writes from `offset` on; never raises `SIGPIPE`.
  func write(_ bytes: [UInt8], from offset: Int) -> Writing {
    bytes.withUnsafeBytes { buffer in
      while true {
        let sent = send(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset, Int32(MSG_NOSIGNAL))
        if sent >= 0 { return .wrote(sent) }
        switch errno {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        default: return .failed
        }
      }
    }
  }

  func accept() -> Accepting {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let client = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.accept(descriptor, $0, &length) }
    }
    guard client >= 0 else { return Accepting(failure: errno) }
    // accept4 is behind a macro that Swift's module of the C library does not set.
    _ = fcntl(client, F_SETFD, FD_CLOEXEC)
    _ = fcntl(client, F_SETFL, O_NONBLOCK)
    Self.enable(Int32(TCP_NODELAY), level: Int32(IPPROTO_TCP), on: client)
    return .client(Socket(descriptor: client), peer: Self.text(of: &address, length: length))
  }

  /// A socket that listens at the host's first usable address, and its port.
  static func listening(host: String, port: Int, backlog: Int32) throws(ServerError) -> (socket: Socket, port: Int) {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    guard let service = UInt16(exactly: port) else {
      throw .system(call: "bind", host: host, port: port, reason: "a port is a number from 0 to 65535")
    }
    let status = getaddrinfo(host, String(service), &hints, &list)
    guard status == 0, let first = list else { throw .unknownHost(host, reason: String(cString: gai_strerror(status))) }
    defer { freeaddrinfo(list) }
    var failure = ServerError.unknownHost(host, reason: "it has no address")
    for address in sequence(first: first, next: { $0.pointee.ai_next }) {
      do throws(ServerError) {
        return try listening(at: address.pointee, host: host, port: port, backlog: backlog)
      } catch { failure = error }
    }
    throw failure
  }

  private static func listening(
    at address: addrinfo, host: String, port: Int, backlog: Int32
  ) throws(ServerError) -> (socket: Socket, port: Int) {
    func failed(_ call: String, _ code: Int32 = errno) -> ServerError {
      .system(call: call, host: host, port: port, reason: String(cString: strerror(code)))
    }
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(address.ai_family, type, 0)
    guard descriptor >= 0 else { throw failed("socket") }
    enable(SO_REUSEADDR, level: SOL_SOCKET, on: descriptor)
    guard bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 else {
      let error = failed("bind")
      _ = Glibc.close(descriptor)
      throw error
    }
    guard listen(descriptor, backlog) == 0, let bound = boundPort(descriptor) else {
      let error = failed("listen")
      _ = Glibc.close(descriptor)
      throw error
    }
    return (Socket(descriptor: descriptor), bound)
  }

  private static func enable(_ option: Int32, level: Int32, on descriptor: Int32) {
    var on: Int32 = 1
    _ = setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  private static func boundPort(_ descriptor: Int32) -> Int? {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard status == 0 else { return nil }
    return text(of: &address, length: length).split(separator: ":").last.flatMap { Int($0) }
  }

  /// `127.0.0.1:80` or `[::1]:80`.
  private static func text(of address: inout sockaddr_storage, length: socklen_t) -> String {
    var host = [CChar](repeating: 0, count: addressText)
    var service = [CChar](repeating: 0, count: addressText)
    let isSix = address.ss_family == sa_family_t(AF_INET6)
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getnameinfo(
          $0, length, &host, socklen_t(addressText), &service, socklen_t(addressText), NI_NUMERICHOST | NI_NUMERICSERV)
      }
    }
    guard status == 0 else { return "unknown:0" }
    let name = string(host)
    return isSix ? "[\(name)]:\(string(service))" : "\(name):\(string(service))"
  }

  private static func string(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
