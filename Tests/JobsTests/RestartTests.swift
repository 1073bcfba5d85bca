import Foundation
import GRDB
import Testing

@testable import Jobs

/// Servers that end while jobs run.
@Suite(.timeLimit(.minutes(1))) struct RestartTests {
  private let home: TemporaryHome

  init() throws { home = try TemporaryHome() }

  @Test func `a worker that outlives its server is adopted and obeys the next one`() async throws {
    var first: JobSupervisor? = try await home.supervisor()
    let id = try #require(try await first?.submit("work"))
    try await first?.wait(for: id) { $0.progress.step == 1 }
    await first?.abandon()
    first = nil

    let second = try await home.supervisor()
    #expect(try await second.job(id).state == .running)
    #expect(try await second.job(id).attempt == 1)
    _ = try await second.cancel(id)
    try await second.wait(for: id, to: .cancelled)
    #expect(home.text("home/jobs/\(id)/run/starts") == "started\n")
    #expect(try await second.story(of: id).filter { $0.hasPrefix("metrics") }.count == 1)
  }

  @Test func `a worker that was never noted is found by its token`() async throws {
    var first: JobSupervisor? = try await home.supervisor()
    let id = try #require(try await first?.submit("work"))
    try await first?.wait(for: id) { $0.progress.step == 1 }
    try await first?.forgetProcesses()
    await first?.abandon()
    first = nil

    let second = try await home.supervisor()
    _ = try await second.cancel(id)
    try await second.wait(for: id, to: .cancelled)
  }

  @Test func `a job whose worker died with its server is interrupted, queued and resumed`() async throws {
    var first: JobSupervisor? = try await home.supervisor()
    let id = try #require(try await first?.submit("work"))
    try await first?.wait(for: id) { $0.progress.step == 1 }
    let worker = try #require(await first?.process(of: id))
    await first?.abandon()
    first = nil
    worker.signal(SIGKILL)
    try FileLock.waitUntilFree(home.file("home/jobs/\(id)/worker.lock"))

    let second = try await home.supervisor()
    let job = try await second.wait(for: id) { $0.state == .running && $0.attempt == 2 }
    #expect(job.failures == 0)
    let states = try await second.story(of: id).filter { $0.hasPrefix("state") }
    #expect(states.contains { $0.contains("interrupted") && $0.contains("lost") })
    _ = try await second.cancel(id)
    try await second.wait(for: id, to: .cancelled)
  }

  @Test func `a job that finished while no server watched has succeeded`() async throws {
    var first: JobSupervisor? = try await home.supervisor()
    let id = try #require(try await first?.submit("work"))
    try await first?.wait(for: id) { $0.progress.step == 1 }
    let worker = try #require(await first?.process(of: id))
    await first?.abandon()
    first = nil
    worker.signal(SIGKILL)
    try FileLock.waitUntilFree(home.file("home/jobs/\(id)/worker.lock"))
    try home.write(Array(#"{"outcome":"finished","reason":null}"#.utf8), to: "home/jobs/\(id)/run/result.json")

    let second = try await home.supervisor()
    try await second.wait(for: id, to: .succeeded)
  }

  @Test func `leaving stops workers after their checkpoint, and the next server goes on`() async throws {
    var first: JobSupervisor? = try await home.supervisor()
    let id = try #require(try await first?.submit("work"))
    try await first?.wait(for: id) { $0.progress.step == 1 }
    await first?.leave(within: 30)
    let left = try await first?.job(id)
    #expect(left?.state == .interrupted && left?.fault?.code == .stopped)
    #expect(home.names(in: "home/jobs/\(id)/run/checkpoints") == ["epoch-0000-step-1.pth"])
    await first?.abandon()
    first = nil

    let second = try await home.supervisor()
    try await second.wait(for: id) { $0.progress.step == 2 }
    _ = try await second.cancel(id)
    try await second.wait(for: id, to: .cancelled)
  }

  @Test func `what was being made or deleted when a server ended is removed`() async throws {
    try home.write([1], to: "home/jobs/job-of-nobody/run/checkpoints/a")
    try home.write([1], to: "home/datasets/half.1/a")
    try home.write([1], to: "home/uploads/half")
    _ = try await home.supervisor()
    #expect(home.names(in: "home/jobs") == [] && home.names(in: "home/datasets") == [] && home.names(in: "home/uploads") == [])
  }
}

extension JobSupervisor {
  /// Does nothing more, as a server that was killed.
  func abandon() async {
    await withCheckedContinuation { continuation in
      queue.async { [self] in
        stopLooking()
        active = [:]
        home.release()
        continuation.resume()
      }
    }
  }

  /// Forgets what the database knows of workers' processes, as where the server ended between starting one and noting it.
  func forgetProcesses() async throws {
    try await ordered { [store] () throws(JobError) in try store.write { try $0.execute(sql: "UPDATE attempt SET pid = NULL") } }
  }

  func process(of id: String) async -> ProcessIdentity? {
    try? await ordered { [self] () throws(JobError) in active.values.first { $0.job.id == id }?.worker.process }
  }
}
