import FlyingFox
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// `FixedAnswer hummingbird|flyingfox PORT FILE`: answers `GET /mask` on loopback with the file's bytes as JSON.
@main
struct FixedAnswer {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let port = UInt16(arguments[2]) else {
      FileHandle.standardError.write(Data("FixedAnswer hummingbird|flyingfox PORT FILE\n".utf8))
      exit(2)
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: arguments[3]))
    switch arguments[1] {
    case "hummingbird": try await runHummingbird(port: Int(port), bytes)
    case "flyingfox": try await runFlyingFox(port: port, bytes)
    default: exit(2)
    }
  }

  private static func runHummingbird(port: Int, _ bytes: Data) async throws {
    let body = ByteBuffer(bytes: bytes)
    let router = Router()
    router.get("mask") { _, _ in
      Response(status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: body))
    }
    let application = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
    try await application.runService()
  }

  private static func runFlyingFox(port: UInt16, _ bytes: Data) async throws {
    let server = HTTPServer(address: try .inet(ip4: "127.0.0.1", port: port), logger: .disabled)
    await server.appendRoute("GET /mask") { _ in
      FlyingFox.HTTPResponse(statusCode: .ok, headers: [.contentType: "application/json"], body: bytes)
    }
    try await server.run()
  }
}
