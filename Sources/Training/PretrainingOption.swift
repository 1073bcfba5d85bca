/// One option of a pre-training run: a key of `--config`, of `--set` and of a run's `config.json`.
package struct PretrainingOption: Sendable {
  /// Group and key, such as `mask.alpha0`.
  package let path: String
  /// One sentence for the documentation.
  package let meaning: String
  /// What a value may be, in words.
  package let allowed: String
  /// Whether a text is meant as it stands; otherwise `--set` reads it as JSON.
  let takesText: Bool
  /// Sets the option; whether the value was an allowed one.
  let read: @Sendable (JSONValue, inout PretrainingConfiguration) -> Bool
  /// The option's value.
  let show: @Sendable (PretrainingConfiguration) -> JSONValue

  init<Value>(
    _ path: String, _ field: any WritableKeyPath<PretrainingConfiguration, Value> & Sendable, _ kind: OptionKind<Value>, _ meaning: String
  ) {
    self.path = path
    self.meaning = meaning
    allowed = kind.allowed
    takesText = kind.takesText
    read = { json, configuration in
      guard let value = kind.read(json) else { return false }
      configuration[keyPath: field] = value
      return true
    }
    show = { kind.show($0[keyPath: field]) }
  }

  /// The group, such as `mask`.
  package var group: String { String(path.prefix { $0 != "." }) }

  /// The key within its group, such as `alpha0`.
  package var key: String { String(path.drop { $0 != "." }.dropFirst()) }

  /// Every option with its default, meaning and allowed values, then every preset with what it sets otherwise: what
  /// `hpm pretrain --help-config` prints and `docs/configuration.md` says.
  package static func documentation() -> String {
    let defaults = PretrainingConfiguration()
    let options = all.map { "\($0.path) = \($0.show(defaults).compact)\n    \($0.meaning) Allowed: \($0.allowed).\n" }
    let presets = PretrainingConfiguration.presetNames.compactMap { name in
      PretrainingConfiguration.preset(name).map { "--preset \(name)\n    \(settings(of: $0, besides: defaults))\n" }
    }
    return (options + presets).joined()
  }

  private static func settings(of preset: PretrainingConfiguration, besides defaults: PretrainingConfiguration) -> String {
    let changed = all.filter { $0.show(preset) != $0.show(defaults) }
    return changed.isEmpty
      ? "The defaults." : changed.map { "\($0.path)=\($0.show(preset).string ?? $0.show(preset).compact)" }.joined(separator: " ")
  }
}
