/// Which jobs of a list are wanted.
package struct JobFilter: Sendable, Hashable {
  package var state: JobState?
  package var kind: String?
  /// Only those submitted before the job of this id.
  package var after: String?
  package var limit: Int

  package init(limit: Int) { self.limit = limit }
}
