import COpenSSL

/// One connection's TLS: ciphertext in and plain bytes out, and the reverse. It does no input or output; its two ends are memory.
///
/// `@unchecked`: a connection touches it on its own queue alone.
final class TLSSession: @unchecked Sendable {
  enum Input {
    case open
    /// The client has said that it sends no more.
    case ended
    /// What came is no TLS, or none that both sides speak; the alert that says so waits in ``takeOutput()``.
    case failed
  }

  /// The first octet of a handshake record (RFC 8446 §5.1).
  private static let handshakeRecord: UInt8 = 22
  /// A record's plain bytes at most (RFC 8446 §5.1). OpenSSL's memory keeps the size of the largest piece it was given, so no piece is larger.
  private static let recordBytes = 16 * 1024

  private let session: OpaquePointer
  private let incoming: OpaquePointer
  private let outgoing: OpaquePointer
  private(set) var hasBegun = false
  /// Whether bytes can still be exchanged.
  private(set) var isUsable = true

  init(_ context: OpaquePointer) {
    guard let session = SSL_new(context), let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else {
      preconditionFailure("libssl has no memory for a session")
    }
    SSL_set_bio(session, incoming, outgoing)
    SSL_set_accept_state(session)
    (self.session, self.incoming, self.outgoing) = (session, incoming, outgoing)
  }

  deinit { SSL_free(session) }

  /// Whether a client's first bytes can be TLS at all.
  static func isRecord(_ bytes: [UInt8]) -> Bool { bytes.first == handshakeRecord }

  /// Whether the handshake is complete.
  var isEstablished: Bool { SSL_is_init_finished(session) == 1 }

  /// Takes ciphertext, and gives the plain bytes that it completes.
  func open(_ ciphertext: [UInt8]) -> (plain: [UInt8], input: Input) {
    hasBegun = true
    var plain: [UInt8] = []
    for start in stride(from: 0, to: ciphertext.count, by: Self.recordBytes) {
      ciphertext[start...].prefix(Self.recordBytes).withUnsafeBytes { piece in
        _ = BIO_write(incoming, piece.baseAddress, Int32(piece.count))
      }
      let input = read(into: &plain)
      if input != .open { return (plain, input) }
    }
    return (plain, .open)
  }

  private func read(into plain: inout [UInt8]) -> Input {
    while true {
      ERR_clear_error()
      let count = withUnsafeTemporaryAllocation(byteCount: Self.recordBytes, alignment: 16) { buffer in
        let count = SSL_read(session, buffer.baseAddress, Int32(buffer.count))
        if count > 0 { plain += buffer[..<Int(count)] }
        return count
      }
      guard count <= 0 else { continue }
      switch SSL_get_error(session, count) {
      case SSL_ERROR_WANT_READ: return .open
      case SSL_ERROR_ZERO_RETURN: return .ended
      default:
        isUsable = false
        return .failed
      }
    }
  }

  /// The ciphertext of some bytes, with what waited before it; nothing once the session has failed.
  func seal(_ bytes: [UInt8]) -> [UInt8] {
    guard isUsable else { return [] }
    var ciphertext: [UInt8] = []
    ciphertext.reserveCapacity(bytes.count + bytes.count / 64)
    for start in stride(from: 0, to: bytes.count, by: Self.recordBytes) {
      ERR_clear_error()
      let status = bytes[start...].prefix(Self.recordBytes).withUnsafeBytes { piece in
        SSL_write(session, piece.baseAddress, Int32(piece.count))
      }
      guard status > 0 else {
        isUsable = false
        break
      }
      ciphertext += takeOutput()
    }
    return ciphertext
  }

  /// The client is told that nothing more comes (`close_notify`), so that it can tell an end from a cut.
  func farewell() -> [UInt8] {
    guard isUsable, isEstablished else { return [] }
    ERR_clear_error()
    _ = SSL_shutdown(session)
    return takeOutput()
  }

  /// Ciphertext that has to go to the client: the handshake's, alerts, new keys.
  func takeOutput() -> [UInt8] {
    let count = BIO_ctrl_pending(outgoing)
    guard count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
      initialised = max(0, Int(BIO_read(outgoing, buffer.baseAddress, Int32(clamping: count))))
    }
  }
}
