import Foundation
import TestSupport

/// The built `hpm`, which lies beside the program that runs the tests.
enum Program {
  static let folder: URL = {
    let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: path ?? CommandLine.arguments[0]).deletingLastPathComponent()
  }()

  static let path = folder.appendingPathComponent("hpm").path

  /// Runs `hpm` with `arguments` to its end.
  static func run(_ arguments: [String], input: [UInt8] = [], in folder: URL? = nil) async throws -> Outcome {
    try await Outcome(of: [path] + arguments, input: input, in: folder)
  }
}

/// How a process ended and what it wrote.
struct Outcome: Sendable {
  /// The exit status; 128 and the signal's number where a signal ended it, 137 where its time was up.
  let status: Int32
  let output: [UInt8]
  let errors: String

  var text: String { String(decoding: output, as: UTF8.self) }

  /// What was printed, as JSON of the service.
  func json<Value: Decodable>(_ type: Value.Type) throws -> Value { try ServiceJSON.decode(type, output) }
}

extension Outcome {
  /// Runs a command to its end.
  init(of command: [String], input: [UInt8] = [], in folder: URL? = nil) async throws {
    self = try await withBlockingThread { try ChildProcess(command, input: input, in: folder).outcome() }
  }
}
