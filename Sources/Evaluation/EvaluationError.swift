/// Why something cannot be evaluated.
package enum EvaluationError: Error, Hashable, CustomStringConvertible {
  /// A checkpoint whose number of patches is no square.
  case notSquare(path: String, patches: Int)
  /// A checkpoint that reconstructs no pixels, so that the true loss is unknown.
  case reconstructsNoPixels(path: String)
  /// A set that tells of no classes.
  case noClasses(String)
  /// A loss, true or predicted, that is not a finite number; the image's path.
  case lossNotFinite(String)
  /// A set of which not one image could be read.
  case nothingReadable(images: Int)
  /// A run that cannot go on, because what it was begun on is not what is there now.
  case changedSince(what: String)
  /// More neighbours than training images.
  case tooFewNeighbours(asked: Int, images: Int)

  package var description: String {
    switch self {
    case .notSquare(let path, let patches): "the \(patches) patches of \(path) make no square grid"
    case .reconstructsNoPixels(let path):
      "\(path) has no decoder that predicts pixels, so its true loss cannot be computed; name a checkpoint with its reconstructor"
    case .noClasses(let set):
      "\(set) tells of no classes; put the images of each class in a folder of its name, or write a list with a class after each path"
    case .lossNotFinite(let image): "the loss of \(image) is not a finite number; look at the checkpoint's weights"
    case .nothingReadable(let images): "not one of the \(images) images could be read, so there is nothing to rank"
    case .changedSince(let what): "\(what) changed since the run was begun, and its results would mix; begin another run in a new folder"
    case .tooFewNeighbours(let asked, let images): "\(asked) nearest neighbours are asked for, but there are \(images) training images"
    }
  }
}
