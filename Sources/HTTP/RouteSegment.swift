/// One segment of a route's template.
enum RouteSegment: Sendable, Equatable {
  case literal(String)
  case parameter(String)
  /// `{name...}`: all that is left of the path.
  case rest(String)

  /// `nil` for a parameter.
  var literalText: String? {
    if case .literal(let text) = self { text } else { nil }
  }

  static func parse(_ template: String) -> [RouteSegment] {
    precondition(template.hasPrefix("/"), "the route template \(template) must start with “/”")
    guard template != "/" else { return [] }
    let parts = template.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    return parts.enumerated().map { index, part in
      guard part.hasPrefix("{"), part.hasSuffix("}") else { return .literal(String(part)) }
      let name = part.dropFirst().dropLast()
      guard name.hasSuffix("...") else { return .parameter(String(name)) }
      precondition(index == parts.count - 1, "\(part) must be the last segment of \(template)")
      return .rest(String(name.dropLast(3)))
    }
  }

  /// The parameters where the path fits the template, else `nil`. A parameter is never empty.
  static func match(_ segments: [RouteSegment], _ path: [String]) -> [String: String]? {
    var parameters: [String: String] = [:]
    for (index, segment) in segments.enumerated() {
      guard index < path.count else { return nil }
      switch segment {
      case .literal(let text): guard path[index] == text else { return nil }
      case .parameter(let name):
        guard !path[index].isEmpty else { return nil }
        parameters[name] = path[index]
      case .rest(let name):
        parameters[name] = path[index...].joined(separator: "/")
        return parameters
      }
    }
    return segments.count == path.count ? parameters : nil
  }
}
