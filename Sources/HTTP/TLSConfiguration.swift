/// The files a server proves itself with; they are looked at again while it runs.
package struct TLSConfiguration: Sendable {
  /// The path of the PEM certificate chain, the server's own first.
  package let certificate: String
  /// The path of the certificate's PEM private key.
  package let key: String
  /// Told when the files had changed: `nil` where the new ones are in use, else why the old ones go on. Called on the listener's queue.
  package let onReload: @Sendable (ServerError?) -> Void

  package init(certificate: String, key: String, onReload: @escaping @Sendable (ServerError?) -> Void = { _ in }) {
    self.certificate = certificate
    self.key = key
    self.onReload = onReload
  }

  /// Reads the files once, as a server does when it starts.
  ///
  /// - Throws: ``ServerError/certificate(_:key:reason:)``.
  package func check() throws(ServerError) { _ = try TLSContext(self) }
}
