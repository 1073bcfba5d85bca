import Foundation
import Masking
import Tensors
import Training

/// The results of a mining run on disk: arrays that grow by a row an image, which image a row is of, and which images were left out.
///
/// Nothing of it is held in memory. What was added since ``save(_:)`` is added again by a run that was killed.
final class MiningResults {
  /// Which image of the set a row is of, and its size in pixels.
  struct Origin: Hashable {
    let index: Int
    let width: Int
    let height: Int
  }

  private(set) var state: MiningState
  let grid: PatchGrid
  private let folder: RunFolder
  private let files: [MinedArray: ResultFile]
  /// Three little-endian 32-bit numbers a row: ``Origin``.
  private let origins: ResultFile
  private let skipped: ResultFile

  private static let stateFolder = "state"
  private static let stateFile = "state/state.json"
  private static let originBytes = 12
  private static let skippedName = "skipped.csv"
  private static let skippedHeader = Array("path,reason\r\n".utf8)
  /// Such files are in the making, and are not among those that a job shows.
  private static let growingSuffix = ".partial"

  /// Goes on after what the folder's state counts; begins where there is none.
  init(_ folder: RunFolder, grid: PatchGrid) throws {
    self.folder = folder
    self.grid = grid
    try folder.makeFolder(Self.stateFolder)
    let state = try Self.savedState(folder)
    func file(_ name: String, keeping count: Int) throws -> ResultFile {
      let growing = "\(folder.path)/\(Self.stateFolder)/\(name)\(Self.growingSuffix)"
      if state.step > 0 { try ResultFile.takeBack("\(folder.path)/\(name)", to: growing) }
      return try ResultFile(growing, keeping: count)
    }
    var files: [MinedArray: ResultFile] = [:]
    for array in MinedArray.allCases {
      let bytes = NumPyFile.headerBytes + state.rows * grid.count * array.type.byteCount
      files[array] = try file(array.fileName, keeping: state.step > 0 ? bytes : 0)
      if state.step == 0 { try files[array]?.append(Self.header(array, rows: 0, grid)) }
    }
    self.files = files
    origins = try ResultFile("\(folder.path)/\(Self.stateFolder)/origins", keeping: state.rows * Self.originBytes)
    skipped = try file(Self.skippedName, keeping: state.skippedBytes)
    self.state = state
    if state.step == 0 { try skipped.append(Self.skippedHeader) }
  }

  private static func savedState(_ folder: RunFolder) throws(RunError) -> MiningState {
    let path = "\(folder.path)/\(stateFile)"
    guard let bytes = FileManager.default.contents(atPath: path) else { return MiningState() }
    guard let state = MiningState([UInt8](bytes)) else {
      throw RunError(path: path, reason: "the state does not read, so the run cannot go on; begin it anew elsewhere")
    }
    return state
  }

  private static func header(_ array: MinedArray, rows: Int, _ grid: PatchGrid) -> [UInt8] {
    NumPyFile.start(of: array.type, shape: [rows, grid.rows, grid.columns])
  }

  private func file(_ array: MinedArray) -> ResultFile {
    guard let file = files[array] else { preconditionFailure("no file of \(array)") }
    return file
  }

  /// Adds a row.
  func add(_ scores: PatchScores, of origin: Origin) throws {
    try file(.trueLoss).append(scores.trueLoss.withUnsafeBytes(Array.init))
    try file(.predictedLoss).append(scores.predictedLoss.withUnsafeBytes(Array.init))
    try file(.masks).append(scores.mask)
    try origins.append([origin.index, origin.width, origin.height].flatMap { LittleEndian.bytes(UInt32($0)) })
    state.lossSum += Double(ImageScore.mean(scores.trueLoss[...]))
    state.rows += 1
    state.step += 1
  }

  /// Takes note of an image that cannot be read.
  func skip(_ path: String, reason: String) throws {
    try skipped.append(Array("\(CSVField.text(path)),\(CSVField.text(reason))\r\n".utf8))
    state.skipped += 1
    state.step += 1
  }

  /// Returns when all that was added is on disk, and the state that counts it.
  func save() throws {
    for file in files.values { try file.synchronize() }
    try origins.synchronize()
    try skipped.synchronize()
    state.skippedBytes = skipped.byteCount
    try folder.replace(Self.stateFile, with: Array(state.json.pretty.utf8))
  }

  /// Gives the arrays their headers, and them and the list of images left out their places; the last that is done to them.
  func publish() throws(RunError) {
    for array in MinedArray.allCases {
      try file(array).overwriteStart(with: Self.header(array, rows: state.rows, grid))
      try file(array).publish(as: "\(folder.path)/\(array.fileName)")
    }
    try skipped.publish(as: "\(folder.path)/\(Self.skippedName)")
  }
}

extension MiningResults {
  /// Rows of a float32 array, one after another.
  func floats(_ array: MinedArray, _ rows: Range<Int>) throws(RunError) -> [Float] {
    precondition(array.type == .float32, "the array \(array) as float32")
    return try bytes(array, rows).withUnsafeBytes { raw in
      (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  /// One mask.
  func mask(_ row: Int) throws(RunError) -> [UInt8] { try bytes(.masks, row..<row + 1) }

  private func bytes(_ array: MinedArray, _ rows: Range<Int>) throws(RunError) -> [UInt8] {
    let stride = grid.count * array.type.byteCount
    return try file(array).bytes(at: NumPyFile.headerBytes + rows.lowerBound * stride, count: rows.count * stride)
  }

  /// Which images rows are of.
  func origins(_ rows: Range<Int>) throws(RunError) -> [Origin] {
    let numbers = try origins.bytes(at: rows.lowerBound * Self.originBytes, count: rows.count * Self.originBytes).withUnsafeBytes { raw in
      (0..<raw.count / 4).map { Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))) }
    }
    return stride(from: 0, to: numbers.count, by: 3).map { Origin(index: numbers[$0], width: numbers[$0 + 1], height: numbers[$0 + 2]) }
  }
}

/// The arrays of a mining run, `[n, rows, columns]`.
enum MinedArray: String, CaseIterable {
  case trueLoss = "true_loss"
  case predictedLoss = "predicted_loss"
  /// 1 = hidden.
  case masks

  var type: ElementType { self == .masks ? .uint8 : .float32 }
  var fileName: String { "\(rawValue).npy" }
}
