/// Writes checkpoints: what a training run has in memory, or what another file holds.
///
/// A file appears whole or not at all, and is on the disk when a function returns; a failure leaves nothing behind, and an older file of
/// the name as it was. Numbers are asked of each ``WritableTensor`` in turn, a mebibyte at a time. A trainer makes one
/// list from its parameters and one from its teacher's, and hands both to ``TorchDocument/training(student:teacher:model:epoch:configuration:)``.
package enum CheckpointWriter {
  /// Writes a safetensors file, whose `__metadata__` are strings.
  package static func writeSafetensors(
    _ tensors: [WritableTensor], metadata: [String: String], to path: String, existing: ExistingFile
  ) throws(CheckpointError) {
    try writeSafetensors(tensors, metadata: metadata, to: path, existing: existing, calls: .system)
  }

  /// Writes what `torch.save` would: a zip archive that `torch.load(weights_only=True)` reads.
  package static func writeTorch(_ document: TorchDocument, to path: String, existing: ExistingFile) throws(CheckpointError) {
    try writeTorch(document, to: path, existing: existing, calls: .system)
  }

  static func writeSafetensors(
    _ tensors: [WritableTensor], metadata: [String: String], to path: String, existing: ExistingFile, calls: FileCalls
  ) throws(CheckpointError) {
    try write(to: path, existing, calls) { try SafetensorsWriter(tensors, metadata: metadata).write(to: $0) }
  }

  static func writeTorch(
    _ document: TorchDocument, to path: String, existing: ExistingFile, calls: FileCalls, wideFrom: Int = Int(UInt32.max)
  ) throws(CheckpointError) {
    try write(to: path, existing, calls) { file in
      let archive = ZIPWriter(file, wideFrom: wideFrom)
      try archive.add("archive/data.pkl", PickleWriter.bytes(of: document))
      try archive.add("archive/byteorder", Array("little".utf8))
      for (index, tensor) in document.tensors.enumerated() {
        try archive.add("archive/data/\(index)", byteCount: tensor.byteCount) { append in try tensor.encode(append) }
      }
      try archive.add("archive/version", Array("3\n".utf8))
      try archive.finish()
    }
  }

  /// A source's own error keeps the source's name; every other gets the name of the file that was to be written.
  private static func write(
    to path: String, _ existing: ExistingFile, _ calls: FileCalls, _ body: (DurableFile) throws -> Void
  ) throws(CheckpointError) {
    do {
      let file = try DurableFile(path: path, existing: existing, calls: calls)
      try body(file)
      try file.publish()
    } catch let error as CheckpointError {
      throw error
    } catch let error as FormatError {
      throw CheckpointError(path: path, reason: error.reason, number: error.number)
    } catch { throw CheckpointError(path: path, reason: "\(error)") }
  }
}
