import ArgumentParser
import Foundation
import Service

/// `hpm predict`: what `POST /predict-loss` answers, of files.
struct PredictCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Predict which patches of images are hard to reconstruct.",
    usage: "hpm predict IMAGE… [--model FILE] [--format json|png|npy] [--out FILE|FOLDER] [options]",
    discussion: """
      IMAGE is a PNG, JPEG or WebP file, a NumPy file of pixels, or - for standard input. One result goes to standard output, or to --out; \
      several go into the folder --out, or as JSON to standard output, a line each, with the member "file" in front.

      \(ImageFiles.help(QueryOption.predictLoss))
      """)

  @Argument(parsing: .allUnrecognized, help: .hidden)
  var words: [String] = []

  func run() async throws {
    let files = try ImageFiles(words, options: QueryOption.predictLoss)
    guard !files.paths.isEmpty else { throw ValidationError("Name at least one image: hpm predict cat.jpg") }
    try await files.answerAll(route: "/predict-loss")
  }
}
