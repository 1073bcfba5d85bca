import COpenSSL
import Glibc
import TestSupport

/// A blocking TLS client over a loopback socket, with OpenSSL's own reading and writing of it.
///
/// `@unchecked`: a test uses it from one thread at a time.
final class TLSClient: @unchecked Sendable {
  /// What the client offers.
  struct Offer {
    /// What the server's certificate must be signed by; `nil` believes everything.
    var trusted: String?
    var lowest = TLS1_2_VERSION
    var highest = TLS1_3_VERSION
    /// Protocols for ALPN, each after its length; empty offers none.
    var protocols = "\u{8}http/1.1"
    /// Ciphers of TLS 1.2.
    var ciphers: String?
  }

  let socket: LoopbackClient
  private let context: OpaquePointer
  private let session: OpaquePointer

  /// - Throws: where the handshake fails.
  init(port: Int, _ offer: Offer = Offer()) throws {
    socket = try LoopbackClient(port: port)
    guard let context = SSL_CTX_new(TLS_client_method()) else { throw LoopbackClient.Failure("no TLS context") }
    hpm_tls_set_lowest_version(context, offer.lowest)
    hpm_tls_set_highest_version(context, offer.highest)
    if let ciphers = offer.ciphers { SSL_CTX_set_cipher_list(context, ciphers) }
    if !offer.protocols.isEmpty { SSL_CTX_set_alpn_protos(context, Array(offer.protocols.utf8), UInt32(offer.protocols.utf8.count)) }
    if let trusted = offer.trusted {
      SSL_CTX_load_verify_locations(context, trusted, nil)
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    }
    self.context = context
    session = SSL_new(context)
    SSL_set1_host(session, "localhost")
    SSL_set_fd(session, socket.descriptor)
    guard Self.withoutSignal({ [session] in SSL_connect(session) }) == 1 else { throw Self.failure("handshake") }
  }

  deinit {
    SSL_free(session)
    SSL_CTX_free(context)
  }

  /// OpenSSL writes with `write`, which raises `SIGPIPE` on a connection that the server has closed. It is held back on this thread alone:
  /// ignored in the whole process, one that the server raises would go unseen.
  private static func withoutSignal(_ call: () -> Int32) -> Int32 {
    var pipe = sigset_t()
    var before = sigset_t()
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipe, &before)
    let result = call()
    var atOnce = timespec()
    sigtimedwait(&pipe, nil, &atOnce)
    pthread_sigmask(SIG_SETMASK, &before, nil)
    return result
  }

  private static func failure(_ call: String) -> LoopbackClient.Failure {
    let reason = ERR_reason_error_string(ERR_get_error()).map { String(cString: $0) } ?? "the connection ended"
    ERR_clear_error()
    return LoopbackClient.Failure("\(call): \(reason)")
  }

  var version: String { String(cString: SSL_get_version(session)) }

  var cipher: String { SSL_CIPHER_get_name(SSL_get_current_cipher(session)).map { String(cString: $0) } ?? "" }

  /// What ALPN chose.
  var chosenProtocol: String {
    var bytes: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(session, &bytes, &count)
    return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
  }

  /// The serial number of the server's certificate.
  var serial: Int { ASN1_INTEGER_get(X509_get_serialNumber(SSL_get0_peer_certificate(session))) }

  func send(_ text: String) throws {
    let bytes = Array(text.utf8)
    guard Self.withoutSignal({ SSL_write(session, bytes, Int32(bytes.count)) }) == bytes.count else { throw Self.failure("write") }
  }

  /// Some bytes, or none after the server's `close_notify`.
  func read() throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 64 * 1024)
    ERR_clear_error()
    let count = Self.withoutSignal { SSL_read(session, &bytes, Int32(bytes.count)) }
    if count > 0 { return Array(bytes[..<Int(count)]) }
    guard SSL_get_error(session, count) == SSL_ERROR_ZERO_RETURN else { throw Self.failure("read") }
    return []
  }

  /// Bytes until there are this many, or the server has ended.
  func read(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let more = try read()
      guard !more.isEmpty else { break }
      bytes += more
    }
    return bytes
  }

  /// The head of a response and what came with it.
  func exchange(_ request: String) throws -> String {
    try send(request)
    return String(decoding: try read(), as: UTF8.self)
  }

  /// Says `close_notify`, and goes on reading.
  func shutdownWriting() { _ = Self.withoutSignal { SSL_shutdown(session) } }
}
