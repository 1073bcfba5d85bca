import Foundation
import GRDB
import Testing

@testable import Jobs

/// Data sets that are taken, and how they are kept.
@Suite(.timeLimit(.minutes(1))) struct DatasetTests {
  private let home: TemporaryHome

  init() throws { home = try TemporaryHome() }

  private static let members = [
    SampleArchive.Member(name: "cats", kind: .folder), SampleArchive.Member(name: "cats/0.png"),
    SampleArchive.Member(name: "./dogs/./1.png", bytes: [UInt8](repeating: 9, count: 3_000_000)), SampleArchive.Member(name: "2.png"),
  ]

  @Test(arguments: SampleArchive.Format.allCases)
  func `an archive is unpacked and counted`(_ format: SampleArchive.Format) async throws {
    let supervisor = try await home.supervisor()
    SampleArchive.write(Self.members, to: home.file("a"), format: format)
    let dataset = try await supervisor.upload("pets", home.file("a"))
    #expect(dataset.origin == .upload && dataset.bytes == 3_000_003)
    #expect(try await supervisor.dataset("pets") == dataset)
    let names = FileManager.default.subpaths(atPath: dataset.path)?.sorted()
    #expect(names == ["2.png", "cats", "cats/0.png", "dogs", "dogs/1.png"])
    #expect(FileManager.default.contents(atPath: dataset.path + "/dogs/1.png")?.count == 3_000_000)
    #expect(home.names(in: "home/uploads") == [])
  }

  @Test(arguments: SampleArchive.Format.allCases)
  func `files of the same bytes are one on the disk, each in its folder`(_ format: SampleArchive.Format) async throws {
    let supervisor = try await home.supervisor()
    let (large, other) = ([UInt8](repeating: 7, count: 2_500_000), [UInt8](repeating: 8, count: 2_500_000))
    let members = [
      ("cats/0.png", large), ("cats/1.png", large), ("dogs/0.png", large), ("dogs/1.png", other), ("dogs/2.png", large + [1]),
      ("none/0.png", []), ("none/1.png", []),
    ].map { SampleArchive.Member(name: $0.0, bytes: $0.1) }
    SampleArchive.write(members, to: home.file("a"), format: format)
    let dataset = try await supervisor.upload("pets", home.file("a"))
    #expect(dataset.bytes == 7_500_001)
    for member in members {
      #expect(FileManager.default.contents(atPath: "\(dataset.path)/\(member.name)") == Data(member.bytes), "\(member.name)")
    }
    let nodes = members.map { FileStatus(path: "\(dataset.path)/\($0.name)")?.node }
    #expect(nodes[0] == nodes[1] && nodes[0] == nodes[2] && Set(nodes).count == 5)
    #expect(home.names(in: "home/datasets/" + (home.names(in: "home/datasets").first ?? "")) == ["cats", "dogs", "none"])
  }

  @Test func `the picture of a data set is kept and goes with it`() async throws {
    let supervisor = try await home.supervisor()
    SampleArchive.write(Self.members, to: home.file("a"))
    for _ in 1...2 { _ = try await supervisor.upload("pets", home.file("a")) }
    #expect(try await supervisor.thumbnails(of: "pets") == FakeWorker.thumbnails)
    #expect(try await supervisor.dataset("pets").count.duplicates == 2)
    try await supervisor.deleteDataset("pets")
    await #expect(throws: JobError.unknownDataset("pets")) { try await supervisor.thumbnails(of: "pets") }
    let pictures = try supervisor.store.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM dataset_thumbnails") }
    #expect(pictures == 1, "that of the data set photos")
  }

  @Test func `another upload takes the place of the first, whose files go`() async throws {
    let supervisor = try await home.supervisor()
    SampleArchive.write(Self.members, to: home.file("a"))
    let first = try await supervisor.upload("pets", home.file("a"))
    let second = try await supervisor.upload("pets", home.file("a"))
    #expect(first.path != second.path && !FileManager.default.fileExists(atPath: first.path))
    #expect(try await supervisor.datasets(after: "", limit: 10).map(\.name) == ["pets", "photos"])
    try await supervisor.deleteDataset("pets")
    #expect(home.names(in: "home/datasets") == [])
    await #expect(throws: JobError.unknownDataset("pets")) { try await supervisor.dataset("pets") }
  }

  @Test func `what a job still needs is neither replaced nor deleted`() async throws {
    let supervisor = try await home.supervisor { $0.maximumRunning = 0 }
    SampleArchive.write(Self.members, to: home.file("a"))
    let dataset = try await supervisor.upload("pets", home.file("a"))
    let made = try await supervisor.submit(
      JobSubmission(kind: "fake", name: nil, dataset: "pets", config: "finish", priority: 0), key: nil
    ) { _ in [] }
    await #expect(throws: JobError.self) { try await supervisor.deleteDataset("pets") }
    await #expect(throws: DatasetRefusal.self) { try await supervisor.upload("pets", home.file("a")) }
    #expect(FileManager.default.fileExists(atPath: dataset.path))
    #expect(home.names(in: "home/datasets").count == 1)
    _ = try await supervisor.cancel(made.id)
    try await supervisor.deleteDataset("pets")
  }

  @Test func `files given by path are never deleted`() async throws {
    let supervisor = try await home.supervisor()
    try home.write([1], to: "images/0.png")
    let dataset = try await supervisor.register("mine", path: home.file("images"), roots: [home.path])
    try await supervisor.deleteDataset("mine")
    #expect(FileManager.default.fileExists(atPath: dataset.path + "/0.png"))
  }

  @Test func `a path must lie in an allowed folder, whatever links say`() async throws {
    let supervisor = try await home.supervisor()
    try FileManager.default.createSymbolicLink(atPath: home.file("images/out"), withDestinationPath: "/etc")
    for path in ["/etc", home.file("images/out"), home.file("images/../../.."), "images", home.file("nothing"), home.path + "x"] {
      await #expect(throws: DatasetRefusal.self, "\(path)") {
        try await supervisor.register("sly", path: path, roots: [home.file("images")])
      }
    }
    await #expect(throws: DatasetRefusal.self) { try await supervisor.register("sly", path: home.file("images"), roots: []) }
  }
}

/// Archives from hell: each is refused with its reason, and leaves nothing behind.
@Suite(.timeLimit(.minutes(1))) struct HostileArchiveTests {
  private let home: TemporaryHome

  init() throws { home = try TemporaryHome() }

  private func refusal(
    _ members: [SampleArchive.Member], _ format: SampleArchive.Format = .tar, _ change: (inout ArchiveLimits) -> Void = { _ in }
  ) async throws -> String {
    SampleArchive.write(members, to: home.file("archive"), format: format)
    return try await refusal(change)
  }

  /// What lies beside the home folder.
  private var outside: [String] {
    (FileManager.default.subpaths(atPath: home.path) ?? []).filter { $0 != "home" && !$0.hasPrefix("home/") }.sorted()
  }

  /// Why the file `archive` is refused; what lies outside the data set stays as it was.
  private func refusal(_ change: (inout ArchiveLimits) -> Void = { _ in }) async throws -> String {
    let before = outside
    var limits = ArchiveLimits()
    change(&limits)
    let supervisor = try await home.supervisor { [limits] in $0.archiveLimits = limits }
    defer { supervisor.home.release() }
    do throws(DatasetRefusal) {
      _ = try await supervisor.upload("hell", home.file("archive"))
      return "taken"
    } catch {
      #expect(home.names(in: "home/datasets") == [] && home.names(in: "home/uploads") == [])
      #expect(outside == before)
      guard case .content(let reason) = error else { return "\(error)" }
      return reason.description
    }
  }

  @Test(arguments: [
    "../0.png", "a/../../0.png", "/etc/0.png", "a\\..\\0.png", "a/\u{1}0.png", String(repeating: "a/", count: 40) + "0.png",
  ])
  func `a path that leads out, or nowhere, is refused`(_ name: String) async throws {
    #expect(try await refusal([SampleArchive.Member(name: "1.png"), SampleArchive.Member(name: name)]).contains("has the member"))
  }

  @Test(arguments: [SampleArchive.Member.Kind.symbolicLink, .hardLink])
  func `links are refused`(_ kind: SampleArchive.Member.Kind) async throws {
    let members = [
      SampleArchive.Member(name: "a/0.png"), SampleArchive.Member(name: "b", kind: kind), SampleArchive.Member(name: "b/0.png"),
    ]
    #expect(try await refusal(members).contains("has the link"))
  }

  @Test(arguments: [SampleArchive.Member.Kind.device, .pipe])
  func `devices and pipes are refused`(_ kind: SampleArchive.Member.Kind) async throws {
    #expect(try await refusal([SampleArchive.Member(name: "tty", kind: kind)]).contains("neither a file nor a folder"))
  }

  @Test func `two members of one name are refused`() async throws {
    #expect(try await refusal([SampleArchive.Member(name: "a"), SampleArchive.Member(name: "./a")]).contains("two members"))
    #expect(try await refusal([SampleArchive.Member(name: "a"), SampleArchive.Member(name: "a/b")]).contains("a file and a folder"))
  }

  @Test(arguments: [SampleArchive.Format.tarGzip, .zip])
  func `an archive that swells is stopped`(_ format: SampleArchive.Format) async throws {
    let members = [SampleArchive.Member(name: "0.png", bytes: [UInt8](repeating: 0, count: 8_000_000))]
    #expect(try await refusal(members, format) { $0.freeBytes = 1_000_000 }.contains("more than 20 times"))
  }

  @Test func `each limit is named`() async throws {
    let members = (0..<30).map { SampleArchive.Member(name: "\($0).png", bytes: [UInt8](repeating: 5, count: 1000)) }
    #expect(try await refusal(members) { $0.members = 20 }.contains("more than 20 members"))
    #expect(try await refusal(members) { $0.memberBytes = 999 }.contains("longer than 999 bytes"))
    #expect(try await refusal(members) { $0.unpackedBytes = 20_000 }.contains("more than 20000 bytes"))
    #expect(try await refusal(members) { $0.archiveBytes = 20_000 }.contains("longer than the 20000 bytes that --max-dataset-bytes"))
  }

  @Test(arguments: SampleArchive.Format.allCases)
  func `a truncated archive is refused`(_ format: SampleArchive.Format) async throws {
    var random = SystemRandomNumberGenerator()
    let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    SampleArchive.write([SampleArchive.Member(name: "0.png", bytes: noise)], to: home.file("archive"), format: format)
    let bytes = try #require(FileManager.default.contents(atPath: home.file("archive")))
    try home.write([UInt8](bytes.prefix(50_000)), to: "archive")
    #expect(try await refusal() != "taken")
  }

  @Test func `what is no archive is refused`() async throws {
    for bytes in [[], Array("hello, these are no images at all".utf8), [UInt8](repeating: 0xFF, count: 4096)] {
      try home.write(bytes, to: "archive")
      #expect(try await refusal() != "taken", "\(bytes.count) bytes")
    }
  }

  @Test func `an archive within an archive is a file like any other`() async throws {
    SampleArchive.write([SampleArchive.Member(name: "../0.png")], to: home.file("inner"))
    let inner = try #require(FileManager.default.contents(atPath: home.file("inner")))
    #expect(try await refusal([SampleArchive.Member(name: "inner.tar", bytes: [UInt8](inner))]) == "taken")
    #expect(home.names(in: "home/datasets").count == 1)
  }
}

extension JobSupervisor {
  /// Uploads a file in pieces.
  func upload(_ name: String, _ path: String) async throws(DatasetRefusal) -> Dataset {
    let upload = try await beginUpload(name, expecting: nil)
    var rest = (FileManager.default.contents(atPath: path) ?? Data())[...]
    while !rest.isEmpty {
      try await append([UInt8](rest.prefix(100_000)), to: upload)
      rest = rest.dropFirst(100_000)
    }
    return try await finish(upload)
  }
}
