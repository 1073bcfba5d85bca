import Foundation

/// A setting that cannot be: a sentence that names where it was set.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
  package let description: String
}

extension ServiceConfiguration {
  /// The configuration after flag, environment, file and default, in this order of precedence.
  ///
  /// - Parameters:
  ///   - flags: values by option name without hyphens in front (`max-images`).
  ///   - environment: the whole environment; other variables are not looked at, and a value of the form `tcp://…`, which Kubernetes sets for a service named `hpm`, is no value.
  ///   - file: values by key (`max_images`), as ``fileValues(_:)`` reads them.
  /// - Throws: ``ConfigurationError`` naming the flag, variable or key at fault.
  package static func resolved(
    flags: [String: String], environment: [String: String], file: [String: String]
  ) throws(ConfigurationError) -> ServiceConfiguration {
    try refuseUnknown(flags: flags, file: file)
    var configuration = ServiceConfiguration()
    configuration.home = defaultHome(environment)
    for option in ConfigurationOption.all {
      if let value = flags[option.name] {
        try set(option, to: value, from: option.flag, in: &configuration)
      } else if let value = environment[option.environmentVariable], !value.hasPrefix("tcp://") {
        try set(option, to: value, from: "the environment variable \(option.environmentVariable)", in: &configuration)
      } else if let value = file[option.fileKey] {
        try set(option, to: value, from: "the key \"\(option.fileKey)\" of the configuration file", in: &configuration)
      }
    }
    guard (configuration.tlsCertificate == nil) == (configuration.tlsKey == nil) else {
      throw ConfigurationError(description: "--tls-certificate and --tls-key belong together; give both of them, or none")
    }
    return configuration
  }

  /// The keys and values of a configuration file: one JSON object of texts, numbers and truth values.
  package static func fileValues(_ bytes: [UInt8]) throws(ConfigurationError) -> [String: String] {
    do {
      let scalars = try JSONDecoder().decode([String: Scalar].self, from: Data(bytes))
      return scalars.compactMapValues(\.text)
    } catch {
      throw ConfigurationError(
        description: "the configuration file is not one JSON object of texts and numbers, such as {\"port\": 8080}")
    }
  }

  /// The whole configuration as JSON, in the form that a configuration file has: what `--print-config` prints.
  package func printed() -> String {
    let lines = ConfigurationOption.all.map { option in
      "  \"\(option.fileKey)\": " + String(decoding: JSONWriter.bytes(of: option.show(self)), as: UTF8.self)
    }
    return "{\n" + lines.joined(separator: ",\n") + "\n}"
  }

  private static func refuseUnknown(flags: [String: String], file: [String: String]) throws(ConfigurationError) {
    let options = ConfigurationOption.all
    if let flag = flags.keys.sorted().first(where: { flag in !options.contains { $0.name == flag } }) {
      throw ConfigurationError(description: "there is no option --\(flag); hpm serve --help lists them")
    }
    if let key = file.keys.sorted().first(where: { key in !options.contains { $0.fileKey == key } }) {
      let known = options.map(\.fileKey).joined(separator: ", ")
      throw ConfigurationError(description: "the configuration file has the key \"\(key)\", but an option is one of: \(known)")
    }
  }

  private static func set(
    _ option: ConfigurationOption, to value: String, from place: String, in configuration: inout ServiceConfiguration
  ) throws(ConfigurationError) {
    guard option.read(value, &configuration) else {
      throw ConfigurationError(description: "\(place) is \"\(value)\", but must be \(option.allowed)")
    }
  }

  /// `$XDG_STATE_HOME/hpm`, else `~/.local/state/hpm` (XDG Base Directory Specification: a relative path there is no path).
  package static func defaultHome(_ environment: [String: String]) -> String? {
    if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/hpm" }
    return environment["HOME"].map { $0 + "/.local/state/hpm" }
  }
}

/// A value of a configuration file, as the text a flag would have.
private struct Scalar: Decodable {
  let text: String?

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      text = nil
    } else if let value = try? container.decode(Bool.self) {
      text = String(value)
    } else if let value = try? container.decode(Int.self) {
      text = String(value)
    } else if let value = try? container.decode(Double.self) {
      text = String(value)
    } else {
      text = try container.decode(String.self)
    }
  }
}
