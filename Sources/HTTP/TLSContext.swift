import COpenSSL

/// A certificate with its key, ready for handshakes: TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers alone, ALPN `http/1.1`.
///
/// `@unchecked`: OpenSSL counts a context's references atomically, and nothing changes one after `init`.
final class TLSContext: @unchecked Sendable {
  /// Of TLS 1.2 (RFC 9325 §4.2); those of TLS 1.3 are all of this kind.
  private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"
  /// `http/1.1` with its length before it (RFC 7301 §3.1).
  private static let protocols = [UInt8(8)] + Array("http/1.1".utf8)

  private let context: OpaquePointer

  /// - Throws: ``ServerError/certificate(_:key:reason:)`` where a file cannot be read or the two do not belong together.
  init(_ files: TLSConfiguration) throws(ServerError) {
    ERR_clear_error()
    guard let context = SSL_CTX_new(TLS_server_method()) else { preconditionFailure("libssl makes no context: \(Self.reason())") }
    hpm_tls_set_lowest_version(context, TLS1_2_VERSION)
    hpm_tls_forbid_renegotiation(context)
    hpm_tls_release_idle_buffers(context)
    hpm_tls_keep_no_sessions(context)
    precondition(SSL_CTX_set_cipher_list(context, Self.ciphers) == 1, "libssl knows none of the ciphers \(Self.ciphers)")
    SSL_CTX_set_alpn_select_cb(context, Self.selectProtocol, nil)
    // Without this, an encrypted key would be asked about on the terminal.
    SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in 0 }
    let isUsable =
      SSL_CTX_use_certificate_chain_file(context, files.certificate) == 1
      && SSL_CTX_use_PrivateKey_file(context, files.key, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(context) == 1
    guard isUsable else {
      let reason = Self.reason()
      SSL_CTX_free(context)
      throw .certificate(files.certificate, key: files.key, reason: reason)
    }
    self.context = context
  }

  deinit { SSL_CTX_free(context) }

  /// A client's session, before its handshake.
  func session() -> TLSSession { TLSSession(context) }

  /// What OpenSSL's first error says; the later ones repeat it less exactly.
  private static func reason() -> String {
    let code = ERR_get_error()
    defer { ERR_clear_error() }
    return ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code) of OpenSSL"
  }

  /// Refuses a client that offers other protocols only (RFC 7301 §3.2).
  private static let selectProtocol:
    @convention(c) (
      OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?, UInt32,
      UnsafeMutableRawPointer?
    ) -> Int32 = { _, selected, selectedLength, offered, offeredLength, _ in
      let ours = TLSContext.protocols
      var choice: UnsafeMutablePointer<UInt8>?
      // The choice points into the first list, so that is the client's, which outlives this call.
      let outcome = SSL_select_next_proto(&choice, selectedLength, offered, offeredLength, ours, UInt32(ours.count))
      guard outcome == OPENSSL_NPN_NEGOTIATED, let choice else { return SSL_TLSEXT_ERR_ALERT_FATAL }
      selected?.pointee = UnsafePointer(choice)
      return SSL_TLSEXT_ERR_OK
    }
}
