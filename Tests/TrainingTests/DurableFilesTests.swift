import Foundation
import Testing

@testable import Training

@Suite struct DurableFilesTests {
  /// More than the writer gathers, so that there are several writes.
  private static let contents = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0) }

  private static func write(_ files: DurableFiles, _ path: String) throws {
    try files.replace(path) { file in
      var rest = contents[...]
      while !rest.isEmpty {
        try file.write(Array(rest.prefix(300_000)))
        rest = rest.dropFirst(300_000)
      }
      #expect(file.checksum.value == CRC32C.value(of: contents))
    }
  }

  @Test func `writes all bytes and leaves nothing else`() throws {
    let folder = try TemporaryFolder()
    try Self.write(DurableFiles(), folder.file("file"))
    #expect(folder.bytes("file") == Self.contents)
    #expect(try folder.names() == ["file"])
  }

  @Test func `whichever operation fails, the old file or the new one is there, whole, and nothing else`() throws {
    var failures = 0
    for number in 0... {
      let folder = try TemporaryFolder()
      try folder.write([1, 2, 3], to: "file")
      let plan = FaultPlan(refusing: number)
      var error: RunError?
      do { try Self.write(plan.files, folder.file("file")) } catch let failure as RunError { error = failure }
      if !plan.wasReached { break }
      failures += 1
      #expect(error?.path == folder.file("file"))
      #expect(error?.reason.contains("No space left on device; make room on its disk and resume") == true)
      let isRenamed = error?.reason.contains("its folder") == true
      #expect(folder.bytes("file") == (isRenamed ? Self.contents : [1, 2, 3]))
      #expect(try folder.names() == ["file"])
    }
    #expect(failures >= 7)
  }

  @Test func `an error of the one who writes leaves the old file`() throws {
    struct Stop: Error {}
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], to: "file")
    #expect(throws: Stop.self) {
      try DurableFiles().replace(folder.file("file")) { file in
        try file.write([9])
        throw Stop()
      }
    }
    #expect(folder.bytes("file") == [1, 2, 3])
    #expect(try folder.names() == ["file"])
  }

  @Test func `a folder that is not there is an error that names the file`() {
    #expect(throws: RunError(path: "/nowhere/file", reason: "no file can be made in the folder /nowhere: No such file or directory")) {
      try DurableFiles().replace("/nowhere/file", with: [])
    }
  }
}
