/// Classes told by folders, as torchvision's ImageFolder does it: the folders beside one another in which the images lie, in the order of
/// their names.
///
/// Folders that all images share are passed through first, so `train/<class>/images/1.jpg` has the classes. One folder alone is no class.
struct FolderLabels {
  let classNames: [String]
  /// One a path; -1 for an image beside the folders, or where there are no classes.
  let labels: [Int32]

  init(of paths: [ImagePath]) {
    guard var shared = paths.first?.folders else {
      (classNames, labels) = ([], [])
      return
    }
    for path in paths {
      let folders = path.folders
      let common = zip(shared, folders).prefix { $0 == $1 }.count
      if common < shared.count { shared = shared.prefix(common) }
    }
    let depth = shared.count
    let names = paths.map { $0.folders.dropFirst(depth).first }
    let distinct = Set(names.compactMap(\.self)).map { ImagePath(String($0)) }.sorted()
    guard distinct.count > 1 else {
      (classNames, labels) = ([], paths.map { _ in ImageSet.unlabelled })
      return
    }
    classNames = distinct.map(\.text)
    let places = Dictionary(uniqueKeysWithValues: zip(classNames.map { Substring($0) }, classNames.indices.map(Int32.init)))
    labels = names.map { name in name.flatMap { places[$0] } ?? ImageSet.unlabelled }
  }
}
