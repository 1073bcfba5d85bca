import HTTP
import Logging

extension ServerConfiguration {
  /// Takes over what the service was told about TLS, limits, time-outs, compression and connections.
  mutating func adopt(_ configuration: ServiceConfiguration, logger: Logger) {
    tls = configuration.tls(logger)
    limits = configuration.limits
    timeouts = configuration.timeouts
    compression = configuration.compression
    maximumConnections = configuration.maximumConnections
    backlog = configuration.backlog
  }
}

extension ServiceConfiguration {
  /// How the service's address begins.
  package var scheme: String { tlsCertificate == nil ? "http" : "https" }

  /// The files to speak TLS with, and a line in the log whenever they have changed.
  func tls(_ logger: Logger) -> TLSConfiguration? {
    guard let tlsCertificate, let tlsKey else { return nil }
    return TLSConfiguration(certificate: tlsCertificate, key: tlsKey) { error in
      if let error {
        logger.error("certificate not renewed", metadata: ["reason": "\(error)"])
      } else {
        logger.info("certificate renewed", metadata: ["certificate": "\(tlsCertificate)"])
      }
    }
  }
}
