import CArchive
import CZlib
import Foundation
import Tensors
import Testing

@testable import Jobs

/// Archives from hell in their real size, made on the fly, against the limits that the service has.
@Suite(.timeLimit(.minutes(5))) struct LargeArchiveTests {
  private let home: TemporaryHome
  private static let megabyte = 1 << 20

  init() throws { home = try TemporaryHome() }

  /// Why the file `archive` is refused, which must leave nothing behind; prints how long that took.
  private func refusal(_ what: String, _ change: (inout ArchiveLimits) -> Void = { _ in }) async throws -> String {
    var limits = ArchiveLimits()
    change(&limits)
    let supervisor = try await home.supervisor { [limits] in $0.archiveLimits = limits }
    let (before, start) = (FileManager.default.subpaths(atPath: home.path)?.count, ContinuousClock.now)
    do throws(DatasetRefusal) {
      _ = try await supervisor.upload("hell", home.file("archive"))
      return "taken"
    } catch {
      print("\(what): refused within \(ContinuousClock.now - start)")
      #expect(home.names(in: "home/datasets") == [] && home.names(in: "home/uploads") == [])
      #expect(FileManager.default.subpaths(atPath: home.path)?.count == before)
      guard case .content(let reason) = error else { return "\(error)" }
      return reason.description
    }
  }

  @Test(arguments: [SampleArchive.Format.zip, .tarGzip])
  func `a gibibyte out of a mebibyte is stopped`(_ format: SampleArchive.Format) async throws {
    let zeros = [UInt8](repeating: 0, count: 64 * Self.megabyte)
    SampleArchive.write((0..<16).map { SampleArchive.Member(name: "\($0).png", bytes: zeros) }, to: home.file("archive"), format: format)
    #expect(try await refusal("1 GiB of zeros").contains("more than 20 times its"))
  }

  @Test func `a zip whose members share their bytes is stopped`() async throws {
    try home.write(OverlappingArchive.zip(members: 200, of: Self.megabyte), to: "archive")
    let reason = try await refusal("200 members of one mebibyte that overlap")
    #expect(reason.contains("more than 20 times its"), "\(reason)")
  }

  @Test(arguments: [("", "but says it has 1099511627776"), ("!", "more than 20 times its")])
  func `a file of a tebibyte that is holes is stopped`(_ end: String, _ words: String) async throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: home.write(holesOf: 1 << 40, to: "holes.png")))
    try file.seekToEnd()
    try file.write(contentsOf: Data(end.utf8))
    try file.close()
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = ["tar", "--sparse", "-czf", home.file("archive"), "-C", home.path, "holes.png"]
    try tar.run()
    tar.waitUntilExit()
    try #require(tar.terminationStatus == 0)
    let reason = try await refusal("1 TiB of holes")
    #expect(reason.contains(words), "\(reason)")
  }

  @Test func `a million files are refused where the limit is passed`() async throws {
    MillionMembers.write(1_000_000, to: home.file("archive")) { "\($0 / 1000)/\($0).png" }
    #expect(try await refusal("1,000,000 files") { $0.members = 20_000 } == "The archive has more than 20000 members.")
  }

  @Test func `more members than the service takes are refused by its own limit`() async throws {
    MillionMembers.write(ArchiveLimits().members + 1, to: home.file("archive")) { _ in "a/" }
    #expect(try await refusal("\(ArchiveLimits().members + 1) members") == "The archive has more than 2000000 members.")
  }

  @Test(arguments: SampleArchive.Format.allCases)
  func `an archive that breaks off anywhere is refused`(_ format: SampleArchive.Format) async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("cut with seed \(seed)")
    var random = SplitMix64(seed: seed)
    let members = (0..<5).map { index in
      SampleArchive.Member(name: "\(index).png", bytes: (0..<3000).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }
    SampleArchive.write(members, to: home.file("whole"), format: format)
    let whole = try [UInt8](#require(FileManager.default.contents(atPath: home.file("whole"))))
    let supervisor = try await home.supervisor()
    for _ in 0..<50 {
      // A tar's members are told apart in steps of 512 bytes; cut between two of them it is a shorter one, not a broken one. Nor is it
      // broken where what ends it is cut, a few dozen bytes when they are compressed.
      let length = Int.random(in: 1..<min(5 * 3072, whole.count - 64), using: &random) | 1
      try home.write([UInt8](whole.prefix(length)), to: "archive")
      await #expect(throws: DatasetRefusal.self, "\(length) of \(whole.count) bytes") {
        try await supervisor.upload("hell", home.file("archive"))
      }
      #expect(home.names(in: "home/datasets") == [] && home.names(in: "home/uploads") == [])
    }
  }
}

/// Archives of many members, written without being held in memory.
private enum MillionMembers {
  /// A tar.gz of empty files; names that end in a slash are folders.
  static func write(_ count: Int, to path: String, named name: (Int) -> String) {
    open(path) { archive in
      let entry = archive_entry_new()
      defer { archive_entry_free(entry) }
      for index in 0..<count {
        archive_entry_clear(entry)
        archive_entry_set_pathname(entry, name(index))
        archive_entry_set_filetype(entry, name(index).hasSuffix("/") ? S_IFDIR : S_IFREG)
        archive_entry_set_perm(entry, 0o644)
        precondition(archive_write_header(archive, entry) == ARCHIVE_OK)
      }
    }
  }

  private static func open(_ path: String, _ body: (OpaquePointer?) -> Void) {
    let archive = archive_write_new()
    defer { archive_write_free(archive) }
    precondition(archive_write_set_format_pax_restricted(archive) == ARCHIVE_OK && archive_write_add_filter_gzip(archive) == ARCHIVE_OK)
    precondition(archive_write_set_options(archive, "gzip:compression-level=1") == ARCHIVE_OK)
    precondition(archive_write_open_filename(archive, path) == ARCHIVE_OK)
    body(archive)
    precondition(archive_write_close(archive) == ARCHIVE_OK)
  }
}

/// A zip whose every member holds the next one's header and bytes, as in D. Fifield, "A better zip bomb" (WOOT 2019), made by hand.
private enum OverlappingArchive {
  static func zip(members: Int, of size: Int) throws -> [UInt8] {
    var plain = [UInt8](repeating: 0, count: size)
    var data = try deflated(plain)
    var entries: [[UInt8]] = []
    var header: [UInt8] = []
    for index in (0..<members).reversed() {
      if !header.isEmpty {
        // A block of DEFLATE that is not compressed (RFC 1951 §3.2.4) takes the next header in.
        data = record([(0, 1), (header.count, 2), (~header.count, 2)]) + header + data
        plain = header + plain
      }
      let checksum = plain.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
      let name = Array("\(100_000 + index).png".utf8)
      // Version, flags, method, time and date, checksum, both sizes, the lengths of the name and of what follows it.
      let common = record([
        (20, 2), (0, 2), (8, 2), (0, 4), (Int(checksum), 4), (data.count, 4), (plain.count, 4), (name.count, 2), (0, 2),
      ])
      header = record([(0x0403_4B50, 4)]) + common + name
      // No comment, the first disk, no attributes, and where the member begins.
      let place = record([(0, 2), (0, 2), (0, 2), (0, 4), (index * (header.count + 5), 4)])
      entries.append(record([(0x0201_4B50, 4), (20, 2)]) + common + place + name)
    }
    let (file, directory) = (header + data, Array(entries.joined()))
    return file + directory
      + record([(0x0605_4B50, 4), (0, 4), (members, 2), (members, 2), (directory.count, 4), (file.count, 4), (0, 2)])
  }

  /// Numbers with how many bytes each takes, the low ones first.
  private static func record(_ fields: [(value: Int, bytes: Int)]) -> [UInt8] {
    fields.flatMap { field in (0..<field.bytes).map { UInt8(truncatingIfNeeded: field.value >> (8 * $0)) } }
  }

  /// Bytes as a zip stores them, out of one that libarchive made.
  private static func deflated(_ plain: [UInt8]) throws -> [UInt8] {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("hpm-zeros-\(UUID().uuidString).zip").path
    defer { unlink(path) }
    SampleArchive.write([SampleArchive.Member(name: "0", bytes: plain)], to: path, format: .zip)
    let bytes = [UInt8](FileManager.default.contents(atPath: path) ?? Data())
    func number(_ offset: Int, _ count: Int) -> Int { (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }
    // The directory's entry says what the header before the data leaves to what follows it.
    guard let entry = bytes.indices.last(where: { $0 + 46 <= bytes.count && number($0, 4) == 0x0201_4B50 }) else { throw POSIXError(.EIO) }
    let start = 30 + number(26, 2) + number(28, 2)
    return Array(bytes[start..<start + number(entry + 20, 4)])
  }
}
