package import Training

/// What a run of `hpm mine` does: its folder's `config.json`.
package struct MiningConfiguration: Hashable, Sendable {
  package var settings: MiningSettings
  package var origin: MiningOrigin

  private static let names = ["settings", "origin"]

  package init(_ settings: MiningSettings, of origin: MiningOrigin) {
    self.settings = settings
    self.origin = origin
  }

  /// Reads a run's `config.json` back.
  package init(readFrom folder: RunFolder) throws(RunError) {
    settings = MiningSettings()
    origin = MiningOrigin()
    guard let json = try? JSONValue(parsing: folder.configuration), case .object(let settings)? = json[Self.names[0]],
      case .object(let origin)? = json[Self.names[1]]
    else { throw RunError(path: folder.configurationPath, reason: "this is no configuration of hpm mine; nothing can be resumed here") }
    let faults =
      MiningOption.faults(MiningSettings.options, reading: settings, into: &self.settings)
      + MiningOption.faults(MiningOrigin.options, reading: origin, into: &self.origin)
    guard faults.isEmpty else {
      throw RunError(path: folder.configurationPath, reason: PretrainingConfigurationError(faults: faults).description)
    }
  }

  package var json: JSONValue {
    .object([
      JSONValue.Member(Self.names[0], settings.json),
      JSONValue.Member(Self.names[1], MiningOption.json(MiningOrigin.options, of: origin)),
    ])
  }
}
