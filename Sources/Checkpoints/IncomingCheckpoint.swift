/// A checkpoint that arrives in pieces and comes to be a file whole or not at all; one that is not published leaves nothing behind.
package final class IncomingCheckpoint {
  private let file: DurableFile
  private let path: String

  /// Begins a file that will be `folder/stem` with an extension that its first bytes choose.
  ///
  /// - Parameter prefix: The first bytes, at least ``prefixBytes`` of them where there are as many; they are not appended.
  /// - Throws: where no file can be made in the folder.
  package init(in folder: String, stem: String, prefix: [UInt8]) throws(CheckpointError) {
    let isTorch = ZIPDirectory.isZIP(prefix) || TorchFile.isPickle(prefix)
    let path = "\(folder)/\(stem)" + (isTorch ? ".pth" : ".safetensors")
    self.path = path
    do throws(FormatError) {
      file = try DurableFile(path: path, existing: .refuse)
    } catch { throw CheckpointError(path: path, reason: error.reason, number: error.number) }
  }

  /// Bytes that tell what kind of file it is.
  package static let prefixBytes = 4

  /// Where the bytes are until they are published; complete after ``settle()``.
  package var temporaryPath: String { file.temporaryPath }

  package func append(_ bytes: [UInt8]) throws(CheckpointError) { try named { () throws(FormatError) in try file.append(bytes) } }

  /// Hands all bytes to the system, so that ``temporaryPath`` can be read.
  package func settle() throws(CheckpointError) { try named { () throws(FormatError) in try file.flush() } }

  /// Gives the file its name; once this has returned, it outlasts a loss of power.
  ///
  /// - Returns: the file's path.
  package func publish() throws(CheckpointError) -> String {
    try named { () throws(FormatError) in try file.publish() }
    return path
  }

  private func named(_ body: () throws(FormatError) -> Void) throws(CheckpointError) {
    do throws(FormatError) { try body() } catch { throw CheckpointError(path: path, reason: error.reason, number: error.number) }
  }
}
