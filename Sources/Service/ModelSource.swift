/// A version of a model that can be loaded.
package struct ModelSource: Sendable {
  /// `[a-z0-9][a-z0-9._-]{0,63}`.
  package let name: String
  /// From 1.
  package let version: Int
  /// The file it is read from, where it is one.
  package let path: String?
  /// Reads, checks and warms the model; an error's description becomes the reason that listings show.
  package let load: @Sendable () async throws -> any InferenceEngine

  package init(name: String, version: Int, path: String? = nil, load: @escaping @Sendable () async throws -> any InferenceEngine) {
    self.name = name
    self.version = version
    self.path = path
    self.load = load
  }
}
