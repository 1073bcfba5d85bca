import Foundation

extension JobSupervisor {
  /// Sees to it that so many bytes more fit into the home: the jobs that ended first are deleted where it would be over its limit.
  ///
  /// - Throws: ``JobError/noRoom(_:)`` where that does not suffice; nothing is deleted then.
  package func makeRoom(for bytes: Int) async throws(JobError) {
    try await ordered { [self] () throws(JobError) in try requireRoom(for: bytes) }
  }

  /// The same, on the queue.
  func requireRoom(for bytes: Int) throws(JobError) {
    if configuration.homeBytes > 0 { try keepLimit(adding: bytes) }
    guard let free = Disk.freeBytes(at: home.path), free < bytes || Disk.isFull(at: home.path) else { return }
    throw .noRoom(
      free >= bytes
        ? Disk.fullSentence
        : "\(Disk.fullSentence) \(bytes) bytes are needed, \(free) are free; a data set needs room for its archive and for its files.")
  }

  private func keepLimit(adding bytes: Int) throws(JobError) {
    let limit = configuration.homeBytes
    let taken = try home.otherBytes + promises.sum + store.read { [store] in try store.uploadedBytes(in: $0) }
    var surplus = taken + bytes - limit
    guard surplus > 0 else { return }
    var leaving: [Job] = []
    for job in try removable(store.read { [store] in try store.ended(in: $0) }) where surplus > 0 {
      surplus -= Disk.bytes(of: home.folder(of: job).path)
      leaving.append(job)
    }
    guard surplus <= 0 else {
      throw .noRoom(
        "The home folder holds \(taken) bytes and \(bytes) more are needed, but --max-home-bytes allows \(limit), "
          + "and the jobs that have ended and are not needed hold too little: delete data sets, models or jobs, or raise the limit.")
    }
    for job in leaving {
      try remove(job)
      say("The job \(job.id), which had ended, was deleted: the home folder was over the \(limit) bytes of --max-home-bytes.")
    }
  }

  /// Those of the jobs, which have ended, in whose files nothing lies that is needed: no model that is served and no data set.
  func removable(_ jobs: [Job]) throws(JobError) -> [Job] {
    guard !jobs.isEmpty else { return [] }
    let needed = try (filesInUse() + store.read { [store] in try store.foreignPaths(in: $0) }).compactMap(FileStatus.realPath)
    return jobs.filter { job in
      guard let folder = FileStatus.realPath(home.folder(of: job).path) else { return true }
      return !needed.contains { $0 == folder || $0.hasPrefix(folder + "/") }
    }
  }

  /// Lets an upload take so many bytes in all; asks for more at once than it needs now, since asking takes a while.
  func allow(_ upload: DatasetUpload, _ bytes: Int) throws(DatasetError) {
    guard bytes > upload.promised else { return }
    do throws(JobError) {
      try queue.sync { Result { () throws(JobError) in try promise(upload, bytes) } }.get()
    } catch {
      if case .noRoom(let sentence) = error { throw .noRoom(sentence) }
      throw .disk(error.description)
    }
  }

  /// Bytes that are promised beyond what is asked for.
  private static let promiseStep = 64 << 20

  private func promise(_ upload: DatasetUpload, _ bytes: Int) throws(JobError) {
    let more = bytes - upload.promised
    do throws(JobError) {
      try requireRoom(for: more + Self.promiseStep)
      upload.promised = bytes + Self.promiseStep
    } catch {
      guard case .noRoom = error else { throw error }
      try requireRoom(for: more)
      upload.promised = bytes
    }
  }
}
