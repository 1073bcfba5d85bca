/// A query parameter of an inference route as a command line sees it: the same word, the same values, the same default.
package struct QueryOption: Sendable, Hashable {
  /// As in the query, `max_side`.
  package let name: String
  /// What a value may be, in words.
  package let allowed: String
  /// What holds where the option is not given, in words.
  package let standard: String

  /// The flag, `--max-side`.
  package var flag: String { "--" + name.replacing("_", with: "-") }
}

extension QueryOption {
  /// Of `POST /predict-loss`.
  package static let predictLoss = options(.predictLoss)
  /// Of `POST /mask`.
  package static let imageMask = options(.postMask)
  /// Of `GET /mask` without an upload.
  package static let bareMask = options(.getMask).filter { $0.name != "image" }

  /// All but the model, which a command line names by its file, and the format, which it takes from no `Accept`.
  private static func options(_ table: QueryTable) -> [QueryOption] {
    table.parameters.filter { !["model", "format"].contains($0.name) }
      .map { QueryOption(name: $0.name, allowed: $0.allowed.joined(separator: ", "), standard: $0.standard) }
  }
}
