import Dispatch
import Foundation
import HTTP
import HTTPTypes
import Jobs
import Training

/// `POST /jobs/{id}/promote`: a checkpoint of a run becomes the newest version of a model, which is then loaded.
struct PromoteRoute: Sendable {
  private static let greatestBytes = 64 << 10

  let desk: JobDesk
  let models: ModelChangeRoute

  func answer(_ request: Request) async throws(Problem) -> Answer {
    _ = try request.uniqueQuery(knowing: [])
    let (name, checkpoint) = try await Self.order(request)
    let id = request.parameter("id")
    let folder = try await desk.obey { () throws(JobError) in try await desk.supervisor.folder(of: id) }
    guard let path = await Self.path(of: checkpoint, in: folder) else {
      let wanted = checkpoint.map { "no checkpoint \"\($0)\"" } ?? "no checkpoint yet"
      throw Problem(.notFound, "The job \(id) has \(wanted); GET /jobs/\(id)/files lists what it has.", parameter: "checkpoint")
    }
    guard let pieces = try? FilePieces(path) else {
      throw Problem(.notFound, "The checkpoint cannot be read; it may just have been replaced.")
    }
    let made = try await models.publish(name, pieces.count) { store, newest throws(Problem) in
      try await store.receive(name: name, after: newest) { try await pieces.next() }
    }
    _ = try await models.library.load(name)
    var answer = Answer(json: try models.library.payload("\(name)@\(made.source.version)"))
    answer.status = .created
    answer.fields[.location] = "/models/\(name)"
    return answer
  }

  private static func order(_ request: Request) async throws(Problem) -> (name: String, checkpoint: String?) {
    let json = try await JobOrderBody.json(request, upTo: greatestBytes)
    guard case .object(let members) = json, members.allSatisfy({ ["model", "checkpoint"].contains($0.name) }),
      let name = json["model"]?.string, json["checkpoint"].map({ $0.string != nil }) ?? true
    else {
      throw Problem(
        .malformedBody,
        "The body must be such as {\"model\": \"mine\", \"checkpoint\": \"epoch-0012.pth\"}; without checkpoint, the newest.",
        allowed: ["model", "checkpoint"])
    }
    guard ModelDirectory.isName(name) else {
      throw Problem(
        .invalidParameter, "\"\(name)\" is no name of a model.", parameter: "model", allowed: ["[a-z0-9][a-z0-9._-]{0,63}"])
    }
    return (name, json["checkpoint"]?.string)
  }

  /// The file of a checkpoint of that name, else of the newest; `nil` where there is none.
  private static func path(of checkpoint: String?, in folder: JobFolder) async -> String? {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder.checkpoints)) ?? []).filter { $0.hasSuffix(".pth") }
        // Names sort as the checkpoints came: `epoch-0012.pth` before `epoch-0012-step-00000731.pth`, once their ends are off.
        let newest = files.max { $0.dropLast(4) < $1.dropLast(4) }
        let chosen = checkpoint.map { wanted in files.contains(wanted) ? wanted : nil } ?? newest
        continuation.resume(returning: chosen.map { "\(folder.checkpoints)/\($0)" })
      }
    }
  }
}
