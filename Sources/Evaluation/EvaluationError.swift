/// Why something cannot be evaluated.
package enum EvaluationError: Error, Hashable, CustomStringConvertible {
  /// A checkpoint whose number of patches is no square.
  case notSquare(path: String, patches: Int)
  /// A checkpoint that reconstructs no pixels, so that the true loss is unknown.
  case reconstructsNoPixels(path: String)
  /// A set that tells of no classes.
  case noClasses(String)
  /// More neighbours than training images.
  case tooFewNeighbours(asked: Int, images: Int)

  package var description: String {
    switch self {
    case .notSquare(let path, let patches): "the \(patches) patches of \(path) make no square grid"
    case .reconstructsNoPixels(let path):
      "\(path) has no decoder that predicts pixels, so its true loss cannot be computed; name a checkpoint with its reconstructor"
    case .noClasses(let set):
      "\(set) tells of no classes; put the images of each class in a folder of its name, or write a list with a class after each path"
    case .tooFewNeighbours(let asked, let images): "\(asked) nearest neighbours are asked for, but there are \(images) training images"
    }
  }
}
