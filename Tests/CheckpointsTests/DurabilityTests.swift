import Foundation
import Glibc
import Synchronization
import Tensors
import Testing

@testable import Checkpoints

@Suite struct DurabilityTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private static func tensors() -> [WritableTensor] {
    (0..<3).map { index in
      WritableTensor(name: "t\(index)", shape: [1000]) { first, destination in
        for element in 0..<destination.count { destination[element] = Float(first + element + index) }
      }
    }
  }

  /// Counts calls, and makes one of them fail.
  private final class Fault: Sendable {
    private let count = Atomic(0)
    private let failing: Int

    init(at failing: Int) { self.failing = failing }

    /// Whether this call is the one.
    func strikes() -> Bool {
      guard count.wrappingAdd(1, ordering: .relaxed).newValue == failing else { return false }
      errno = ENOSPC
      return true
    }

    var calls: FileCalls {
      let system = FileCalls.system
      var calls = system
      calls.create = { self.strikes() ? -1 : system.create($0) }
      calls.write = { self.strikes() ? -1 : system.write($0, $1, $2, $3) }
      calls.synchronise = { self.strikes() ? -1 : system.synchronise($0) }
      calls.rename = { self.strikes() ? -1 : system.rename($0, $1) }
      return calls
    }
  }

  private static func document() -> TorchDocument {
    .training(student: tensors(), teacher: .sameAsStudent, model: "m", epoch: nil, configuration: .members([]))
  }

  private func write(_ name: String, _ calls: FileCalls, _ existing: ExistingFile = .replace) throws(CheckpointError) {
    if name.hasSuffix(".pth") {
      try CheckpointWriter.writeTorch(Self.document(), to: folder.path(name), existing: existing, calls: calls)
    } else {
      try CheckpointWriter.writeSafetensors(Self.tensors(), metadata: [:], to: folder.path(name), existing: existing, calls: calls)
    }
  }

  @Test(arguments: ["a.pth", "a.safetensors"])
  func `whichever call fails, the old file or the new one is there and nothing else`(name: String) throws {
    try Data("old".utf8).write(to: folder.url.appendingPathComponent(name))
    var failures = 0
    while failures < 1000 {
      do throws(CheckpointError) {
        try write(name, Fault(at: failures + 1).calls)
        break
      } catch {
        failures += 1
        #expect(error.path == folder.path(name) && error.reason.contains(String(cString: strerror(ENOSPC))))
        #expect(error.number == ENOSPC)
        let isNamed = error.reason.contains("its folder")
        #expect(try folder.names == [name])
        #expect(try (folder.bytes(name) == Array("old".utf8)) != isNamed)
      }
    }
    #expect(failures >= 5)
    #expect(try Checkpoint.open(folder.path(name)).read("t2")[999] == 1001)
  }

  @Test func `a write that takes only a part is continued, one that is interrupted repeated`() throws {
    let interruptions = Atomic(0)
    var calls = FileCalls.system
    calls.write = { descriptor, bytes, count, offset in
      if interruptions.wrappingAdd(1, ordering: .relaxed).newValue % 3 == 0 {
        errno = EINTR
        return -1
      }
      return FileCalls.system.write(descriptor, bytes, min(count, 101), offset)
    }
    try write("a.pth", calls)
    try write("b.pth", .system)
    #expect(try folder.bytes("a.pth") == folder.bytes("b.pth"))
  }

  @Test func `a source that fails leaves nothing behind, and its error comes through`() throws {
    let source = CheckpointError(path: "source.pth", reason: "tensor \"t\" is missing")
    for failing in 0..<4 {
      let tensor = WritableTensor(name: "t", shape: [4, WritableTensor.chunk]) { first, destination in
        if first == failing * WritableTensor.chunk { throw source }
      }
      let error = #expect(throws: CheckpointError.self) {
        try CheckpointWriter.writeSafetensors([tensor], metadata: [:], to: folder.path("a.safetensors"), existing: .refuse)
      }
      #expect(error == source)
      #expect(try folder.names == [])
    }
  }

  @Test func `a file of the name is left alone, even one that comes while writing`() throws {
    try Data("old".utf8).write(to: folder.url.appendingPathComponent("a.pth"))
    let error = #expect(throws: CheckpointError.self) { try write("a.pth", .system, .refuse) }
    #expect(error?.reason == "a file of that name exists; remove it or choose another name")
    let late = folder.url.appendingPathComponent("b.pth")
    var calls = FileCalls.system
    calls.synchronise = { descriptor in
      try? Data("late".utf8).write(to: late)
      return FileCalls.system.synchronise(descriptor)
    }
    #expect(throws: CheckpointError.self) { try write("b.pth", calls, .refuse) }
    #expect(try folder.bytes("a.pth") == Array("old".utf8) && folder.bytes("b.pth") == Array("late".utf8))
    #expect(try folder.names == ["a.pth", "b.pth"])
  }

  @Test func `a file system without links still gets a new file`() throws {
    var calls = FileCalls.system
    calls.link = { _, _ in
      errno = EPERM
      return -1
    }
    try write("a.pth", calls, .refuse)
    #expect(try folder.names == ["a.pth"])
    #expect(throws: CheckpointError.self) { try write("a.pth", calls, .refuse) }
  }

  @Test func `a folder that is not there is named`() {
    let error = #expect(throws: CheckpointError.self) {
      try CheckpointWriter.writeTorch(Self.document(), to: folder.path("none/a.pth"), existing: .refuse)
    }
    #expect(error?.reason.hasPrefix("no file can be made in the folder \(folder.path("none")): ") == true)
  }
}
