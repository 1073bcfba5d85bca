/// A job as a client asks for it.
package struct JobSubmission: Sendable, Hashable {
  package let kind: String
  package let name: String?
  /// The name of a data set.
  package let dataset: String
  /// A JSON object.
  package let config: String
  package let priority: Int

  package init(kind: String, name: String?, dataset: String, config: String, priority: Int) {
    self.kind = kind
    self.name = name
    self.dataset = dataset
    self.config = config
    self.priority = priority
  }
}

/// What a client calls its request, so that repeating it does nothing twice (draft-ietf-httpapi-idempotency-key-header).
package struct IdempotencyKey: Sendable, Hashable {
  package let text: String
  /// Tells the request from every other; the key stands for this one alone.
  package let request: String

  package init(_ text: String, request: String) {
    self.text = text
    self.request = request
  }
}

/// The answer to a submission.
package struct SubmissionAnswer: Sendable, Hashable {
  /// The job's.
  package let id: String
  package let body: [UInt8]
}
