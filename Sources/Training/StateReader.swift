import Glibc

/// A state file that was found whole: its state, and its arrays, read once from front to back.
package final class StateReader {
  package let path: String
  package let state: RunState
  package let arrays: [StateArray]
  private let descriptor: Int32
  /// Where the arrays begin.
  private let start: Int

  private static let pieceBytes = 4 << 20

  /// Opens the file and checks every byte of it.
  ///
  /// Throws where it is not there, torn, or changed since it was written.
  init(_ path: String) throws(RunError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw RunError(path, cannot: "open the file", number: errno) }
    do {
      let layout = try Self.verified(descriptor)
      (state, arrays) = (layout.state, layout.arrays)
      start = StateFileLayout.prefixBytes + layout.headerBytes
    } catch {
      close(descriptor)
      throw RunError(path: path, reason: error.reason)
    }
  }

  deinit { close(descriptor) }

  /// Gives every array to `fill`, in the file's order.
  ///
  /// `fill` passes memory of the array's length, whole or in parts, to the closure it is given, which reads into it. Throws before the
  /// first array where the file does not hold exactly `expected`, and whatever `fill` throws.
  package func restore(
    _ expected: [StateArray], fill: (StateArray, (inout MutableSpan<Float>) throws -> Void) throws -> Void
  ) throws {
    try require(expected)
    var offset = start
    for array in arrays {
      let end = offset + 4 * array.count
      try fill(array) { numbers in
        precondition(
          4 * numbers.count <= end - offset, "\(numbers.count) numbers more of \(array.name), which has \((end - offset) / 4) left")
        try read(into: &numbers, at: offset)
        offset += 4 * numbers.count
      }
      precondition(offset == end, "\((end - offset) / 4) numbers of \(array.name) were not read")
    }
  }

  private func read(into numbers: inout MutableSpan<Float>, at offset: Int) throws {
    try numbers.withUnsafeMutableBytes { bytes in
      do throws(StateFileFault) { try Self.read(descriptor, bytes, at: offset) } catch { throw RunError(path: path, reason: error.reason) }
    }
  }

  /// Names every array that is missing, unexpected or of another length.
  private func require(_ expected: [StateArray]) throws(RunError) {
    let found = Dictionary(arrays.map { ($0.name, $0.count) }) { first, _ in first }
    let wanted = Dictionary(expected.map { ($0.name, $0.count) }) { first, _ in first }
    let missing = expected.filter { found[$0.name] == nil }.map { "\($0.name) is missing" }
    let unexpected = arrays.filter { wanted[$0.name] == nil }.map { "\($0.name) is unexpected" }
    let misshapen = expected.compactMap { array in
      found[array.name].flatMap { $0 == array.count ? nil : "\(array.name) has \($0) numbers instead of \(array.count)" }
    }
    let faults = missing + unexpected + misshapen
    guard faults.isEmpty else {
      throw RunError(path: path, reason: "the state is of another network or optimizer: \(faults.joined(separator: ", "))")
    }
  }

  private static func verified(
    _ descriptor: Int32
  ) throws(StateFileFault) -> (state: RunState, arrays: [StateArray], headerBytes: Int) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw StateFileFault("it is not a regular file") }
    let size = Int(status.st_size)
    guard size >= StateFileLayout.prefixBytes + StateFileLayout.checksumBytes else { throw StateFileFault("it has only \(size) bytes") }
    let headerBytes = try StateFileLayout.headerBytes(
      bytes(descriptor, at: 0, count: StateFileLayout.prefixBytes), fileBytes: size)
    let summed = size - StateFileLayout.checksumBytes
    let written = LittleEndian.number(try bytes(descriptor, at: summed, count: StateFileLayout.checksumBytes))
    guard try checksum(descriptor, count: summed) == written else {
      throw StateFileFault("its checksum does not match: it is torn or was changed")
    }
    let header = try bytes(descriptor, at: StateFileLayout.prefixBytes, count: headerBytes)
    let layout = try StateFileLayout(header: header, fileBytes: size)
    return (layout.state, layout.arrays, headerBytes)
  }

  private static func checksum(_ descriptor: Int32, count: Int) throws(StateFileFault) -> UInt64 {
    var sum = CRC32C()
    var offset = 0
    while offset < count {
      let piece = try bytes(descriptor, at: offset, count: min(pieceBytes, count - offset))
      sum.update(piece.span.bytes)
      offset += piece.count
    }
    return UInt64(sum.value)
  }

  private static func bytes(_ descriptor: Int32, at offset: Int, count: Int) throws(StateFileFault) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var fault: StateFileFault?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(StateFileFault) { try read(descriptor, buffer, at: offset) } catch { fault = error }
    }
    if let fault { throw fault }
    return bytes
  }

  private static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StateFileFault) {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        throw StateFileFault(count == 0 ? "it ends at byte \(offset + done)" : "reading failed: \(String(cString: strerror(errno)))")
      }
      done += count
    }
  }
}
