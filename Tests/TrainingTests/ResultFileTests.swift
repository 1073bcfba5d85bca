import Testing
import Training

/// A file that grows over several starts.
@Suite struct ResultFileTests {
  @Test func `what no state knows of is forgotten, and the rest goes on`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("growing")
    let first = try ResultFile(path, keeping: 0)
    try first.append([1, 2, 3])
    try first.synchronize()
    try first.append([9, 9])
    try first.synchronize()
    let second = try ResultFile(path, keeping: 3)
    #expect(folder.bytes("growing") == [1, 2, 3])
    try second.append([4, 5])
    #expect(try second.byteCount == 5 && second.bytes(at: 2, count: 3) == [3, 4, 5])
    try second.overwriteStart(with: [7])
    try second.publish(as: folder.file("done"))
    #expect(try folder.names() == ["done"] && folder.bytes("done") == [7, 2, 3, 4, 5])
    try ResultFile.takeBack(folder.file("done"), to: path)
    try ResultFile.takeBack(folder.file("done"), to: path)
    #expect(try folder.names() == ["growing"])
  }

  @Test func `a file that lacks what the state counts is refused in a sentence`() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2], to: "growing")
    let error = #expect(throws: RunError.self) { try ResultFile(folder.file("growing"), keeping: 3) }
    #expect(error?.reason.hasPrefix("the file has 2 bytes, but the run had written 3") == true)
    #expect(folder.bytes("growing") == [1, 2])
  }

  @Test func `more than is held in memory comes to the file in order`() throws {
    let folder = try TemporaryFolder()
    let file = try ResultFile(folder.file("growing"), keeping: 0)
    let piece = (0..<700_001).map { UInt8(truncatingIfNeeded: $0) }
    for _ in 0..<4 { try file.append(piece) }
    #expect(try file.bytes(at: 700_000, count: 3) == [piece[700_000], 0, 1])
    try file.synchronize()
    #expect(folder.bytes("growing") == piece + piece + piece + piece)
  }
}
