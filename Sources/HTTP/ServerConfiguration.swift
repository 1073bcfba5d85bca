package import HTTPTypes

/// How large a request may be. Each limit is checked before memory is set aside for what it limits.
package struct HTTPLimits: Sendable, Hashable {
  /// Octets of a request line without its CRLF; more is 414. RFC 9112 §3 asks for at least 8000.
  package var requestLineBytes = 8192
  /// Octets of all header fields (and of all trailer fields) with their line ends; more is 431.
  package var headerBytes = 32 * 1024
  /// Header fields (and trailer fields); more is 431.
  package var headerFields = 100
  /// Octets of a body; more is 413.
  package var maximumRequestBytes = 256 * 1024 * 1024
  /// Octets of all chunk extensions of one body; more is 400.
  package var chunkExtensionBytes = 64 * 1024
  /// Chunks of one body that need not be earned; beyond them a chunk must bring ``bytesPerFurtherChunk`` on average; else 400.
  package var chunks = 65_536
  /// The average size asked of the chunks of a body with more than ``chunks``.
  package var bytesPerFurtherChunk = 1024
  /// Empty lines accepted before a request line (RFC 9112 §2.2).
  package var leadingEmptyLines = 4
  /// Octets of a body that wait for a handler before the socket is read no further; a chunk may exceed it once.
  package var bufferedBodyBytes = 256 * 1024
  /// Octets of further requests that wait for their turn before the socket is read no further.
  package var bufferedPipelineBytes = 64 * 1024
  /// Octets of a response that wait for the client before a stream is asked for more.
  package var bufferedResponseBytes = 256 * 1024
  /// Octets of an unread body that are skipped to keep the connection; a longer rest closes it.
  package var skippedBodyBytes = 64 * 1024
  /// Octets thrown away after an early answer so that the client reads it instead of a reset.
  package var lingeringBytes = 64 * 1024 * 1024

  package init() {}
}

/// How long a client may take.
package struct HTTPTimeouts: Sendable, Hashable {
  /// From the connection to the end of the TLS handshake.
  package var handshake: Duration = .seconds(10)
  /// From a request's first byte to the end of its head.
  package var header: Duration = .seconds(10)
  /// Between two arrivals of a body's bytes while the server is reading.
  package var body: Duration = .seconds(30)
  /// Octets a second that a body must bring on average, once ``bodyGrace`` is over; the time the server does not read is not counted. 0 asks for none.
  package var minimumBodyRate = 240
  /// See ``minimumBodyRate``.
  package var bodyGrace: Duration = .seconds(10)
  /// A kept connection without a request; longer than the idle time-out of usual proxies (60 s).
  package var idle: Duration = .seconds(65)
  /// From the end of a client's input to the question whether it still waits for its answer, and between the looks at what became of it.
  package var halfClose: Duration = .seconds(1)
  /// Between two acceptances of a response's bytes.
  package var write: Duration = .seconds(30)
  /// Reading on after the last response, so that the client sees it.
  package var lingering: Duration = .seconds(5)
  /// How often the deadlines are looked at; they are exact to this.
  package var resolution: Duration = .milliseconds(250)

  package init() {}
}

/// What the end of a client's input means while its request is being answered (a close and a half-close look the same).
package enum HalfClosePolicy: Sendable, Equatable {
  /// The client still reads: answer.
  case answer
  /// The client has gone: cancel the handler.
  case cancel
  /// Ask it after ``HTTPTimeouts/halfClose``, by an interim response (RFC 9110 §15.2.1): who still reads skips that, the system of who has gone
  /// answers it with a reset, and the handler is cancelled. HTTP/1.0 knows no interim responses; there it is ``answer``.
  case ask
}

/// Where and how a ``Server`` listens.
package struct ServerConfiguration: Sendable {
  /// A name or address of this machine.
  package var host = "127.0.0.1"
  /// 0 takes any free port.
  package var port = 0
  package var limits = HTTPLimits()
  package var timeouts = HTTPTimeouts()
  /// The certificate to speak TLS with; `nil` speaks plain HTTP.
  package var tls: TLSConfiguration?
  /// Open connections, as far as the process may have descriptors; further clients wait in the system's queue.
  package var maximumConnections = 10_000
  /// Clients that the system may keep waiting.
  package var backlog = 512
  package var halfClose: HalfClosePolicy = .ask
  package var compression = HTTPCompression()
  /// The body limit of one request where it differs from ``HTTPLimits/maximumRequestBytes``; `nil` keeps that.
  package var bodyLimit: (@Sendable (HTTPRequest) -> Int?)?

  package init() {}

  /// Bytes that the request's body may have, as sent and as decoded.
  func bodyLimit(of request: HTTPRequest) -> Int { bodyLimit?(request) ?? limits.maximumRequestBytes }
}
