import ArgumentParser
import Dispatch
import Foundation
import Kernels
import Logging
import Service

/// `hpm serve`: the HTTP service.
///
/// Its options are those of ``ConfigurationOption``: each is a flag here, an environment variable and a key of the configuration file.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Answer predicted losses and masks over HTTP.",
    discussion: ConfigurationOption.all.map { "\($0.flag) \($0.allowed): \($0.meaning)" }.joined(separator: "\n")
      + "\nEach is also an environment variable (HPM_PORT) and a key of --config; flag, environment, file, default, in this order.")

  @Option(help: "A JSON file of options.")
  var config: String?

  @Flag(help: "Check the configuration and the models, then exit.")
  var check = false

  @Flag(help: "Print the configuration that would be used, then exit.")
  var printConfig = false

  @Argument(parsing: .allUnrecognized, help: .hidden)
  var options: [String] = []

  func run() async throws {
    let (configuration, reading) = try resolved()
    if printConfig { return print(configuration.printed()) }
    let (library, page) = try models(configuration, reading)
    var logger = Logger(label: "hpm")
    logger.logLevel = Logger.Level(rawValue: configuration.logLevel.rawValue) ?? .info
    let application = Application(configuration, library: library, page: page, logger: logger)
    if check { return try await report(application) }
    let stop = StopSignals()
    let port = try application.start()
    FileHandle.standardError.write(Data("hpm serves on http://\(configuration.host):\(port)\n".utf8))
    await stop.first()
    await application.drain()
  }

  /// Flags as the option table knows them, by name.
  private func resolved() throws -> (configuration: ServiceConfiguration, reading: [String: String]) {
    let words = try OptionWords(
      options, flags: ConfigurationOption.all.map(\.flag) + ModelChoice.readingFlags, switches: [ModelChoice.nonFiniteSwitch])
    guard words.operands.isEmpty else { throw ValidationError("\(words.operands[0]) is not an option; hpm serve --help lists them.") }
    let flags = words.values.filter { name, _ in ConfigurationOption.all.contains { $0.name == name } }
    do {
      let file = try config.map { try [UInt8](Data(contentsOf: URL(fileURLWithPath: $0))) }
      let configuration = try ServiceConfiguration.resolved(
        flags: flags, environment: ProcessInfo.processInfo.environment, file: try file.map(ServiceConfiguration.fileValues) ?? [:])
      return (configuration, words.values)
    } catch { throw ValidationError("\(error)") }
  }

  private func models(_ configuration: ServiceConfiguration, _ reading: [String: String]) throws -> (ModelLibrary, page: String?) {
    let share = ShareDirectory.find(configuration, executable: ExecutableFile.path)
    let sources = try ModelChoice.sources(configuration, share: share, reading: reading)
    return (ModelLibrary(sources.sources, defaultModel: sources.standard), share.map(ShareDirectory.page(in:)))
  }

  /// Loads every model once and says how it went.
  private func report(_ application: Application) async throws {
    await application.library.load()
    for entry in application.library.entries {
      if case .failed(let reason) = entry.state { throw CommandFailure("model \(entry.name): \(reason)") }
      print("model \(entry.name) version \(entry.version): ready")
    }
  }
}

/// SIGTERM and SIGINT: the first asks to stop, the second stops at once.
private final class StopSignals: @unchecked Sendable {  // nothing changes after init; Dispatch sources may be held anywhere
  private let arrivals: AsyncStream<Void>
  private let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    arrivals = stream
    let registered = DispatchSemaphore(value: 0)
    sources = [SIGTERM, SIGINT].map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      let seen = SignalCount()
      source.setEventHandler {
        guard seen.next() == 1 else { exit(number == SIGTERM ? 143 : 130) }
        continuation.yield()
      }
      source.setRegistrationHandler { registered.signal() }
      source.resume()
      return source
    }
    // Until Dispatch has taken them over the signals end the process, as they do one that has not begun.
    for _ in sources { registered.wait() }
  }

  /// Returns when the first signal comes.
  func first() async {
    for await _ in arrivals { return }
  }
}

/// How often a signal came; only its own queue's handler counts.
private final class SignalCount: @unchecked Sendable {  // a dispatch source runs one handler at a time
  private var count = 0

  func next() -> Int {
    count += 1
    return count
  }
}
