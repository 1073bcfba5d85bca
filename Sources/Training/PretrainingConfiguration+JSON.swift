extension PretrainingConfiguration {
  /// Every option, defaults spelled out: what a run's `config.json` holds and `--config` reads back.
  package var json: JSONValue {
    .object(
      Self.groupNames.map { group in
        let options = PretrainingOption.all.filter { $0.group == group }
        return JSONValue.Member(group, .object(options.map { JSONValue.Member($0.key, $0.show(self)) }))
      })
  }

  /// A sentence for each option that has another value in `other`: what a resumed run is told that was meant to change.
  package func differences(from other: PretrainingConfiguration) -> [String] {
    PretrainingOption.all.compactMap { option in
      let (own, others) = (option.show(self), option.show(other))
      return own == others ? nil : "\(option.path) is \(own.compact), not \(others.compact)"
    }
  }
}

extension PretrainingConfiguration: Codable {
  package init(from decoder: any Decoder) throws {
    var configuration = PretrainingConfiguration()
    var faults = configuration.merge(try JSONValue(from: decoder))
    if faults.isEmpty { faults = configuration.faults }
    guard faults.isEmpty else { throw PretrainingConfigurationError(faults: faults) }
    self = configuration
  }

  package func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}
