import Training

/// One member of a flat JSON configuration: its name, what it may be, and the field of `Configuration` that it sets.
package struct MiningOption<Configuration>: Sendable {
  package let name: String
  /// What a value may be, in words.
  package let allowed: String
  /// Sets the field; whether the value was an allowed one.
  private let read: @Sendable (JSONValue, inout Configuration) -> Bool
  private let show: @Sendable (Configuration) -> JSONValue

  init<Value>(_ name: String, _ field: any WritableKeyPath<Configuration, Value> & Sendable, _ kind: OptionKind<Value>) {
    self.name = name
    allowed = kind.allowed
    read = { json, configuration in
      guard let value = kind.read(json) else { return false }
      configuration[keyPath: field] = value
      return true
    }
    show = { kind.show($0[keyPath: field]) }
  }

  /// Sets what the members of an object say; a sentence for each that is unknown or not allowed.
  static func faults(_ options: [Self], reading members: [JSONValue.Member], into configuration: inout Configuration) -> [String] {
    members.compactMap { member in
      guard let option = options.first(where: { $0.name == member.name }) else {
        return "\(member.name): there is no such option; there are \(options.map(\.name).joined(separator: ", "))"
      }
      guard option.read(member.value, &configuration) else {
        return "\(member.name): expected \(option.allowed), found \(member.value.compact)"
      }
      return nil
    }
  }

  /// Every option with its value.
  static func json(_ options: [Self], of configuration: Configuration) -> JSONValue {
    .object(options.map { JSONValue.Member($0.name, $0.show(configuration)) })
  }
}
