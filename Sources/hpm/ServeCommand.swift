import ArgumentParser
import Dispatch
import Foundation
import Jobs
import Kernels
import Logging
import Service

/// `hpm serve`: the HTTP service.
///
/// Its options are those of ``ConfigurationOption``: each is a flag here, an environment variable and a key of the configuration file.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Answer predicted losses and masks over HTTP.",
    discussion: ConfigurationOption.documentation()
      + """
      Each is also an environment variable (HPM_PORT) and a key of --config; flag, environment, file, default, in this order. \
      --weights, --heads, --decoder-heads and --allow-non-finite say how checkpoints are read, as in hpm predict --help.
      """)

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
    let metrics = ServiceMetrics()
    let (library, store, page) = try models(configuration, reading, metrics)
    let form = Self.logForm(configuration.logFormat)
    var logger = Logger(label: "hpm") { _ in ServiceLogHandler(form) }
    logger.logLevel = Logger.Level(rawValue: configuration.logLevel.rawValue) ?? .info
    let keys = try configuration.keys.map { path in try KeyRing(KeyFile(path), logger: logger) }
    let jobs =
      try check
      ? nil
      : JobsAtHome.open(
        configuration, library: library, home: Self.homeChoice(configuration), logger: logger)
    let application = Application(
      configuration, library: library, store: store, keys: keys, metrics: metrics, jobs: jobs, page: page, logger: logger)
    if check { return try await report(application) }
    if let store { Self.clean(store, jobs, configuration) }
    let stop = StopSignals()
    try await jobs?.supervisor.start()
    let port = try application.start()
    if form == .text { StandardError.say("hpm serves on \(configuration.scheme)://\(configuration.host):\(port)") }
    await stop.first()
    await application.drain()
  }

  /// The home is this server's alone while it has its jobs there; elsewhere what another may still receive stays, which its time-out bounds.
  private static func clean(_ store: ModelStore, _ jobs: JobDesk?, _ configuration: ServiceConfiguration) {
    let isAlone = jobs.map { store.lies(in: $0.supervisor.home.path) } ?? false
    store.removePartialFiles(olderThan: isAlone ? 0 : configuration.modelTimeout)
  }

  private static func homeChoice(_ configuration: ServiceConfiguration) -> JobsAtHome.HomeChoice {
    configuration.home == ServiceConfiguration.defaultHome(ProcessInfo.processInfo.environment) ? .standard : .named
  }

  private static func logForm(_ format: ServiceConfiguration.LogFormat) -> ServiceLogHandler.Form {
    switch format {
    case .text: .text
    case .json: .json
    case .automatic: StandardErrorOutput.isTerminal ? .text : .json
    }
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

  private func models(
    _ configuration: ServiceConfiguration, _ reading: [String: String], _ metrics: ServiceMetrics
  ) throws -> (ModelLibrary, ModelStore?, page: String?) {
    let share = ShareDirectory.find(configuration, executable: ExecutableFile.path)
    let choice = try ModelChoice(configuration, share: share, reading: reading)
    let library = ModelLibrary(
      choice.sources, defaultModel: choice.standard, queueLimits: configuration.queueLimits, metrics: metrics)
    return (library, choice.store, share.map(ShareDirectory.page(in:)))
  }

  /// Loads every model once and says how it went.
  private func report(_ application: Application) async throws {
    try application.checkCertificate()
    await application.library.load()
    for entry in application.library.entries {
      switch entry.state {
      case .failed(let reason): throw CommandFailure("model \(entry.name): \(reason)")
      case .ready: print("model \(entry.name) version \(entry.version): ready")
      case .loading, .unloaded: break
      }
    }
  }
}

/// SIGTERM and SIGINT: the first asks to stop, the second, whichever it is, stops at once.
private final class StopSignals: @unchecked Sendable {  // nothing changes after init; Dispatch sources may be held anywhere
  private let arrivals: AsyncStream<Void>
  private let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    arrivals = stream
    let registered = DispatchSemaphore(value: 0)
    let seen = SignalCount()
    let queue = DispatchQueue(label: "hpm.signals")
    sources = [SIGTERM, SIGINT].map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        guard seen.next() == 1 else { _exit(number == SIGTERM ? 143 : 130) }
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

/// How many signals came; touched on the queue of ``StopSignals`` alone.
private final class SignalCount: @unchecked Sendable {
  private var count = 0

  func next() -> Int {
    count += 1
    return count
  }
}
