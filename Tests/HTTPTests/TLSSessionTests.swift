import COpenSSL
import Tensors
import Testing

@testable import HTTP

/// The session by itself, without a socket.
@Suite struct TLSSessionTests {
  private let files: TestCertificate
  private let context: TLSContext

  init() throws {
    files = try TestCertificate()
    context = try TLSContext(TLSConfiguration(certificate: files.certificate, key: files.key))
  }

  /// The first flight of a client of today.
  private static func clientHello() -> [UInt8] {
    let context = SSL_CTX_new(TLS_client_method())
    let session = SSL_new(context)
    let outgoing = BIO_new(BIO_s_mem())
    SSL_set_bio(session, BIO_new(BIO_s_mem()), outgoing)
    SSL_connect(session)
    var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(outgoing))
    BIO_read(outgoing, &bytes, Int32(bytes.count))
    SSL_free(session)
    SSL_CTX_free(context)
    return bytes
  }

  @Test func `a hello is answered, wherever it is cut`() {
    let hello = Self.clientHello()
    for cut in stride(from: 1, to: hello.count, by: 7) {
      let session = context.session()
      #expect(session.open(Array(hello[..<cut])).input == .open)
      #expect(session.open(Array(hello[cut...])).input == .open)
      #expect(!session.takeOutput().isEmpty && !session.isEstablished)
    }
  }

  @Test func `two thousand mutated hellos are answered or refused, and give no plain bytes`() {
    let hello = Self.clientHello()
    var random = SplitMix64(seed: 13)
    var refused = 0
    for _ in 0..<2000 {
      var bytes = hello
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let session = context.session()
      let (plain, input) = session.open(bytes)
      #expect(plain.isEmpty && session.isUsable == (input != .failed))
      if input == .failed { refused += 1 }
      #expect(session.seal([1, 2, 3]).isEmpty && session.farewell().isEmpty)
    }
    #expect(refused > 0)
  }
}
