import Foundation
import GRDB
import Testing

@testable import Jobs

/// Jobs whose worker is a shell script: their ways from the queue to their ends.
@Suite(.timeLimit(.minutes(1))) struct JobSupervisorTests {
  private let home: TemporaryHome

  init() throws { home = try TemporaryHome() }

  @Test func `a job runs, is followed and succeeds`() async throws {
    let supervisor = try await home.supervisor()
    let id = try await supervisor.submit("finish")
    let job = try await supervisor.wait(for: id, to: .succeeded)
    #expect(job.attempt == 1 && job.endedAt != nil && job.fault == nil)
    #expect(job.progress.step == 4 && job.progress.steps == 4 && job.progress.imagesPerSecond == 8)
    let story = try await supervisor.story(of: id)
    #expect(story.first == #"state {"attempt":0,"state":"queued"}"#)
    #expect(story.last == #"state {"attempt":1,"state":"succeeded"}"#)
    #expect(story.filter { $0.hasPrefix("metrics") }.count == 4)
    #expect(story.contains(#"checkpoint {"checkpoint":"epoch-0004.pth"}"#))
    #expect(story.contains { $0.hasPrefix("log") && $0.contains("Training goes on after step 0") })
  }

  @Test func `what the worker says of its failure is the job's reason`() async throws {
    let supervisor = try await home.supervisor()
    let failed = try await supervisor.submit("fail")
    #expect(try await supervisor.wait(for: failed, to: .failed).fault == JobFault(.failed, "the images are gone"))
    let spoken = try await supervisor.submit("speak")
    #expect(try await supervisor.wait(for: spoken, to: .failed).fault == JobFault(.failed, "the last word"))
    let diverged = try await supervisor.submit("diverge")
    #expect(try await supervisor.wait(for: diverged, to: .failed).fault == JobFault(.nonFinite, "the loss is not finite"))
    #expect(try await supervisor.job(diverged).attempt == 1)
  }

  @Test func `crashes and kills are told apart, tried again and given up`() async throws {
    let supervisor = try await home.supervisor { $0.maximumAttempts = 2 }
    let crashed = try await supervisor.wait(for: try await supervisor.submit("crash"), to: .failed)
    #expect(crashed.fault?.code == .crashed && crashed.attempt == 2)
    #expect(crashed.fault?.reason.contains("Segmentation fault") == true)
    let killed = try await supervisor.wait(for: try await supervisor.submit("vanish"), to: .failed)
    #expect(killed.fault?.code == .killed && killed.fault?.reason.contains("2 times") == true)
  }

  @Test func `an attempt that was killed is followed by one that finishes`() async throws {
    let supervisor = try await home.supervisor()
    let id = try await supervisor.submit("once")
    let job = try await supervisor.wait(for: id, to: .succeeded)
    #expect(job.attempt == 2 && job.progress.step == 2)
    let states = try await supervisor.story(of: id).filter { $0.hasPrefix("state") }
    #expect(states.count == 6 && states[2].contains("interrupted") && states[2].contains("killed") && states[3].contains("queued"))
  }

  /// As where a disk that is full lets neither the worker start nor the database note it.
  @Test func `a job that runs according to the database alone goes back to the queue`() async throws {
    let supervisor = try await home.supervisor { $0.maximumRunning = 0 }
    let id = try await supervisor.submit("finish")
    try await supervisor.ordered { [store = supervisor.store] () throws(JobError) in
      _ = try store.write { try store.begin(try store.job(id, in: $0), token: "of no process", in: $0) }
    }
    try await supervisor.wait(for: id, to: .queued)
    let states = try await supervisor.story(of: id).filter { $0.hasPrefix("state") }
    #expect(states.count == 4 && states[2].contains("interrupted") && states[2].contains("lost"), "\(states)")
  }

  @Test func `metrics that a resumed run writes again are told once`() async throws {
    let supervisor = try await home.supervisor { $0.maximumAttempts = 3 }
    let id = try await supervisor.submit("vanish")
    try await supervisor.wait(for: id, to: .failed)
    #expect(try await supervisor.story(of: id).filter { $0.hasPrefix("metrics") }.count == 1)
  }

  @Test func `jobs of higher priority start first, and no more run at once than allowed`() async throws {
    let supervisor = try await home.supervisor()
    let running = try await supervisor.submit("work")
    try await supervisor.wait(for: running) { $0.progress.step == 1 }
    let low = try await supervisor.submit("finish", priority: -1)
    let high = try await supervisor.submit("finish", priority: 1)
    _ = try await supervisor.cancel(running)
    let (first, second) = (
      try await supervisor.wait(for: high, to: .succeeded), try await supervisor.wait(for: low, to: .succeeded)
    )
    #expect((first.startedAt ?? 0) < (second.startedAt ?? 0))
  }

  @Test func `a worker has its own group, the lowest priority, a token, and no file of the server's`() async throws {
    let supervisor = try await home.supervisor()
    let id = try await supervisor.submit("environment")
    try await supervisor.wait(for: id, to: .succeeded)
    let run = "home/jobs/\(id)/run"
    #expect(home.text("\(run)/environment")?.contains("HPM_ATTEMPT=") == true)
    // SCHED_IDLE (proc(5), field 41).
    #expect(home.text("\(run)/policy") == "5\n")
    // Standard input, output and error, the lock, and the folder that ls reads.
    let files = home.text("\(run)/files")?.split(separator: "\n") ?? []
    #expect(files.count <= 5, "\(files)")
  }
}

/// Many jobs.
@Suite(.timeLimit(.minutes(1))) struct JobListTests {
  @Test func `a page of ten thousand finished jobs takes less than 20 milliseconds`() async throws {
    let home = try TemporaryHome()
    let supervisor = try await home.supervisor { $0.maximumRunning = 0 }
    let first = try await supervisor.submit("finish")
    try await supervisor.ordered { [store = supervisor.store] () throws(JobError) in
      try store.write { database in
        let job = try store.job(first, in: database)
        for number in 1..<10_000 {
          try database.execute(
            sql: """
              INSERT INTO job (id, kind, dataset, dataset_path, config, priority, state, created_at)
              SELECT ? || id, kind, dataset, dataset_path, config, priority, 'succeeded', created_at FROM job WHERE number = ?
              """, arguments: ["\(number)", job.number])
        }
      }
    }
    var filter = JobFilter(limit: 50)
    filter.state = .succeeded
    let wanted = filter
    var times: [Duration] = []
    for _ in 0..<15 {
      let start = ContinuousClock.now
      let page = try await supervisor.jobs(wanted)
      times.append(ContinuousClock.now - start)
      #expect(page.count == 51)
    }
    // The median: what else the machine does is not the list's time.
    #expect(times.sorted()[7] < .milliseconds(20), "\(times)")
  }
}

/// Orders to jobs.
@Suite(.timeLimit(.minutes(1))) struct JobOrderTests {
  private let home: TemporaryHome

  init() throws { home = try TemporaryHome() }

  @Test func `pause saves and stops, resume goes on`() async throws {
    let supervisor = try await home.supervisor()
    let id = try await supervisor.submit("work")
    try await supervisor.wait(for: id) { $0.progress.step == 1 }
    #expect(try await supervisor.pause(id).requested == .pause)
    let paused = try await supervisor.wait(for: id, to: .paused)
    #expect(paused.requested == nil && paused.endedAt == nil)
    #expect(try await supervisor.pause(id).state == .paused)
    _ = try await supervisor.resume(id)
    let resumed = try await supervisor.wait(for: id) { $0.progress.step == 2 }
    #expect(resumed.attempt == 2)
    _ = try await supervisor.cancel(id)
    try await supervisor.wait(for: id, to: .cancelled)
    #expect(try await supervisor.cancel(id).state == .cancelled)
    await #expect(throws: JobError.self) { try await supervisor.resume(id) }
  }

  @Test func `a queued job is paused and cancelled at once`() async throws {
    let supervisor = try await home.supervisor { $0.maximumRunning = 0 }
    let id = try await supervisor.submit("finish")
    #expect(try await supervisor.pause(id).state == .paused)
    #expect(try await supervisor.resume(id).state == .queued)
    #expect(try await supervisor.cancel(id).state == .cancelled)
  }

  @Test func `a worker that does not stop in time is killed`() async throws {
    let supervisor = try await home.supervisor { $0.stopGrace = 0.2 }
    let id = try await supervisor.submit("stubborn")
    try await supervisor.wait(for: id) { $0.progress.step == 1 }
    _ = try await supervisor.cancel(id)
    try await supervisor.wait(for: id, to: .cancelled)
  }

  @Test func `what has succeeded cannot be changed, only deleted with its files`() async throws {
    let supervisor = try await home.supervisor()
    let id = try await supervisor.submit("finish")
    try await supervisor.wait(for: id, to: .succeeded)
    for order in [supervisor.cancel, supervisor.pause, supervisor.resume] {
      await #expect(throws: JobError.self) { try await order(id) }
    }
    try await supervisor.delete(id)
    await #expect(throws: JobError.unknownJob(id)) { try await supervisor.job(id) }
    #expect(home.names(in: "home/jobs") == [])
  }

  @Test func `what has ended goes after its time, and nothing else does`() async throws {
    let supervisor = try await home.supervisor { $0.lifetime = 0.05 }
    let finished = try await supervisor.submit("finish")
    for await _ in supervisor.feed.changes(of: finished) where (try? await supervisor.job(finished)) == nil { break }
    let paused = try await supervisor.submit("work")
    _ = try await supervisor.pause(paused)
    try await supervisor.wait(for: paused, to: .paused)
    #expect(home.names(in: "home/jobs") == [paused])
    #expect(try await supervisor.job(paused).state == .paused)
  }

  @Test func `what has not ended is not deleted`() async throws {
    let supervisor = try await home.supervisor { $0.maximumRunning = 0 }
    let id = try await supervisor.submit("finish")
    await #expect(throws: JobError.self) { try await supervisor.delete(id) }
    #expect(try await supervisor.job(id).state == .queued)
  }

  @Test func `a wrong configuration, kind or data set is refused before anything is queued`() async throws {
    let supervisor = try await home.supervisor()
    await #expect(throws: JobError.wrongConfiguration(["a: expected a number", "b: there is no such option"])) {
      try await supervisor.submit("wrong")
    }
    await #expect(throws: JobError.unknownDataset("none")) {
      try await supervisor.submit(
        JobSubmission(kind: "fake", name: nil, dataset: "none", config: "finish", priority: 0), key: nil
      ) { _ in [] }
    }
    await #expect(throws: JobError.unknownKind("other", known: ["fake"])) {
      try await supervisor.submit(
        JobSubmission(kind: "other", name: nil, dataset: "photos", config: "finish", priority: 0), key: nil
      ) { _ in [] }
    }
    #expect(try await supervisor.jobs(JobFilter(limit: 10)).isEmpty)
  }

  @Test func `a key sent fifty times at once makes one job`() async throws {
    let supervisor = try await home.supervisor { $0.maximumRunning = 0 }
    let key = IdempotencyKey("night run", request: "a")
    let ids = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<50 { group.addTask { try await supervisor.submit("finish", key: key) } }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(ids.count == 1)
    #expect(try await supervisor.jobs(JobFilter(limit: 10)).count == 1)
    await #expect(throws: JobError.keyReused("night run")) {
      try await supervisor.submit("finish", key: IdempotencyKey("night run", request: "b"))
    }
  }
}
