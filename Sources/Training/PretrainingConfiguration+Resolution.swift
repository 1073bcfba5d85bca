extension PretrainingConfiguration {
  /// The configuration after preset, file and assignments, a later one over an earlier.
  ///
  /// - Parameters:
  ///   - preset: One of ``presetNames``; `nil` is the defaults.
  ///   - file: A JSON object of groups, such as `{"mask": {"ratio": 0.5}}`; what it does not name stays.
  ///   - assignments: `group.key=value`, as `--set` takes them.
  /// - Throws: Every unknown key, wrong value and contradiction in one error.
  package static func resolved(
    preset: String? = nil, file: [UInt8]? = nil, assignments: [String] = []
  ) throws(PretrainingConfigurationError) -> PretrainingConfiguration {
    var configuration = PretrainingConfiguration()
    var faults: [String] = []
    if let preset {
      if let known = Self.preset(preset) { configuration = known } else { faults.append(unknown(preset: preset)) }
    }
    if let file {
      do throws(JSONFault) { faults += configuration.merge(try JSONValue(parsing: file)) } catch {
        faults.append("the file is not JSON: \(error)")
      }
    }
    faults += assignments.flatMap { configuration.assign($0) }
    // What the values contradict is worth saying only of the values that were meant.
    if faults.isEmpty { faults = configuration.faults }
    guard faults.isEmpty else { throw PretrainingConfigurationError(faults: faults) }
    return configuration
  }

  /// Takes over what a JSON object of groups names; a sentence for each key and value that cannot be.
  mutating func merge(_ json: JSONValue) -> [String] {
    guard case .object(let groups) = json else {
      return ["expected an object of groups such as {\"mask\": {\"ratio\": 0.5}}, found \(json.compact)"]
    }
    return groups.flatMap { group -> [String] in
      let options = PretrainingOption.all.filter { $0.group == group.name }
      guard !options.isEmpty else { return [Self.unknown(group: group.name)] }
      guard case .object(let members) = group.value else {
        return ["\(group.name): expected an object of options, found \(group.value.compact)"]
      }
      return members.compactMap { set("\(group.name).\($0.name)", to: $0.value) }
    }
  }

  /// Obeys one `group.key=value`.
  private mutating func assign(_ assignment: String) -> [String] {
    guard let sign = assignment.firstIndex(of: "=") else {
      return ["\(assignment): expected group.key=value, such as mask.ratio=0.5"]
    }
    let path = String(assignment[..<sign])
    let text = String(assignment[assignment.index(after: sign)...])
    let isText = PretrainingOption.all.first { $0.path == path }?.takesText ?? true
    let json = isText && text != "null" ? JSONValue.text(text) : (try? JSONValue(parsing: text.utf8)) ?? .text(text)
    return set(path, to: json).map { [$0] } ?? []
  }

  /// Sets one option, or says why not.
  private mutating func set(_ path: String, to value: JSONValue) -> String? {
    guard let option = PretrainingOption.all.first(where: { $0.path == path }) else { return Self.unknown(path: path) }
    return option.read(value, &self) ? nil : "\(path): expected \(option.allowed), found \(value.compact)"
  }

  private static func unknown(path: String) -> String {
    let group = String(path.prefix { $0 != "." })
    let siblings = PretrainingOption.all.filter { $0.group == group }.map(\.key)
    guard path.contains("."), !siblings.isEmpty else { return unknown(group: group) }
    return "\(path): there is no such option; \(group) has \(siblings.joined(separator: ", "))"
  }

  private static func unknown(group: String) -> String {
    "\(group): there is no such group; there are \(groupNames.joined(separator: ", "))"
  }

  private static func unknown(preset: String) -> String {
    "\(preset): there is no such preset; there are \(presetNames.joined(separator: ", "))"
  }

  /// In the order of the table.
  static var groupNames: [String] {
    PretrainingOption.all.reduce(into: []) { names, option in if names.last != option.group { names.append(option.group) } }
  }
}
