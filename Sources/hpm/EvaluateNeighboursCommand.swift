import ArgumentParser
import Checkpoints
import Evaluation
import Foundation
import Kernels
import Training

/// `hpm evaluate knn`: which class the nearest training images tell, by DINO's protocol.
struct EvaluateNeighboursCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "knn", abstract: "Tell the classes of images by their nearest neighbours among the features of others.",
    discussion: """
      Features are the encoder's final tokens with all patches visible: the class token, or the mean of the patch tokens; for CLIP they \
      are projected. A file with no more than an encoder will do: timm's, DINO's, MAE's, CLIP's. Images are normalised with ImageNet's \
      mean and deviation. The k nearest training images by cosine vote with exp(similarity / 0.07). An image that has the model's size is taken as it is; of any other \
      the short side is brought to size / 0.875 and the middle taken, or with --fit stretch the whole is squashed. SET is a folder with \
      a folder for each class, an archive of such (tar, tar.gz, zip), ARCHIVE!FOLDER, or a list with a path and a class on each line.
      """)

  @OptionGroup var checkpoint: CheckpointOptions

  @Option(help: ArgumentHelp("The images that are known.", valueName: "SET"))
  var train: String

  @Option(help: ArgumentHelp("The images to be told.", valueName: "SET"))
  var test: String

  @Option(help: ArgumentHelp("How many neighbours vote; several, separated by commas.", valueName: "K"))
  var k = NeighbourSettings().counts.map(String.init).joined(separator: ",")

  @Option(help: "class, mean, or both where it is left out.")
  var features: FeatureKind?

  private var counts: [Int] { k.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 } }

  func validate() throws {
    guard counts.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("--k is \(k), but must be whole numbers from 1, separated by commas.")
    }
  }

  func run() async throws {
    let opened = try checkpoint.openEncoder()
    let sets = try labelledSets()
    let frame = ModelFrame(size: opened.imageSize, fit: checkpoint.fit)
    let (precision, threads) = (checkpoint.precision, checkpoint.threads)
    let streams = [sets.train, sets.test].map { ImageStream($0, as: frame, threads: threads) { StandardError.say($0) } }
    let kinds = features.map { [$0] } ?? FeatureKind.allCases
    let settings = NeighbourSettings(counts: counts)
    let answer = try await ComputeThread().run {
      let extraction = FeatureExtraction(try opened.tower(OneDNNOperations(precision: precision, threads: threads)))
      let progress = ProgressLine(total: streams.reduce(0) { $0 + $1.images.count })
      defer { progress.finish() }
      let tables = try streams.map { stream in
        try extraction.tables(of: stream, kinds: kinds) { count in for _ in 0..<count { progress.advance() } }
      }
      let operations = try OneDNNOperations(precision: .float32, threads: threads)
      return try NeighbourAnswer(kinds, training: tables[0], test: tables[1], operations: operations, settings, opened.weights.rawValue)
    }
    print(checkpoint.json ? answer.json : answer.text, terminator: "")
  }

  /// Both sets, the classes of the second counted as those of the first.
  private func labelledSets() throws -> (train: ImageSet, test: ImageSet) {
    let known = try ImageSet.open(train)
    let asked = try ImageSet.open(test)
    for (set, path) in [(known, train), (asked, test)] where set.classNames.isEmpty { throw EvaluationError.noClasses(path) }
    return (known, try asked.relabelled(known.classNames))
  }
}

extension FeatureKind: ExpressibleByArgument {}
