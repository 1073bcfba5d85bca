import Foundation
import Testing

@testable import Jobs

/// What the home may take, and which jobs go to keep it so.
@Suite(.timeLimit(.minutes(1))) struct HomeRoomTests {
  private let home: TemporaryHome
  /// Beside it the database, with its log, and the runs of the stand-in are small.
  private static let limit = 40_000_000

  init() throws { home = try TemporaryHome() }

  /// Runs a job to its end and leaves a large file in its run.
  private func finish(_ supervisor: JobSupervisor, leaving bytes: Int) async throws -> String {
    let id = try await supervisor.submit("finish")
    try await supervisor.wait(for: id, to: .succeeded)
    try home.write(holesOf: bytes, to: "home/jobs/\(id)/run/checkpoints/epoch-0009.pth")
    return id
  }

  private func ids(_ supervisor: JobSupervisor) async throws -> [String] {
    try await supervisor.jobs(JobFilter(limit: 100)).map(\.id).reversed()
  }

  @Test func `before a job starts, those that ended first go until the home is within its limit`() async throws {
    let supervisor = try await home.supervisor { $0.homeBytes = Self.limit }
    var all: [String] = []
    for _ in 1...3 { all.append(try await finish(supervisor, leaving: 15_000_000)) }
    all.append(try await finish(supervisor, leaving: 0))
    #expect(try await ids(supervisor) == Array(all[1...]))
    #expect(!FileManager.default.fileExists(atPath: home.file("home/jobs/\(all[0])")))
    #expect(FileManager.default.fileExists(atPath: home.file("home/jobs/\(all[1])/run/checkpoints/epoch-0009.pth")))
  }

  @Test func `what a served model, a data set or an unfinished job uses stays`() async throws {
    let first = try await home.supervisor()
    let served = try await finish(first, leaving: 30_000_000)
    let images = try await finish(first, leaving: 30_000_000)
    let paused = try await first.submit("work")
    try await first.wait(for: paused) { $0.progress.step == 1 }
    _ = try await first.pause(paused)
    try await first.wait(for: paused, to: .paused)
    _ = try await first.register("mined", path: home.file("home/jobs/\(images)/run/checkpoints"), roots: [home.path])
    await first.abandon()

    let second = try await home.supervisor(inUse: ["home/jobs/\(served)/run/checkpoints/epoch-0009.pth"]) {
      $0.homeBytes = Self.limit
      $0.lifetime = 0.001
    }
    await #expect(throws: JobError.self) { try await second.makeRoom(for: 0) }
    #expect(try await ids(second) == [served, images, paused])
    for id in [served, images] { await #expect(throws: JobError.self) { try await second.delete(id) } }
    try await second.deleteDataset("mined")
    try await second.makeRoom(for: 0)
    #expect(try await ids(second) == [served, paused])
  }

  @Test func `an order that cannot be met deletes nothing`() async throws {
    let supervisor = try await home.supervisor { $0.homeBytes = Self.limit }
    let id = try await finish(supervisor, leaving: 10_000_000)
    await #expect(throws: JobError.self) { try await supervisor.makeRoom(for: Self.limit) }
    #expect(try await ids(supervisor) == [id])
  }

  @Test func `a job without room waits in the queue, says why, and starts once there is some`() async throws {
    let supervisor = try await home.supervisor {
      $0.homeBytes = Self.limit
      $0.roomInterval = 0.05
    }
    let ballast = try home.write(holesOf: Self.limit, to: "home/models/large.pth")
    let id = try await supervisor.submit("finish")
    let waiting = try await supervisor.wait(for: id) { $0.fault != nil }
    #expect(waiting.state == .queued && waiting.fault?.code == .noRoom && waiting.attempt == 0)
    #expect(waiting.fault?.reason.contains("--max-home-bytes allows \(Self.limit)") == true, "\(waiting.fault?.reason ?? "")")
    try FileManager.default.removeItem(atPath: ballast)
    let done = try await supervisor.wait(for: id, to: .succeeded)
    #expect(done.fault == nil && done.failures == 0)
    #expect(try await supervisor.story(of: id).count { $0.contains("no_room") } == 1)
  }

  @Test func `a worker that finds the disk full is tried again later, however often`() async throws {
    let supervisor = try await home.supervisor {
      $0.roomInterval = 0.01
      $0.maximumAttempts = 2
    }
    let id = try await supervisor.submit("squeeze")
    let waiting = try await supervisor.wait(for: id) { $0.state == .queued && $0.attempt > 3 }
    #expect(waiting.fault == JobFault(.noRoom, "No space left on device") && waiting.failures == 0)
    try home.write([], to: "home/jobs/\(id)/run/room")
    try await supervisor.wait(for: id, to: .succeeded)
  }

  @Test func `an upload whose length is known is refused before its first byte`() async throws {
    let supervisor = try await home.supervisor { $0.homeBytes = Self.limit }
    await #expect(throws: DatasetRefusal.self) { try await supervisor.beginUpload("pets", expecting: Self.limit) }
    #expect(home.names(in: "home/uploads") == [])
    let upload = try await supervisor.beginUpload("pets", expecting: 10_000_000)
    await #expect(throws: DatasetRefusal.self) { try await supervisor.beginUpload("more", expecting: 10_000_000) }
    #expect(upload.promised >= 20_000_000)
  }

  @Test func `an upload is stopped where it, or what is unpacked of it, passes the limit, and leaves nothing`() async throws {
    let supervisor = try await home.supervisor { $0.homeBytes = Self.limit }
    for (format, count) in [(SampleArchive.Format.tar, 50_000_000), (.tar, 25_000_000), (.tarGzip, 50_000_000)] {
      SampleArchive.write(
        [SampleArchive.Member(name: "0.png", bytes: [UInt8](repeating: 0, count: count))], to: home.file("archive"), format: format)
      do throws(DatasetRefusal) {
        _ = try await supervisor.upload("pets", home.file("archive"))
        Issue.record("\(format) of \(count) bytes was taken")
      } catch {
        guard case .content(.noRoom(let sentence)) = error else { throw error }
        #expect(sentence.contains("--max-home-bytes allows \(Self.limit)"), "\(sentence)")
      }
      #expect(home.names(in: "home/datasets") == [] && home.names(in: "home/uploads") == [])
      // What was promised is forgotten with the upload, which whoever refused it may hold a moment longer.
      while supervisor.promises.sum != 0 { await Task.yield() }
    }
    SampleArchive.write([SampleArchive.Member(name: "0.png", bytes: [UInt8](repeating: 0, count: 10_000_000))], to: home.file("archive"))
    #expect(try await supervisor.upload("pets", home.file("archive")).bytes == 10_000_000)
  }

  @Test func `an upload takes the place of jobs that ended, and counts once it is a data set`() async throws {
    let supervisor = try await home.supervisor { $0.homeBytes = Self.limit }
    let id = try await finish(supervisor, leaving: 20_000_000)
    SampleArchive.write([SampleArchive.Member(name: "0.png", bytes: [UInt8](repeating: 0, count: 15_000_000))], to: home.file("archive"))
    _ = try await supervisor.upload("pets", home.file("archive"))
    await #expect(throws: JobError.unknownJob(id)) { try await supervisor.job(id) }
    await #expect(throws: JobError.self) { try await supervisor.makeRoom(for: 26_000_000) }
    try await supervisor.makeRoom(for: 15_000_000)
  }

  @Test func `what a worker was writing when it was killed is removed, at once and at the next start`() async throws {
    let first = try await home.supervisor()
    let id = try await first.submit("work")
    try await first.wait(for: id) { $0.progress.step == 1 }
    try home.write([1], to: "home/jobs/\(id)/run/states/.hpm-1f.partial")
    await first.process(of: id)?.signal(SIGKILL)
    try await first.wait(for: id) { $0.attempt == 2 }
    #expect(home.names(in: "home/jobs/\(id)/run/states") == [])
    _ = try await first.cancel(id)
    try await first.wait(for: id, to: .cancelled)
    await first.abandon()
    for name in [".hpm-2e.partial", "run/checkpoints/.hpm-3d.partial", "run/kept.partial"] {
      try home.write([1], to: "home/jobs/\(id)/\(name)")
    }
    _ = try await home.supervisor()
    #expect(!home.names(in: "home/jobs/\(id)").contains(".hpm-2e.partial"))
    #expect(!home.names(in: "home/jobs/\(id)/run/checkpoints").contains(".hpm-3d.partial"))
    #expect(home.names(in: "home/jobs/\(id)/run").contains("kept.partial"))
  }
}
