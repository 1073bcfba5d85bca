import Foundation

/// A model file that was found.
package struct ModelFile: Sendable, Hashable {
  /// `[a-z0-9][a-z0-9._-]{0,63}`.
  package let name: String
  /// From 1; the greatest is the newest.
  package let version: Int
  package let path: String

  /// `name@version`.
  package var identity: String { "\(name)@\(version)" }

  package init(name: String, version: Int, path: String) {
    self.name = name
    self.version = version
    self.path = path
  }
}

/// Finds the models that a configuration names.
package enum ModelDirectory {
  /// The model files of `configuration` and the name of the default one, or `nil` where none is named.
  ///
  /// - Throws: ``ConfigurationError`` where `--model` or `--models` leads nowhere.
  package static func find(_ configuration: ServiceConfiguration) throws(ConfigurationError) -> (files: [ModelFile], standard: String?) {
    var files: [ModelFile] = []
    if let folder = configuration.models { files = try scan(folder) }
    guard let model = configuration.model else { return (files, files.first?.name) }
    if files.contains(where: { $0.name == model }) { return (files, model) }
    guard FileManager.default.isReadableFile(atPath: model) else {
      let known =
        files.isEmpty ? "" : "; the models of \(configuration.models ?? "") are \(Set(files.map(\.name)).sorted().joined(separator: ", "))"
      throw ConfigurationError(
        description: "--model \(model) is neither a file that can be read nor the name of a model in --models\(known)")
    }
    let stem = name(ofFile: URL(fileURLWithPath: model).lastPathComponent)
    files.removeAll { $0.name == stem }
    return ([ModelFile(name: stem, version: 1, path: model)] + files, stem)
  }

  /// The folder that uploaded models are kept in: `--models`, else `models` in `--home`; `nil` where there is neither.
  package static func uploads(_ configuration: ServiceConfiguration) -> String? {
    configuration.models ?? configuration.home.map { $0 + "/models" }
  }

  /// The models of a folder, by name and version: `name.safetensors` or `name.pth` is version 1, `name/version.safetensors`
  /// or `name/version.pth` is `version`.
  package static func scan(_ folder: String) throws(ConfigurationError) -> [ModelFile] {
    var files: [ModelFile] = []
    for item in try list(folder) {
      let path = "\(folder)/\(item)"
      if let stem = stem(of: item), isName(stem) {
        files.append(ModelFile(name: stem, version: 1, path: path))
      } else if isName(item), let versions = try? list(path) {
        for version in versions {
          guard let number = stem(of: version).flatMap({ Numeral.integer($0, in: 1...Int(Int32.max)) }) else { continue }
          files.append(ModelFile(name: item, version: number, path: "\(path)/\(version)"))
        }
      }
    }
    var seen: Set<String> = []
    return files.sorted { ($0.name, $0.version, $0.path) < ($1.name, $1.version, $1.path) }
      .filter { seen.insert("\($0.name)@\($0.version)").inserted }
  }

  /// Whether `text` may name a model: `[a-z0-9][a-z0-9._-]{0,63}`.
  package static func isName(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, bytes.count <= 64, isAlphanumeric(first) else { return false }
    return bytes.allSatisfy { isAlphanumeric($0) || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains($0) }
  }

  private static func list(_ folder: String) throws(ConfigurationError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      throw ConfigurationError(description: "--models \(folder) is not a folder that can be read")
    }
  }

  private static func stem(of file: String) -> String? {
    [".safetensors", ".pth"].first(where: file.hasSuffix).map { String(file.dropLast($0.count)) }
  }

  /// The name that a file given by path is served under: its stem in lower case, other characters as hyphens.
  private static func name(ofFile file: String) -> String {
    let stem = file.split(separator: ".").dropLast().joined(separator: ".").lowercased()
    let text = String(stem.map { isName("a\($0)") ? $0 : "-" }.drop { !isName(String($0)) }.prefix(64))
    return isName(text) ? text : "model"
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
