import Checkpoints
import Foundation

@testable import Jobs
@testable import Training

extension FuzzTarget {
  /// The folder of the files that are made up, which `Scripts/fuzz` makes in memory and removes.
  private static let folder = FileManager.default.temporaryDirectory.path

  /// A file of these bytes; the next one takes its place.
  private static func file(of bytes: [UInt8]) -> String {
    let path = folder + "/made-up"
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { fatalError("\(path) cannot be written") }
    return path
  }

  /// What opens gives all its numbers, or a reason; no tensor is larger than the file could hold twice.
  static func readCheckpoint(_ bytes: [UInt8]) {
    guard let checkpoint = try? Checkpoint.open(file(of: bytes), nonFinite: .allow) else { return }
    for choice in Checkpoint.WeightChoice.allCases { _ = try? Checkpoint.open(checkpoint.path, weights: choice) }
    _ = try? CheckpointArchitecture(of: checkpoint, heads: 3, decoderHeads: 2)
    _ = try? TowerArchitecture(of: checkpoint, heads: 2)
    _ = try? CheckpointSurvey(of: checkpoint, heads: 3, decoderHeads: 2)
    for name in checkpoint.names {
      guard let values = try? checkpoint.read(name) else { continue }
      precondition(values.count <= 2 * bytes.count, "\(values.count) numbers out of \(bytes.count) bytes")
    }
  }

  private static let archiveLimits = {
    var limits = ArchiveLimits()
    (limits.members, limits.memberBytes, limits.unpackedBytes, limits.freeBytes) = (64, 1 << 16, 1 << 18, 1 << 14)
    return limits
  }()

  /// Nothing appears beside the folder that takes the files, nor more in it than is allowed.
  static func unpackDataset(_ bytes: [UInt8]) {
    let (archive, destination) = (file(of: bytes), folder + "/unpacked")
    try? FileManager.default.removeItem(atPath: destination)
    guard mkdir(destination, 0o700) == 0 else { fatalError("\(destination) cannot be made") }
    if var unpacking = try? ArchiveUnpacking.open(archive, into: destination, archiveLimits, allow: { _ in }),
      let outcome = try? unpacking.run()
    {
      precondition(outcome.bytes <= archiveLimits.unpackedBytes && outcome.files <= archiveLimits.members)
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    precondition(Set(names) == ["made-up", "unpacked"], "the archive left \(names)")
  }

  /// The images lie where the archive, or the copy of it, has them.
  static func readArchive(_ bytes: [UInt8]) {
    let configuration = ImageSetConfiguration(maximumImageBytes: 1 << 16, spoolFolder: folder, maximumSpoolBytes: 1 << 18)
    guard let file = try? ByteFile(path: file(of: bytes)), let archive = try? ImageArchive(file, configuration: configuration) else {
      return
    }
    for member in archive.members {
      guard let image = try? archive.bytes(at: member.offset, count: member.byteCount) else { continue }
      precondition(image.count == member.byteCount)
    }
  }
}
