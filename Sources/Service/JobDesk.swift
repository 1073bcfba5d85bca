import HTTP
import HTTPTypes
package import Jobs
package import Logging

/// What the routes of jobs and data sets share.
package struct JobDesk: Sendable {
  package let supervisor: JobSupervisor
  /// Folders whose contents may be named as data sets.
  package let dataRoots: [String]
  let logger: Logger

  package init(_ supervisor: JobSupervisor, dataRoots: [String], logger: Logger) {
    self.supervisor = supervisor
    self.dataRoots = dataRoots
    self.logger = logger
  }

  /// Does `body`; an order that is not obeyed becomes the problem that the client sees.
  func obey<Value>(_ body: () async throws(JobError) -> Value) async throws(Problem) -> Value {
    do throws(JobError) { return try await body() } catch { throw Problem(error, logger) }
  }

  /// Sees to it that so many bytes more fit into the folder of `store`, where that lies in the home.
  func makeRoom(for bytes: Int, in store: ModelStore) async throws(Problem) {
    guard store.lies(in: supervisor.home.path) else { return }
    try await obey { () throws(JobError) in try await supervisor.makeRoom(for: bytes) }
  }

  /// Does `body`; what a data set is refused for becomes the problem that the client sees.
  func take<Value>(_ body: () async throws(DatasetRefusal) -> Value) async throws(Problem) -> Value {
    do throws(DatasetRefusal) { return try await body() } catch { throw Problem(error, logger) }
  }
}

extension Request {
  /// A parameter of the route's template.
  func parameter(_ name: String) -> String { parameters[name] ?? "" }

  /// The media type of the body, without its parameters.
  var contentType: String {
    let field = head.headerFields[.contentType] ?? ""
    return field.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
  }
}
