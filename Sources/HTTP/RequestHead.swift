import HTTPTypes

/// A request's head after all its checks, with what the connection must know of it.
struct RequestHead: Equatable {
  enum Version: Equatable {
    case http10
    case http11
  }

  enum Framing: Equatable {
    case none
    case counted(Int)
    case chunked
  }

  /// What the client asks of the connection after the response.
  enum Persistence: Equatable {
    case keep
    case close
  }

  enum Expectation: Equatable {
    case none
    case continue100
  }

  var request: HTTPRequest
  var version: Version
  var framing: Framing
  var persistence: Persistence
  var expectation: Expectation
}
