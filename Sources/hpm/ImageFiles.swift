import ArgumentParser
import Foundation
import HTTPTypes
import Service

/// The images a command is asked about, with the words of its query: shared by `predict` and `mask`.
struct ImageFiles {
  let paths: [String]
  let values: [String: String]
  let query: [(name: String, value: String)]

  private static let standardInput = "-"
  private static let formats = ["json", "png", "npy"]

  init(_ words: [String], options: [QueryOption]) throws {
    let flags = options.map(\.flag) + InferenceSession.modelFlags + ["--format", "--out"]
    let parsed = try OptionWords(words, flags: flags, switches: InferenceSession.modelSwitches)
    (paths, values) = (parsed.operands, parsed.values)
    let format = parsed.values["format"] ?? Self.formats[0]
    guard Self.formats.contains(format) else {
      throw ValidationError("--format is \(format), but must be one of \(Self.formats.joined(separator: ", ")).")
    }
    query =
      [("format", format)]
      + options.compactMap { option in parsed.values[String(option.flag.dropFirst(2))].map { (option.name, $0) } }
  }

  var format: String { values["format"] ?? Self.formats[0] }

  /// The options a command has beside its own words, for its help.
  static func help(_ options: [QueryOption]) -> String {
    let words = options.map { "  \($0.flag) VALUE\n      \($0.allowed) (default: \($0.standard))" }
    return """
      MODEL OPTIONS:
        --model FILE|NAME, --models FOLDER, --share FOLDER, --precision fp32|bf16|auto, --threads N, --max-image-pixels N,
        --weights auto|ema|student, --heads N, --decoder-heads N, --allow-non-finite
      QUERY OPTIONS (the same words as over HTTP):
      \(words.joined(separator: "\n"))
      """
  }

  /// Asks `route` about every image. One that fails is named on standard error, and the rest go on.
  func answerAll(route: String) async throws {
    let destination = try ResultDestination(out: values["out"], count: paths.count, format: format)
    let session = try await InferenceSession(values, needsModel: true)
    let progress = ProgressLine(total: paths.count)
    var failures = 0
    for (path, name) in zip(paths, Self.names(of: paths)) {
      do {
        let answer = try await session.ask(.post, route, query, body: try Self.bytes(of: path))
        try destination.write(answer, source: path, name: name, format: format)
      } catch let error as RefusedRequest {
        failures += 1
        progress.report("\(path): \(error.description)")
      } catch let error as UnreadableFile {
        failures += 1
        progress.report(error.description)
      }
      progress.advance()
    }
    progress.finish()
    guard failures > 0 else { return }
    throw paths.count == 1 ? ExitCode.failure : CommandFailure("\(failures) of \(paths.count) images failed.")
  }

  private static func bytes(of path: String) throws(UnreadableFile) -> [UInt8] {
    guard !isFolder(path) else { throw UnreadableFile(path: path, reason: "It is a folder; name the images in it.") }
    let data: Data
    do {
      let isStandardInput = path == standardInput
      data = try isStandardInput ? FileHandle.standardInput.readToEnd() ?? Data() : Data(contentsOf: URL(fileURLWithPath: path))
    } catch { throw UnreadableFile(path: path, reason: error.localizedDescription) }
    guard !data.isEmpty else { throw UnreadableFile(path: path, reason: "It is empty.") }
    return Array(data)
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// The results' file names without extension: the images' own, numbered where two are alike.
  private static func names(of paths: [String]) -> [String] {
    var seen: [String: Int] = [:]
    return paths.map { path in
      let stem = path == standardInput ? "stdin" : URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      let count = seen[stem, default: 0] + 1
      seen[stem] = count
      return count == 1 ? stem : "\(stem)-\(count)"
    }
  }
}

/// A file that a command was told to read, and cannot.
private struct UnreadableFile: Error, CustomStringConvertible {
  let path: String
  let reason: String

  var description: String { "\(path) cannot be read: \(reason)" }
}
