import Checkpoints
import Foundation
import HTTP
import HTTPTypes

/// The folder that uploaded models are kept in, as `name/version.safetensors` or `name/version.pth`.
package struct ModelStore: Sendable {
  /// A model that was received, checked and published.
  struct Upload: Sendable {
    let source: ModelSource
    let sha256: String
    let byteCount: Int
  }

  /// Versions of a model that are kept beside those that serve.
  private static let versionsKept = 2
  /// Seconds in which someone may have made room.
  private static let storageRetry = 60

  let folder: String
  private let maximumBytes: Int
  private let check: @Sendable (String) throws -> Void
  private let source: @Sendable (ModelFile) -> ModelSource
  private let pool = WorkPool(width: 1)
  private let uploads = Turns()

  /// - Parameters:
  ///   - maximumBytes: Bytes of a model.
  ///   - check: Throws, best a ``CheckpointError``, where the file at a path is no model that can be served; it may take its time.
  ///   - source: How a published file is loaded.
  package init(
    folder: String, maximumBytes: Int, check: @escaping @Sendable (String) throws -> Void,
    source: @escaping @Sendable (ModelFile) -> ModelSource
  ) {
    self.folder = folder
    self.maximumBytes = maximumBytes
    self.check = check
    self.source = source
  }

  /// Streams `body` to disk, checks it, and publishes it as the version after `newest`; what fails leaves nothing behind.
  func receive(_ body: RequestBody, name: String, after newest: Int) async throws(Problem) -> Upload {
    if let length = body.declaredLength, length > maximumBytes { throw tooLarge }
    return try await receive(name: name, after: newest) { try await body.nextChunk() }
  }

  /// The same of the pieces that `next` gives until it gives none.
  func receive(name: String, after newest: Int, _ next: () async throws -> [UInt8]?) async throws(Problem) -> Upload {
    await uploads.take()
    defer { uploads.give() }
    let version = max(newest, newestFile(name)) + 1
    let incoming = IncomingModel(folder: "\(folder)/\(name)", stem: String(version))
    var count = 0
    do {
      while let chunk = try await next() {
        count += chunk.count
        guard count <= maximumBytes else { throw tooLarge }
        try await written { () throws(CheckpointError) in try incoming.append(chunk) }
      }
    } catch let problem as Problem {
      throw problem
    } catch { throw Problem(.malformedBody, "The model could not be received: \(error).") }
    try await written { () throws(CheckpointError) in try incoming.settle() }
    try await checked(incoming.temporaryPath)
    let (path, sha256) = try await written { () throws(CheckpointError) in try incoming.publish() }
    return Upload(source: source(ModelFile(name: name, version: version, path: path)), sha256: sha256, byteCount: count)
  }

  /// Whether the models are kept in that folder, or below it.
  package func lies(in home: String) -> Bool { folder.hasPrefix(home + "/") }

  /// Removes what a server that was killed was just receiving.
  ///
  /// - Parameter seconds: Files that were written to since then stay: where another server may use the folder, they may be its.
  package func removePartialFiles(olderThan seconds: Double) {
    let files = FileManager.default.enumerator(atPath: folder)
    while let name = files?.nextObject() as? String {
      guard name.hasSuffix(DurableFile.partialSuffix), name.split(separator: "/").last?.hasPrefix(".hpm-") == true else { continue }
      let written = files?.fileAttributes?[.modificationDate] as? Date ?? .distantPast
      if -written.timeIntervalSinceNow >= seconds { unlink("\(folder)/\(name)") }
    }
  }

  /// Which of `files` nobody needs any more: all but the newest two, and those that serve.
  static func superfluous(_ sources: [ModelSource], serving: Set<Int>) -> [ModelSource] {
    sources.sorted { $0.version > $1.version }.dropFirst(versionsKept).filter { !serving.contains($0.version) }
  }

  /// Whether the file of `source` is this store's to delete.
  func owns(_ source: ModelSource) -> Bool { source.path?.hasPrefix(folder + "/") == true && access(folder, W_OK) == 0 }

  /// Deletes the file of `source`, and the folder of its name with the last one.
  func delete(_ source: ModelSource) async throws(Problem) {
    guard let path = source.path, owns(source) else { throw readOnly(source.name) }
    let isGone = await pool.run {
      let isGone = unlink(path) == 0 || errno == ENOENT
      rmdir("\(folder)/\(source.name)")
      return isGone
    }
    guard isGone else { throw readOnly(source.name) }
  }

  private var tooLarge: Problem { Problem(.tooLarge, "The model is longer than the \(maximumBytes) bytes that --max-model-bytes allows.") }

  func readOnly(_ name: String) -> Problem {
    Problem(.modelsReadOnly, "The files of the model \(name) are not in a folder that this service may change.")
  }

  private func newestFile(_ name: String) -> Int {
    ((try? ModelDirectory.scan(folder)) ?? []).filter { $0.name == name }.map(\.version).max() ?? 0
  }

  private func checked(_ path: String) async throws(Problem) {
    let check = check
    let fault = await pool.run {
      do {
        try check(path)
        return nil as String?
      } catch { return (error as? CheckpointError)?.reason ?? String(describing: error) }
    }
    if let fault { throw Problem(.unfitModel, "The file is no model that can be served: \(fault).") }
  }

  /// Does what touches the disk on a thread that may wait for it.
  private func written<Value: Sendable>(
    _ work: @escaping @Sendable () throws(CheckpointError) -> Value
  ) async throws(Problem) -> Value {
    let result = await pool.run { Result { () throws(CheckpointError) in try work() } }
    do throws(CheckpointError) { return try result.get() } catch {
      if let number = error.number, [ENOSPC, EDQUOT].contains(number) {
        throw Problem(
          .insufficientStorage, "The disk of the folder that models are kept in is full; make room on it.", retryAfter: Self.storageRetry)
      }
      throw Problem(.modelsReadOnly, "The model could not be written: \(error.reason).")
    }
  }
}

/// A model on its way to the disk.
///
/// `@unchecked`: one piece at a time, each awaited by the one task that reads the body.
private final class IncomingModel: @unchecked Sendable {
  private let folder, stem: String
  private var prefix: [UInt8] = []
  private var file: IncomingCheckpoint?
  private var digest = RunningDigest()
  private var madeFolder = false

  init(folder: String, stem: String) {
    self.folder = folder
    self.stem = stem
  }

  deinit {
    file = nil
    if madeFolder { rmdir(folder) }
  }

  var temporaryPath: String { file?.temporaryPath ?? "" }

  func append(_ bytes: [UInt8]) throws(CheckpointError) {
    bytes.withUnsafeBytes { digest.add($0) }
    guard file == nil else {
      try file?.append(bytes)
      return
    }
    prefix += bytes
    if prefix.count >= IncomingCheckpoint.prefixBytes { try begin() }
  }

  func settle() throws(CheckpointError) {
    if file == nil { try begin() }
    try file?.settle()
  }

  func publish() throws(CheckpointError) -> (path: String, sha256: String) {
    guard let file else { throw CheckpointError(path: folder, reason: "the file was never begun") }
    let path = try file.publish()
    madeFolder = false
    var last = RunningDigest()
    swap(&last, &digest)
    return (path, last.finish())
  }

  private func begin() throws(CheckpointError) {
    do {
      madeFolder = !FileManager.default.fileExists(atPath: folder)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      let isFull = (error as? CocoaError)?.code == .fileWriteOutOfSpace
      throw CheckpointError(path: folder, reason: "the folder of the models cannot be written", number: isFull ? ENOSPC : nil)
    }
    let file = try IncomingCheckpoint(in: folder, stem: stem, prefix: prefix)
    try file.append(prefix)
    self.file = file
    prefix = []
  }
}
