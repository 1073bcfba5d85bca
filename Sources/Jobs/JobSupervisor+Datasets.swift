import Foundation

/// Why a data set was not taken: for what it is, or for what the home holds.
package enum DatasetRefusal: Error, Sendable, Hashable {
  case content(DatasetError)
  case state(JobError)
}

extension JobSupervisor {
  /// Begins to take an archive.
  ///
  /// - Parameter bytes: How many are to come, where that is known.
  package func beginUpload(_ name: String, expecting bytes: Int?) async throws(DatasetRefusal) -> DatasetUpload {
    try await taking { [self] () throws(DatasetRefusal) in
      do throws(DatasetError) {
        let upload = try DatasetUpload(name, in: home.uploads, expecting: bytes, configuration.archiveLimits, promises)
        // The archive, and what is unpacked of it: images hardly compress.
        if let bytes { try allow(upload, 2 * bytes) }
        return upload
      } catch { throw .content(error) }
    }
  }

  /// Takes a piece of an archive.
  package func append(_ bytes: [UInt8], to upload: DatasetUpload) async throws(DatasetRefusal) {
    try await taking { [self] () throws(DatasetRefusal) in
      do throws(DatasetError) {
        try allow(upload, upload.size + bytes.count)
        try upload.append(bytes)
      } catch {
        upload.discard()
        throw .content(error)
      }
    }
  }

  /// Unpacks and counts an archive that is whole, and makes it a data set, in the place of one of its name.
  package func finish(_ upload: DatasetUpload) async throws(DatasetRefusal) -> Dataset {
    let folder = "\(home.datasets)/\(upload.name).\(UUID().uuidString)"
    do throws(DatasetRefusal) {
      let (dataset, thumbnails) = try await taking { [self] () throws(DatasetRefusal) in
        do throws(DatasetError) { return try unpack(upload, into: folder) } catch { throw .content(error) }
      }
      return try await publish(dataset, thumbnails)
    } catch {
      _ = try? await reading { () throws(JobError) in try? FileManager.default.removeItem(atPath: folder) }
      throw error
    }
  }

  private func unpack(
    _ upload: DatasetUpload, into folder: String
  ) throws(DatasetError) -> (dataset: Dataset, thumbnails: [UInt8]?) {
    defer { upload.discard() }
    guard mkdir(folder, 0o755) == 0 else { throw .disk(folder, cannot: "make the folder", number: errno) }
    var unpacking = try ArchiveUnpacking.open(upload.path, into: folder, configuration.archiveLimits) { bytes throws(DatasetError) in
      try self.allow(upload, upload.size + bytes)
    }
    let outcome = try unpacking.run()
    let findings = try survey(folder, .upload)
    let dataset = Dataset(
      name: upload.name, origin: .upload, path: folder, count: findings.count, bytes: outcome.bytes, createdAt: store.now())
    return (dataset, findings.thumbnails)
  }

  /// Makes a data set of what lies at a path, in the place of one of its name.
  ///
  /// - Parameter roots: The folders that the operator allowed; symbolic links count as what they lead to.
  package func register(_ name: String, path: String, roots: [String]) async throws(DatasetRefusal) -> Dataset {
    let (dataset, thumbnails) = try await taking { [self] () throws(DatasetRefusal) in
      do throws(DatasetError) {
        let real = try Self.allowed(path, roots)
        let findings = try survey(real, .path)
        return (
          Dataset(name: name, origin: .path, path: real, count: findings.count, bytes: nil, createdAt: store.now()), findings.thumbnails
        )
      } catch { throw .content(error) }
    }
    return try await publish(dataset, thumbnails)
  }

  private static func allowed(_ path: String, _ roots: [String]) throws(DatasetError) -> String {
    guard !roots.isEmpty else { throw .forbidden("This server allows no paths; start it with --data-root FOLDER, or upload an archive.") }
    let allowed = roots.compactMap(FileStatus.realPath)
    guard path.hasPrefix("/"), let real = FileStatus.realPath(path),
      allowed.contains(where: { real == $0 || real.hasPrefix($0 == "/" ? $0 : $0 + "/") })
    else { throw .forbidden("There is nothing at \"\(path)\" that lies in one of the folders \(roots.joined(separator: ", ")).") }
    return real
  }

  private func publish(_ dataset: Dataset, _ thumbnails: [UInt8]?) async throws(DatasetRefusal) -> Dataset {
    do throws(JobError) {
      let replaced = try await ordered { [self] () throws(JobError) in
        try store.write { [store] database in
          let earlier = try store.dataset(dataset.name, in: database)
          let replaced = earlier.flatMap { $0.path == dataset.path ? nil : $0 }
          if let replaced { try store.requireUnused(replaced, in: database) }
          try store.replace(dataset, thumbnails: thumbnails, in: database)
          return replaced
        }
      }
      if let replaced { await removeFiles(of: replaced) }
    } catch { throw .state(error) }
    return dataset
  }

  /// Forgets a data set, and removes its files where they were uploaded.
  ///
  /// - Throws: ``JobError/unknownDataset(_:)``; ``JobError/inUse(_:)`` where a job that has not ended needs it.
  package func deleteDataset(_ name: String) async throws(JobError) {
    let dataset = try await ordered { [self] () throws(JobError) in
      try store.write { [store] database in
        guard let dataset = try store.dataset(name, in: database) else { throw JobError.unknownDataset(name) }
        try store.requireUnused(dataset, in: database)
        try store.delete(dataset, in: database)
        return dataset
      }
    }
    await removeFiles(of: dataset)
  }

  /// What stays is removed at the next start.
  private func removeFiles(of dataset: Dataset) async {
    guard dataset.origin == .upload else { return }
    _ = try? await reading { () throws(JobError) in try? FileManager.default.removeItem(atPath: dataset.path) }
  }

  /// - Throws: ``JobError/unknownDataset(_:)``.
  package func dataset(_ name: String) async throws(JobError) -> Dataset {
    let dataset = try await reading { [store] () throws(JobError) in try store.read { try store.dataset(name, in: $0) } }
    guard let dataset else { throw .unknownDataset(name) }
    return dataset
  }

  /// A picture of some of the images of a data set as a PNG file; `nil` where none of them decodes.
  ///
  /// - Throws: ``JobError/unknownDataset(_:)``.
  package func thumbnails(of name: String) async throws(JobError) -> [UInt8]? {
    try await reading { [store] () throws(JobError) in
      try store.read { database in
        guard try store.dataset(name, in: database) != nil else { throw JobError.unknownDataset(name) }
        return try store.thumbnails(of: name, in: database)
      }
    }
  }

  /// Data sets by name, those after `name`, one more than the limit where there are more.
  package func datasets(after name: String, limit: Int) async throws(JobError) -> [Dataset] {
    try await reading { [store] () throws(JobError) in try store.read { try store.datasets(after: name, limit: limit, in: $0) } }
  }

  /// Does `body`, which writes files for long, beside the queue.
  private func taking<Value: Sendable>(
    _ body: @escaping @Sendable () throws(DatasetRefusal) -> Value
  ) async throws(DatasetRefusal) -> Value {
    try await withCheckedContinuation { continuation in
      DispatchQueue.global(qos: .utility).async { continuation.resume(returning: Result(catching: body)) }
    }.get()
  }
}
