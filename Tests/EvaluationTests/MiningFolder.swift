import Foundation
import Images
import Kernels
import TestSupport
import Training

@testable import Evaluation

/// Pictures to mine, a small model to mine them with, and the folders of runs; gone with its last reference.
final class MiningFolder: Sendable {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-mining-\(UUID().uuidString)").path

  /// Pictures of two classes and different sizes, of which no two are alike, and a file that is none.
  init(pictures: Int = 11) throws {
    for index in 0..<pictures {
      let (width, height) = (50 + index, 60 - index)
      let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* (index + 3) &+ $0 / 97) }
      let png = PNGEncoder.encode(RGBImage(width: width, height: height, pixels: pixels))
      try write(png, "images/\(index % 2 == 0 ? "even" : "odd")/\(index), a \"picture\".png")
    }
    try write(Array("no picture".utf8), "images/even/8 broken.jpg")
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ bytes: [UInt8], _ name: String) throws {
    let url = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func bytes(_ name: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))) }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  /// The fields of each line of a run's `images.csv`, without the first; no field has a line break.
  func table(_ run: String) throws -> [[String]] {
    try text("\(run)/images.csv").split(separator: "\r\n").dropFirst().map { line in
      line.matches(of: /("(?:[^"]|"")*"|[^,]*)(?:,|$)/).dropLast(line.hasSuffix(",") ? 0 : 1).map { String($0.1) }
    }
  }

  static var reading: EvaluatedCheckpoint.Reading {
    var reading = EvaluatedCheckpoint.Reading()
    (reading.heads, reading.decoderHeads) = (3, 2)
    return reading
  }

  static let model = Fixtures.file("tiny/hpm.pth").path

  var images: ImageSet { get throws { try ImageSet.open("\(path)/images") } }

  /// What these pictures are mined by, under these settings.
  func configuration(_ change: (inout MiningSettings) -> Void = { _ in }) throws -> MiningConfiguration {
    var settings = MiningSettings()
    settings.maximumUnreadableShare = 0.1
    change(&settings)
    var origin = MiningOrigin()
    (origin.model, origin.data, origin.heads, origin.decoderHeads) = (Self.model, "\(path)/images", 3, 2)
    try origin.note(try images, on: .beginning)
    return MiningConfiguration(settings, of: origin)
  }

  /// Mines until all is done, or until a signal after so many images.
  @discardableResult
  func mine(_ run: String, _ configuration: MiningConfiguration, stoppingAfter limit: Int = .max) throws -> RunResult {
    let isThere = FileManager.default.fileExists(atPath: "\(path)/\(run)/config.json")
    let folder = try isThere ? RunFolder.reopen("\(path)/\(run)") : RunFolder.create("\(path)/\(run)", configuration: configuration.json)
    let stop = StopSignal()
    // Every report is shown, since a minute lies between any two.
    var (minutes, shown) = (0.0, 0)
    func now() -> Double {
      minutes += 1
      return 60 * minutes
    }
    let progress = ProgressBar(surface: { .plain }, now: now) { line in
      if line.hasPrefix("step") { shown += 1 }
      if shown == limit { stop.receive(.terminate) }
    }
    let operations = try OneDNNOperations(precision: .float32, threads: 1)
    let mining = try MiningRun(
      folder, MiningConfiguration(readFrom: folder), images: images, checkpoint: EvaluatedCheckpoint(Self.model, Self.reading),
      operations: operations, stop: stop, progress: progress)
    return try mining.run()
  }
}
