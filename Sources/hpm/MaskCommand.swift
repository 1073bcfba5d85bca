import ArgumentParser
import HTTPTypes
import Service

/// `hpm mask`: what `/mask` answers, of an image or of a bare grid.
struct MaskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mask", abstract: "Draw masks: of what is hard in an image, or by chance over a grid.",
    usage: "hpm mask [IMAGE…] [--ratio 0.75] [--strategy …] [--format json|png|npy] [--out FILE|FOLDER] [options]",
    discussion: """
      With an image the mask hides the patches with the greatest predicted loss; without one it is drawn by chance and needs no model.

      \(ImageFiles.help(QueryOption.bareMask))
      """)

  @Argument(parsing: .allUnrecognized, help: .hidden)
  var words: [String] = []

  func run() async throws {
    let files = try ImageFiles(words, options: QueryOption.bareMask)
    guard files.paths.isEmpty else { return try await files.answerAll(route: "/mask") }
    let session = try await InferenceSession(files.values, needsModel: files.values["model"] != nil)
    let destination = try ResultDestination(out: files.values["out"], count: 1, format: files.format)
    try destination.write(try await session.ask(.get, "/mask", files.query), source: "", name: "mask", format: files.format)
  }
}
