import Foundation
import Jobs

/// JSON that was written elsewhere, put in as it stands.
struct WrittenJSON: JSONWritable {
  let text: String

  func write(to json: inout JSONWriter) { json.literal(text) }
}

/// A job as `/jobs` shows it.
struct JobPayload: JSONWritable {
  let job: Job

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("id", job.id)
      json.member("kind", job.kind)
      json.member("name", job.name)
      json.member("state", job.state.rawValue)
      json.member("requested", job.requested?.rawValue)
      json.member("priority", job.priority)
      json.member("dataset", job.dataset)
      json.member("config", WrittenJSON(text: job.config))
      json.member("attempt", job.attempt)
      json.member("created_at", Timestamp.text(seconds: job.createdAt))
      json.member("started_at", job.startedAt.map(Timestamp.text(seconds:)))
      json.member("ended_at", job.endedAt.map(Timestamp.text(seconds:)))
      json.member("progress", Progress(progress: job.progress))
      json.member("metrics", job.progress.metrics.map(WrittenJSON.init))
      json.member("error", job.fault.map(Fault.init))
    }
  }

  private struct Progress: JSONWritable {
    let progress: JobProgress

    func write(to json: inout JSONWriter) {
      json.object { json in
        json.member("step", progress.step)
        json.member("steps", progress.steps)
        json.member("epoch", progress.epoch)
        json.member("epochs", progress.epochs)
        json.member("images_per_second", progress.imagesPerSecond)
        json.member("eta_seconds", progress.secondsLeft)
      }
    }
  }

  private struct Fault: JSONWritable {
    let fault: JobFault

    func write(to json: inout JSONWriter) {
      json.object { json in
        json.member("code", fault.code.rawValue)
        json.member("reason", fault.reason)
      }
    }
  }
}

/// A page of a list.
struct ListPayload<Item: JSONWritable & Sendable>: JSONWritable, Sendable {
  let items: [Item]
  /// What `after` is on the next page.
  let next: String?

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("data", items)
      json.member("next", next)
    }
  }
}

extension Timestamp {
  /// - Parameter seconds: Since 1970.
  static func text(seconds: Double) -> String { text(Date(timeIntervalSince1970: seconds)) }
}
