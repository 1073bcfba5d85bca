import HTTP

extension ConfigurationOption {
  /// The options of the HTTP room: TLS, limits with the status of what is over them, time-outs, compression.
  static let transport: [ConfigurationOption] = security + limits + buffers + timeouts + compression

  private static let security: [ConfigurationOption] = [
    optionalText("tls-certificate", "A PEM certificate chain to speak TLS with; read again when it changes.", \.tlsCertificate),
    optionalText("tls-key", "The PEM key of --tls-certificate; read again when it changes.", \.tlsKey),
    seconds(
      "handshake-timeout", "Seconds from the connection to the end of the handshake; then it is closed.", patience, \.timeouts.handshake),
  ]

  private static let limits: [ConfigurationOption] = [
    integer("max-connections", "Open connections; further clients wait until one closes.", 1...1_000_000, \.maximumConnections),
    integer(
      "max-waiting-clients", "Clients that the system keeps waiting for a connection; further ones are refused by it.", count, \.backlog),
    integer("max-request-line-bytes", "Bytes of a request line; more is 414.", 64...(1 << 20), \.limits.requestLineBytes),
    integer("max-header-bytes", "Bytes of a request's header fields, and of its trailer fields; more is 431.", count, \.limits.headerBytes),
    integer("max-header-fields", "Header fields of a request, and trailer fields; more is 431.", 1...10_000, \.limits.headerFields),
    integer("max-empty-lines", "Empty lines before a request; more is 400.", 0...1000, \.limits.leadingEmptyLines),
    integer("max-chunk-extension-bytes", "Bytes of all chunk extensions of a body; more is 400.", count, \.limits.chunkExtensionBytes),
    integer("max-chunks", "Chunks of a body, beyond which they must not be tiny; else 400.", count, \.limits.chunks),
    integer(
      "min-chunk-bytes", "Average bytes of the chunks of a body that has more than --max-chunks.", count, \.limits.bytesPerFurtherChunk),
  ]

  private static let buffers: [ConfigurationOption] = [
    integer(
      "buffered-body-bytes", "Bytes of a body that wait for who reads it before the client has to.", size, \.limits.bufferedBodyBytes),
    integer("buffered-request-bytes", "Bytes of further requests that wait for their turn.", size, \.limits.bufferedPipelineBytes),
    integer("buffered-response-bytes", "Bytes of an answer that wait for the client.", size, \.limits.bufferedResponseBytes),
    integer(
      "skipped-body-bytes", "Bytes of an unread body that are skipped to keep the connection.", 0...(1 << 40), \.limits.skippedBodyBytes),
    integer("lingering-bytes", "Bytes thrown away after a refusal, so that the client reads it.", 0...(1 << 40), \.limits.lingeringBytes),
  ]

  private static let timeouts: [ConfigurationOption] = [
    seconds("header-timeout", "Seconds for a request's head; then 408.", patience, \.timeouts.header),
    seconds("body-timeout", "Seconds without a byte of a body that is waited for; then 408.", patience, \.timeouts.body),
    integer(
      "min-body-rate", "Bytes a second that a body brings on average; less is 408, 0 takes any.", 0...1_000_000_000,
      \.timeouts.minimumBodyRate),
    seconds("body-grace", "Seconds before --min-body-rate counts.", patience, \.timeouts.bodyGrace),
    seconds("idle-timeout", "Seconds for which a connection is kept without a request.", patience, \.timeouts.idle),
    seconds(
      "half-close-timeout", "Seconds until a client that has ended its side is asked if it still waits.", patience, \.timeouts.halfClose),
    seconds("write-timeout", "Seconds in which a client takes nothing of its answer; then it is cut.", patience, \.timeouts.write),
    seconds("lingering-timeout", "Seconds of reading on after a refusal, so that the client reads it.", patience, \.timeouts.lingering),
  ]

  private static let compression: [ConfigurationOption] = [
    integer("gzip-level", "How hard text is compressed for who takes gzip: 1 fast, 9 small, 0 not at all.", 0...9, \.compression.level),
    integer("gzip-min-bytes", "Bytes of text below which it is not compressed.", 0...(1 << 30), \.compression.minimumBytes),
  ]

  private static let patience = 0.001...86_400.0
  private static let count = 1...(1 << 24)
  private static let size = 1024...(1 << 30)

  private static func seconds(
    _ name: String, _ meaning: String, _ range: ClosedRange<Double>, _ field: any Field<Duration>
  ) -> Self {
    Self(name: name, meaning: meaning, allowed: "seconds, \(range.lowerBound) to \(range.upperBound)") { text, configuration in
      guard let value = Numeral.decimal(text, in: range) else { return false }
      configuration[keyPath: field] = .seconds(value)
      return true
    } show: {
      $0[keyPath: field] / .seconds(1)
    }
  }
}
