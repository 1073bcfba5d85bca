import ArgumentParser
import Foundation

/// Where a command's results go: standard output, a file, or a folder with one file a result.
enum ResultDestination {
  case standardOutput
  /// JSON objects, a line each, that say of which file they are.
  case lines
  case file(String)
  case folder(String)

  /// - Parameters:
  ///   - out: What `--out` says.
  ///   - count: How many results there will be.
  ///   - format: `json`, `png` or `npy`.
  init(out: String?, count: Int, format: String) throws {
    guard let out else {
      guard format == "json" || count == 1 else {
        throw ValidationError("Several results as \(format) need a folder to go to: --out FOLDER.")
      }
      guard format == "json" || isatty(STDOUT_FILENO) == 0 else {
        throw ValidationError("A terminal cannot show \(format); name a file with --out, or redirect the output.")
      }
      self = count == 1 ? .standardOutput : .lines
      return
    }
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: out, isDirectory: &isFolder)
    guard count > 1 || (exists && isFolder.boolValue) else {
      self = .file(out)
      return
    }
    do {
      try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    } catch { throw CommandFailure("The folder \(out) cannot be made: \(error.localizedDescription)") }
    self = .folder(out)
  }

  /// Writes one result; `source` is the file it was made of, `name` what a file of it is called without its extension.
  func write(_ bytes: [UInt8], source: String, name: String, format: String) throws {
    switch self {
    case .standardOutput: try Self.print(bytes + (format == "json" ? [UInt8(ascii: "\n")] : []))
    case .lines: try Self.print(Self.named(bytes, source) + [UInt8(ascii: "\n")])
    case .file(let path): try Self.save(bytes, path)
    case .folder(let folder): try Self.save(bytes, "\(folder)/\(name).\(format)")
    }
  }

  /// A JSON object with the member `file` in front.
  private static func named(_ object: [UInt8], _ source: String) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return try Array("{\"file\":".utf8) + Array(encoder.encode(source)) + Array(",".utf8) + object.dropFirst()
  }

  private static func save(_ bytes: [UInt8], _ path: String) throws {
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch { throw CommandFailure("\(path) cannot be written: \(error.localizedDescription)") }
  }

  private static func print(_ bytes: [UInt8]) throws { try FileHandle.standardOutput.write(contentsOf: Data(bytes)) }
}
