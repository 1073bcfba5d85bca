/// Image files in a fixed order, with a class each where the source tells one; nothing is decoded here.
///
/// The order is that of the paths (``ImagePath``) for folders and archives, and that of the lines for lists. Safe from any thread.
package struct ImageSet: Sendable {
  /// Where an image's bytes are.
  enum Place: Sendable {
    case file(folder: String)
    case member(of: ImageArchive, offset: Int, byteCount: Int)
  }

  struct Entry: Sendable {
    let path: ImagePath
    let place: Place
    /// A place in `classNames`, or -1.
    var label: Int32 = -1
  }

  static let unlabelled: Int32 = -1

  /// What the labels stand for; empty where the source tells of no classes.
  package let classNames: [String]
  /// What was passed over when the source was opened.
  package let ignored: IgnoredFiles
  let entries: [Entry]
  let maximumImageBytes: Int

  package var count: Int { entries.count }

  /// The image's class, a place in ``classNames``; `nil` where it has none.
  package func label(of index: Int) -> Int? { entries[index].label < 0 ? nil : Int(entries[index].label) }

  /// What the image is called in messages: its path, or `archive!member`.
  package func name(of index: Int) -> String {
    let entry = entries[index]
    return switch entry.place {
    case .file(let folder): Self.joined(folder, entry.path.text)
    case .member(let archive, _, _): "\(archive.path)!\(entry.path)"
    }
  }

  /// Where the image lies in its folder or archive, or as its list has it.
  package func path(of index: Int) -> String { entries[index].path.text }

  /// Tells the set from one of other images, or in another order: the checksum of all paths.
  package var checksum: UInt32 {
    var checksum = CRC32C()
    for entry in entries { checksum.update(Array("\(entry.path.text)\n".utf8).span.bytes) }
    return checksum.value
  }

  /// The bytes of the image's file.
  package func bytes(of index: Int) throws(ImageSetError) -> [UInt8] {
    let entry = entries[index]
    switch entry.place {
    case .file(let folder):
      let file = try ByteFile(path: Self.joined(folder, entry.path.text))
      guard file.byteCount <= maximumImageBytes else {
        throw .imageTooLarge(name: file.path, byteCount: file.byteCount, limit: maximumImageBytes)
      }
      return try file.bytes(at: 0, count: file.byteCount)
    case .member(let archive, let offset, let byteCount): return try archive.bytes(at: offset, count: byteCount)
    }
  }

  /// The images at `indices`, in that order, with the same classes.
  package func subset(_ indices: [Int]) -> ImageSet {
    ImageSet(classNames: classNames, ignored: ignored, entries: indices.map { entries[$0] }, maximumImageBytes: maximumImageBytes)
  }

  /// The same images with their labels counted in another set's classes, so that both can be compared; throws where it lacks one.
  package func relabelled(_ names: [String]) throws(ImageSetError) -> ImageSet {
    let places = Dictionary(zip(names, names.indices.map(Int32.init))) { first, _ in first }
    var translation: [Int32] = []
    for name in classNames {
      guard let place = places[name] else { throw .unknownClass(name, known: names.count) }
      translation.append(place)
    }
    let entries = entries.map { entry in
      Entry(path: entry.path, place: entry.place, label: entry.label < 0 ? Self.unlabelled : translation[Int(entry.label)])
    }
    return ImageSet(classNames: names, ignored: ignored, entries: entries, maximumImageBytes: maximumImageBytes)
  }

  static func joined(_ folder: String, _ path: String) -> String {
    path.hasPrefix("/") || folder.isEmpty ? path : folder.hasSuffix("/") ? folder + path : folder + "/" + path
  }
}
