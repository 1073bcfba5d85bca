import Foundation
import Testing

@testable import Training

@Suite struct ImageArchiveTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private let members = (0..<9).map { index in
    TestArchive.Member(
      name: "\(index % 2 == 0 ? "a" : "b")/" + String(repeating: "nested/", count: index * 2) + "\(index).png",
      bytes: SyntheticImage.png(index, width: 5 + index * 3))
  }

  private func written(
    _ members: [TestArchive.Member], _ format: TestArchive.Format, _ compression: TestArchive.Compression
  ) -> String {
    let path = "\(folder.path)/\(format).\(compression)"
    TestArchive.write(members, to: path, format: format, compression: compression)
    return path
  }

  @Test(arguments: TestArchive.Format.allCases, TestArchive.Compression.allCases)
  func `every format and compression gives the same images`(format: TestArchive.Format, compression: TestArchive.Compression) throws {
    guard format != .zip || compression == .none else { return }
    let set = try ImageSet.open(written(members, format, compression))
    let sorted = members.sorted { ImagePath($0.name) < ImagePath($1.name) }
    #expect(set.entries.map(\.path.text) == sorted.map(\.name))
    #expect(try (0..<set.count).map { try set.bytes(of: $0) } == sorted.map(\.bytes))
    #expect(set.classNames == ["a", "b"])
  }

  @Test func `a plain tar is read where it lies`() throws {
    let path = written(members, .pax, .none)
    let archive = try ImageArchive(ByteFile(path: path), configuration: ImageSetConfiguration(spoolFolder: "/nowhere"))
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    for member in archive.members {
      #expect(try archive.bytes(at: member.offset, count: member.byteCount) == Array(bytes[member.offset...].prefix(member.byteCount)))
    }
    #expect(archive.members.count == 9)
  }

  @Test(arguments: [TestArchive.Compression.none, .gzip])
  func `unsafe names, links, devices and other files are passed over and counted`(compression: TestArchive.Compression) throws {
    let picture = SyntheticImage.png(1)
    let hostile: [TestArchive.Member] = [
      .init(name: "a", kind: .folder), .init(name: "a/0.png", bytes: picture), .init(name: "/etc/1.png", bytes: picture),
      .init(name: "a/../../2.png", bytes: picture), .init(name: "a/3.png", kind: .symbolicLink), .init(name: "a/4.png", kind: .hardLink),
      .init(name: "a/5.png", kind: .device), .init(name: "a/words.txt", bytes: [1, 2]), .init(name: "a/._6.png", bytes: picture),
      .init(name: "./b//7.png", bytes: picture), .init(name: "a/0.png", bytes: SyntheticImage.png(2)),
    ]
    let set = try ImageSet.open(written(hostile, .ustar, compression))
    #expect(set.entries.map(\.path.text) == ["a/0.png", "b/7.png"])
    #expect(try set.bytes(of: 0) == SyntheticImage.png(2), "the later of two members counts")
    #expect(set.ignored.hostileNames == 2 && set.ignored.linksAndDevices == 3 && set.ignored.otherFiles == 2)
    #expect(set.ignored.replaced == 1 && set.ignored.total == 8)
  }

  @Test func `an image too large is passed over, and a copy too large is refused`() throws {
    let large = members[8].bytes.count
    for compression in [TestArchive.Compression.none, .gzip] {
      let path = written(members, .pax, compression)
      let set = try ImageSet.open(path, configuration: ImageSetConfiguration(maximumImageBytes: large - 1))
      #expect(set.count == 8 && set.ignored.oversized == 1)
    }
    let path = written(members, .pax, .gzip)
    #expect(throws: ImageSetError.spoolLimit(path: path, limit: large)) {
      try ImageSet.open(path, configuration: ImageSetConfiguration(maximumSpoolBytes: large))
    }
    #expect(throws: ImageSetError.spoolFailed(path: "/nowhere", reason: "No such file or directory")) {
      try ImageSet.open(path, configuration: ImageSetConfiguration(spoolFolder: "/nowhere"))
    }
  }

  @Test func `nothing is left in the folder of copies`() throws {
    let spool = folder.path + "/spool"
    try FileManager.default.createDirectory(atPath: spool, withIntermediateDirectories: true)
    let set = try ImageSet.open(written(members, .pax, .xz), configuration: ImageSetConfiguration(spoolFolder: spool))
    #expect(try FileManager.default.contentsOfDirectory(atPath: spool).isEmpty)
    #expect(try set.bytes(of: 0) == members[0].bytes)
  }

  @Test(arguments: [TestArchive.Compression.none, .gzip], TestArchive.Format.allCases)
  func `an archive cut anywhere throws or keeps whole images`(compression: TestArchive.Compression, format: TestArchive.Format) throws {
    let few = Array(members.prefix(3))
    let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: written(few, format, compression))))
    let expected = Set(few.map(\.bytes))
    for length in stride(from: 0, to: whole.count, by: 61) {
      let path = try folder.write(Array(whole[..<length]), to: "cut")
      guard let set = try? ImageSet.open(path), length > (compression == .none ? 512 : 4) else { continue }
      for index in 0..<set.count { #expect(try expected.contains(set.bytes(of: index)), "\(format) \(compression) cut at \(length)") }
    }
  }

  @Test(arguments: [TestArchive.Compression.none, .gzip], TestArchive.Format.allCases)
  func `flipped bytes throw or give bytes, and never trap`(compression: TestArchive.Compression, format: TestArchive.Format) throws {
    let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: written(Array(members.prefix(3)), format, compression))))
    for position in stride(from: 0, to: whole.count, by: 29) {
      var bytes = whole
      bytes[position] ^= UInt8(1 << (position % 8))
      let path = try folder.write(bytes, to: "flipped")
      guard let set = try? ImageSet.open(path) else { continue }
      for index in 0..<set.count { _ = try? set.bytes(of: index) }
    }
  }
}
