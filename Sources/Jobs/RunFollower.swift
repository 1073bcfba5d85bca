import Foundation

/// Reads what a worker writes into its run directory, each thing once, however often the worker is killed and resumed.
///
/// A resumed run removes the metrics of steps that it makes again and writes the same lines, so a line is known by its number.
struct RunFollower {
  private let folder: JobFolder
  private var metrics: GrowingFile
  private var log: GrowingFile
  private var checkpoints: Set<String>
  /// Lines of the metrics' file that were read.
  private var linesRead = 0
  private(set) var position: JobStore.Position
  private(set) var progress: JobProgress
  /// When, and at which step, this attempt was first seen to have done something.
  private var start: (at: Double, step: Int)?

  /// - Parameters:
  ///   - position: What followers were told before.
  ///   - checkpoints: The checkpoints they were told of.
  init(_ folder: JobFolder, progress: JobProgress, position: JobStore.Position, checkpoints: Set<String>) {
    self.folder = folder
    self.position = position
    self.progress = progress
    self.checkpoints = checkpoints
    metrics = GrowingFile(folder.metrics)
    log = GrowingFile(folder.log, from: position.logBytes)
  }

  /// What a line of metrics says that every kind of worker says.
  private struct Line: Decodable {
    let step: Int
    let epoch: Double
    let imagesPerSecond: Double?
  }

  /// What is new; empty where nothing is.
  mutating func news(at now: Double) -> [EventDraft] {
    var events = logNews() + metricsNews(at: now)
    for file in SmallFile.names(in: folder.checkpoints).sorted() where !file.hasPrefix(".") && !file.hasSuffix(".partial") {
      if checkpoints.insert(file).inserted { events.append(.checkpoint(file)) }
    }
    return events
  }

  private mutating func logNews() -> [EventDraft] {
    let lines = log.read().lines
    position.logBytes = log.position
    return lines.map { .log($0) }
  }

  private mutating func metricsNews(at now: Double) -> [EventDraft] {
    let (lines, isAnew) = metrics.read()
    if isAnew { linesRead = 0 }
    var events: [EventDraft] = []
    for line in lines {
      linesRead += 1
      guard linesRead > position.metricsLines, let read = Self.decoded(line) else { continue }
      position.metricsLines = linesRead
      take(read, line, at: now)
      events += [EventDraft(kind: .metrics, data: line), .progress(progress)]
    }
    return events
  }

  private static func decoded(_ line: String) -> Line? {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try? decoder.decode(Line.self, from: Data(line.utf8))
  }

  private mutating func take(_ read: Line, _ line: String, at now: Double) {
    progress.metrics = line
    progress.step = read.step
    progress.epoch = read.epoch
    // Lines of an evaluation carry no speed.
    if let speed = read.imagesPerSecond { progress.imagesPerSecond = speed }
    guard let start else {
      start = (now, read.step)
      return
    }
    guard let steps = progress.steps, read.step > start.step, now > start.at else { return }
    progress.secondsLeft = (now - start.at) / Double(read.step - start.step) * Double(max(0, steps - read.step))
  }
}
