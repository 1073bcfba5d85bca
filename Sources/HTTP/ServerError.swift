/// Why a server did not start.
package enum ServerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The host is no address of this machine that can be looked up.
  case unknownHost(String, reason: String)
  /// A system call failed.
  case system(call: String, host: String, port: Int, reason: String)
  /// The certificate and its key cannot be used.
  case certificate(String, key: String, reason: String)
  /// `start()` was called twice.
  case alreadyStarted

  package var description: String {
    switch self {
    case .unknownHost(let host, let reason):
      "the host \(host) could not be looked up: \(reason); give an address of this machine, such as 127.0.0.1"
    case .system(let call, let host, let port, let reason):
      "listening on \(host) port \(port) failed in \(call): \(reason); choose another port, or 0 for any free one"
    case .certificate(let certificate, let key, let reason):
      "the certificate \(certificate) with the key \(key) cannot be used: \(reason); give PEM files, the server's own certificate first "
        + "in its chain, the key not encrypted (--tls-certificate, --tls-key)"
    case .alreadyStarted: "the server has been started before; make a new one"
    }
  }
}
