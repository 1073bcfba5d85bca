import Foundation
import Glibc

/// A file of keys, a JSON object a line; whoever may change it may do everything, so it belongs to one user.
package struct KeyFile: Sendable {
  /// What tells one state of a file from another without reading it.
  struct Stamp: Sendable, Hashable {
    private let numbers: [Int]

    fileprivate init(_ status: stat) {
      numbers = [
        Int(bitPattern: UInt(status.st_dev)), Int(bitPattern: UInt(status.st_ino)), Int(status.st_size), Int(status.st_mode),
        status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
      ]
    }
  }

  package let path: String

  private static let maximumBytes = 16 << 20
  private static let ownerOnly: mode_t = 0o600
  /// What others must not have: any access, or the group's to change it. A group that may read it is how a Kubernetes secret is mounted.
  private static let forbidden: mode_t = 0o027

  package init(_ path: String) { self.path = path }

  /// The state of the file, `nil` where there is none.
  var stamp: Stamp? {
    var status = stat()
    return stat(path, &status) == 0 ? Stamp(status) : nil
  }

  /// The keys, in the order of the lines.
  ///
  /// - Throws: ``KeyFileError`` for a file that is not there, that others can read or change, or that has a line which is no key.
  package func read() throws(KeyFileError) -> [AccessKey] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw KeyFileError(
        "the key file \(path) cannot be opened: \(Self.reason); make it with \"hpm keys add NAME --rights infer --keys \(path)\"")
    }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try check(descriptor)
    guard let data = try? handle.readToEnd() ?? Data() else { throw KeyFileError("the key file \(path) cannot be read: \(Self.reason)") }
    return try keys(in: String(decoding: data, as: UTF8.self))
  }

  private func check(_ descriptor: Int32) throws(KeyFileError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.maximumBytes else {
      throw KeyFileError("the key file \(path) is not a file of at most \(Self.maximumBytes) bytes")
    }
    guard status.st_mode & Self.forbidden == 0 else {
      throw KeyFileError(
        "the key file \(path) can be read or changed by others (mode \(String(status.st_mode & 0o777, radix: 8))); "
          + "run \"chmod 600 \(path)\"")
    }
  }

  private func keys(in text: String) throws(KeyFileError) -> [AccessKey] {
    var keys: [AccessKey] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard line.contains(where: { !$0.isWhitespace }) else { continue }
      do throws(KeyFileError) {
        let key = try AccessKey(line: line)
        guard !keys.contains(where: { $0.name == key.name }) else { throw KeyFileError("is a second key \(key.name)") }
        keys.append(key)
      } catch {
        throw KeyFileError("line \(index + 1) of the key file \(path) \(error)")
      }
    }
    return keys
  }

  private static var reason: String { String(cString: strerror(errno)) }
}

extension KeyFile {
  /// Adds `key`; makes the file where there is none.
  ///
  /// - Throws: ``KeyFileError`` for a name that is taken, and what ``read()`` throws.
  package func add(_ key: AccessKey) throws(KeyFileError) {
    try change { keys throws(KeyFileError) in
      guard !keys.contains(where: { $0.name == key.name }) else {
        throw KeyFileError("the key file \(path) has a key \(key.name) already; choose another name, or revoke that key first")
      }
      keys.append(key)
    }
  }

  /// Takes the key `name` out.
  ///
  /// - Throws: ``KeyFileError`` where there is none, and what ``read()`` throws.
  package func revoke(_ name: String) throws(KeyFileError) {
    try change { keys throws(KeyFileError) in
      guard keys.contains(where: { $0.name == name }) else {
        throw KeyFileError("the key file \(path) has no key \(name); \"hpm keys list --keys \(path)\" shows those it has")
      }
      keys.removeAll { $0.name == name }
    }
  }

  /// Changes the keys in one step, while no other does.
  private func change(_ change: (inout [AccessKey]) throws(KeyFileError) -> Void) throws(KeyFileError) {
    // Where the path is a link, the file that it leads to is replaced, not the link.
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let folder = target.deletingLastPathComponent().path
    // The folder is locked, not the file, which a change replaces.
    let lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard lock >= 0 else { throw KeyFileError("the folder \(folder) of the key file cannot be opened: \(Self.reason)") }
    defer { close(lock) }
    guard flock(lock, LOCK_EX) == 0 else { throw KeyFileError("the folder \(folder) of the key file cannot be locked: \(Self.reason)") }
    var keys = stamp == nil ? [] : try read()
    try change(&keys)
    try write(keys, to: target.path, in: folder)
    _ = fsync(lock)
  }

  private func write(_ keys: [AccessKey], to target: String, in folder: String) throws(KeyFileError) {
    let temporary = "\(folder)/.hpm-keys-\(KeyToken.randomDigits(16))"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, Self.ownerOnly)
    guard descriptor >= 0 else { throw KeyFileError("no file can be made in the folder \(folder): \(Self.reason)") }
    let bytes = keys.flatMap { JSONWriter.bytes(of: $0) + [UInt8(ascii: "\n")] }
    do {
      let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
      defer { close(descriptor) }
      try handle.write(contentsOf: Data(bytes))
      try handle.synchronize()
    } catch {
      unlink(temporary)
      throw KeyFileError("the key file \(path) cannot be written: \(error.localizedDescription)")
    }
    guard rename(temporary, target) == 0 else {
      let reason = Self.reason
      unlink(temporary)
      throw KeyFileError("the key file \(path) cannot be put in place: \(reason)")
    }
  }
}
