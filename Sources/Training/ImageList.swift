import Glibc

/// A text file that names images, one a line: a path, relative to the list's folder, or `ARCHIVE!MEMBER`; then, after a space or tab, a
/// class.
///
/// A line that ends as an image's name does has no class, so that paths may hold spaces. Blank lines are passed over. Classes are ordered
/// by number where all are whole numbers, and by name otherwise; a label is a place in that order. A list may name any file its reader
/// may read, so only the user's own are opened.
struct ImageList {
  private let path: String
  private let folder: String
  private let lines: [Line]
  private let configuration: ImageSetConfiguration

  private struct Line {
    let number: Int
    let image: Substring
    let label: Substring?
  }

  private static let sniffedBytes = 4096
  private static let maximumBytes = 1 << 30
  /// How compressed archives and zip files begin; a tar has zero bytes among its first, text has none.
  private static let magics: [[UInt8]] = [
    [0x1F, 0x8B], Array("BZh".utf8), [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], [0x28, 0xB5, 0x2F, 0xFD], Array("PK".utf8) + [3, 4],
  ]

  /// Whether the file begins as a text does.
  static func isList(_ file: ByteFile) throws(ImageSetError) -> Bool {
    let start = try file.bytes(at: 0, count: min(file.byteCount, sniffedBytes))
    return !start.contains(0) && !magics.contains { start.starts(with: $0) }
  }

  init(_ file: ByteFile, configuration: ImageSetConfiguration) throws(ImageSetError) {
    guard file.byteCount <= Self.maximumBytes else {
      throw .imageTooLarge(name: file.path, byteCount: file.byteCount, limit: Self.maximumBytes)
    }
    let path = file.path
    self.path = path
    folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    self.configuration = configuration
    let text = String(decoding: try file.bytes(at: 0, count: file.byteCount), as: UTF8.self)
    lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.enumerated().compactMap { Self.line($1, number: $0 + 1) }
  }

  private static func line(_ text: Substring, number: Int) -> Line? {
    func trimmed(_ text: Substring) -> Substring {
      let start = text.drop { $0 == " " || $0 == "\t" }
      return start[...(start.lastIndex { $0 != " " && $0 != "\t" } ?? start.startIndex)]
    }
    guard text.contains(where: { $0 != " " && $0 != "\t" }) else { return nil }
    let whole = trimmed(text)
    guard !ImagePath.endsAsImage(whole), let gap = whole.lastIndex(where: { $0 == " " || $0 == "\t" }) else {
      return Line(number: number, image: whole, label: nil)
    }
    return Line(number: number, image: trimmed(whole[..<gap]), label: whole[whole.index(after: gap)...])
  }

  func images() throws(ImageSetError) -> ImageSet {
    guard !lines.isEmpty else { throw .noImages(path: path, ignored: IgnoredFiles()) }
    let classNames = Self.ordered(Set(lines.compactMap(\.label)))
    let places = Dictionary(uniqueKeysWithValues: zip(classNames.map { Substring($0) }, classNames.indices.map(Int32.init)))
    var archives: [String: [ImagePath: ImageSet.Place]] = [:]
    var entries: [ImageSet.Entry] = []
    for line in lines {
      let (path, place) = try place(of: line, archives: &archives)
      entries.append(ImageSet.Entry(path: path, place: place, label: line.label.flatMap { places[$0] } ?? ImageSet.unlabelled))
    }
    return ImageSet(
      classNames: classNames, ignored: IgnoredFiles(), entries: entries, maximumImageBytes: configuration.maximumImageBytes)
  }

  private static func ordered(_ names: Set<Substring>) -> [String] {
    let numbers = names.map { (number: Int($0), name: String($0)) }
    guard numbers.allSatisfy({ $0.number != nil }) else { return names.map { ImagePath(String($0)) }.sorted().map(\.text) }
    return numbers.sorted { ($0.number ?? 0, $0.name) < ($1.number ?? 0, $1.name) }.map(\.name)
  }

  /// Where a line's image is; each archive is opened once.
  private func place(
    of line: Line, archives: inout [String: [ImagePath: ImageSet.Place]]
  ) throws(ImageSetError) -> (ImagePath, ImageSet.Place) {
    let image = String(line.image)
    let (container, inner) = image.contains("!") ? ImageSet.split(ImageSet.joined(folder, image)) : (image, nil)
    guard let inner else { return (ImagePath(image), .file(folder: folder)) }
    if archives[container] == nil { archives[container] = try members(of: container, line: line.number) }
    guard let member = ImagePath(member: inner), let place = archives[container]?[member] else {
      throw .badLine(path: path, line: line.number, problem: "the archive \(container) has no image \(inner)")
    }
    return (member, place)
  }

  private func members(of container: String, line: Int) throws(ImageSetError) -> [ImagePath: ImageSet.Place] {
    do throws(ImageSetError) {
      let archive = try ImageArchive(ByteFile(path: container), configuration: configuration)
      let places = archive.members.map { ($0.path, ImageSet.Place.member(of: archive, offset: $0.offset, byteCount: $0.byteCount)) }
      return Dictionary(uniqueKeysWithValues: places)
    } catch { throw .badLine(path: path, line: line, problem: error.description) }
  }
}
