import ArgumentParser
import Foundation
import HTTP
import HTTPTypes
import Logging
import Service

/// The service's inference routes, asked in this process: a command line speaks the words of the query and gets the same answers.
struct InferenceSession {
  /// Options that choose and load the model.
  static let modelFlags = ["--model", "--models", "--share", "--threads", "--precision", "--max-image-pixels"] + ModelChoice.readingFlags
  static let modelSwitches: Set = [ModelChoice.nonFiniteSwitch]

  private let application: Application

  /// Loads the model that the options choose, or none: bare masks need none.
  init(_ values: [String: String], needsModel: Bool) async throws {
    let flags = values.filter { Self.modelFlags.contains("--" + $0.key) && !ModelChoice.readingFlags.contains("--" + $0.key) }
    var configuration: ServiceConfiguration
    do {
      configuration = try ServiceConfiguration.resolved(flags: flags, environment: [:], file: [:])
    } catch { throw ValidationError("\(error)") }
    configuration.imageStoreBytes = 0
    configuration.requestTimeout = Self.requestTimeout
    let share = ShareDirectory.find(configuration, executable: ExecutableFile.path)
    let choice = needsModel ? try ModelChoice(configuration, share: share, reading: values) : nil
    let library = ModelLibrary(choice?.sources ?? [], defaultModel: choice?.standard)
    application = Application(
      configuration, library: library, page: nil, logger: Logger(label: "hpm") { _ in SwiftLogNoOpLogHandler() })
    guard needsModel else { return }
    guard !library.entries.isEmpty else { throw CommandFailure("There is no model to ask; name a checkpoint with --model FILE.") }
    await library.load()
    if let entry = library.entries.first(where: \.isDefault), case .failed(let reason) = entry.state {
      throw CommandFailure("The model could not be loaded: \(reason)")
    }
  }

  /// A command line waits for its answer as long as it takes.
  private static let requestTimeout = 86_400.0

  /// What a route answers; its problem, in words, is thrown: as wrong usage where a parameter was at fault.
  func ask(
    _ method: HTTPRequest.Method, _ path: String, _ items: [(name: String, value: String)], body: [UInt8] = []
  ) async throws -> [UInt8] {
    let query = items.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
    let response = await application.respond(to: try Request(method, query.isEmpty ? path : "\(path)?\(query)", body: body))
    guard case .bytes(let bytes) = response.body else { return [] }
    guard response.head.status != .ok else { return bytes }
    let refusal = RefusedRequest(bytes, status: response.head.status.code)
    if refusal.isUsage { throw ValidationError(refusal.description) }
    throw refusal
  }

  private static func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.intersection(CharacterSet(charactersIn: "\0"..."\u{7F}"))) ?? ""
  }
}

/// A problem of the service, in words: wrong usage where a parameter was at fault, else a failure.
struct RefusedRequest: Error, CustomStringConvertible {
  let description: String
  let isUsage: Bool

  init(_ body: [UInt8], status: Int) {
    let members = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
    let detail = members?["detail"] as? String ?? "The request failed with status \(status)."
    let flag = (members?["parameter"] as? String).map { "--\($0.replacing("_", with: "-")): " }
    description = (flag ?? "") + detail
    isUsage = status == HTTPResponse.Status.badRequest.code && flag != nil
  }
}
