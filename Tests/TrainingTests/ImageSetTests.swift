import Foundation
import TestSupport
import Testing

@testable import Training

@Suite struct ImageSetTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func fill(_ names: [String]) throws {
    for (index, name) in names.enumerated() { try folder.write(SyntheticImage.png(index), to: name) }
  }

  private func names(_ set: ImageSet) -> [String] { set.entries.map(\.path.text) }

  private func labels(_ set: ImageSet) -> [Int?] { (0..<set.count).map { set.label(of: $0) } }

  @Test func `a folder's first folders are its classes, in the order of their names`() throws {
    try fill(["b/2.png", "b/deep/1.JPG", "a-b/0.png", "a/9.png", "a/10.WebP", "a/note.txt", "a/.hidden.png", ".cache/3.png"])
    let set = try ImageSet.open(folder.path)
    #expect(names(set) == ["a/10.WebP", "a/9.png", "a-b/0.png", "b/2.png", "b/deep/1.JPG"])
    #expect(set.classNames == ["a", "a-b", "b"])
    #expect(labels(set) == [0, 0, 1, 2, 2])
    #expect(set.ignored.otherFiles == 2)
    #expect(try set.bytes(of: 1) == SyntheticImage.png(3))
    #expect(set.name(of: 1) == folder.path + "/a/9.png")
  }

  @Test func `folders that all images share are no classes`() throws {
    try fill(["train/x/images/1.png", "train/y/images/2.png"])
    #expect(try ImageSet.open(folder.path).classNames == ["x", "y"])
    #expect(try ImageSet.open(folder.path + "!train/x").classNames == [])
    #expect(try labels(ImageSet.open(folder.path + "/train/x")) == [nil])
  }

  @Test func `an image beside the classes has none`() throws {
    try fill(["0.png", "x/1.png", "y/2.png"])
    #expect(try labels(ImageSet.open(folder.path)) == [nil, 0, 1])
  }

  @Test func `links are followed, but not in circles`() throws {
    try fill(["x/1.png", "y/2.png"])
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: folder.path + "/x/circle", withDestinationPath: folder.path)
    try manager.createSymbolicLink(atPath: folder.path + "/x/linked.png", withDestinationPath: folder.path + "/y/2.png")
    try manager.createSymbolicLink(atPath: folder.path + "/x/lost.png", withDestinationPath: folder.path + "/nowhere")
    let set = try ImageSet.open(folder.path)
    #expect(names(set) == ["x/1.png", "x/linked.png", "y/2.png"])
    #expect(set.ignored.linksAndDevices == 1)
  }

  @Test func `a folder without images, and none at all, are told`() throws {
    try folder.write([1], to: "notes/a.txt")
    var ignored = IgnoredFiles()
    ignored.otherFiles = 1
    #expect(throws: ImageSetError.noImages(path: folder.path, ignored: ignored)) { try ImageSet.open(folder.path) }
    let lost = folder.path + "/lost"
    #expect(throws: ImageSetError.unreadable(path: lost, reason: "No such file or directory")) { try ImageSet.open(lost) }
  }

  @Test func `a list gives paths with spaces, relative and absolute, and orders numbers by value`() throws {
    try fill(["in/my cat.png", "in/b.png", "c.png"])
    let text = "in/my cat.png 10\n\nin/b.png\t9\r\n\(folder.path)/c.png  10\nin/my cat.png\n"
    let list = try folder.write(Array(text.utf8), to: "list.txt")
    let set = try ImageSet.open(list)
    #expect(set.classNames == ["9", "10"])
    #expect(labels(set) == [1, 0, 1, nil])
    #expect(try (0..<4).map { try set.bytes(of: $0) } == [0, 1, 2, 0].map { SyntheticImage.png($0) })
  }

  @Test func `a list reads members of archives, and names the line that cannot be followed`() throws {
    try fill(["1.png"])
    let members = (0..<3).map { TestArchive.Member(name: "d/\($0).png", bytes: SyntheticImage.png($0 + 5)) }
    TestArchive.write(members, to: folder.path + "/a.tar")
    TestArchive.write(members, to: folder.path + "/b.tar.gz", compression: .gzip)
    let list = try folder.write(Array("a.tar!d/2.png wolf\nb.tar.gz!./d/0.png cat\n1.png cat".utf8), to: "list.txt")
    let set = try ImageSet.open(list)
    #expect(set.classNames == ["cat", "wolf"] && labels(set) == [1, 0, 0])
    #expect(try (0..<3).map { try set.bytes(of: $0) } == [7, 5, 0].map { SyntheticImage.png($0) })
    #expect(set.name(of: 0) == folder.path + "/a.tar!d/2.png")
    let bad = try folder.write(Array("1.png a\na.tar!d/3.png b".utf8), to: "bad.txt")
    #expect(
      throws: ImageSetError.badLine(path: bad, line: 2, problem: "the archive \(folder.path)/a.tar has no image d/3.png")
    ) { try ImageSet.open(bad) }
  }

  @Test func `labels are counted in another set's classes on request`() throws {
    try fill(["train/x/1.png", "train/y/2.png", "train/z/3.png", "val/y/4.png", "val/z/5.png"])
    let train = try ImageSet.open(folder.path + "/train")
    let validation = try ImageSet.open(folder.path + "/val")
    #expect(labels(validation) == [0, 1])
    #expect(try labels(validation.relabelled(train.classNames)) == [1, 2])
    #expect(throws: ImageSetError.unknownClass("x", known: 2)) { try train.relabelled(validation.classNames) }
  }

  @Test func `a list from a stranger, who could name any file, is refused where only archives are accepted`() throws {
    let list = try folder.write(Array("/etc/secret.png\n".utf8), to: "upload")
    let configuration = ImageSetConfiguration(sources: [.archive])
    let error = ImageSetError.sourceNotAccepted(path: list, found: .list, accepted: [.archive])
    #expect(throws: error) { try ImageSet.open(list, configuration: configuration) }
    #expect(error.description == "\(list) is no archive but a list, which is not accepted here")
    #expect(throws: ImageSetError.sourceNotAccepted(path: folder.path, found: .folder, accepted: [.archive])) {
      try ImageSet.open(folder.path, configuration: configuration)
    }
    TestArchive.write([TestArchive.Member(name: "1.png", bytes: SyntheticImage.png(1))], to: folder.path + "/a.tar")
    #expect(try ImageSet.open(folder.path + "/a.tar", configuration: configuration).count == 1)
  }

  @Test func `a file larger than allowed, or gone, is refused when it is read`() throws {
    try fill(["1.png", "2.png"])
    let set = try ImageSet.open(folder.path, configuration: ImageSetConfiguration(maximumImageBytes: 10))
    #expect(throws: ImageSetError.self) { try set.bytes(of: 0) }
    try FileManager.default.removeItem(atPath: folder.path + "/2.png")
    #expect(throws: ImageSetError.unreadable(path: folder.path + "/2.png", reason: "No such file or directory")) {
      try set.bytes(of: 1)
    }
  }
}

@Suite(.enabled(if: Fixtures.hasShared, "the shared images are not beside this clone"))
struct SharedImageSetTests {
  @Test(arguments: [
    ("tiny_imagenet_32_train.tar.gz", 100_000, 200), ("cifar10_jpeg.tar.gz!train", 50_000, 10), ("cifar10_jpeg.tar.gz!test", 10_000, 10),
    ("imagenette128/train", 9469, 10), ("imagenette128/val", 3925, 10), ("imagenet1k_one_per_class_256", 1000, 0),
  ])
  func `the shared sets open with their images and classes`(path: String, images: Int, classes: Int) throws {
    let set = try ImageSet.open(Fixtures.shared("data").path + "/" + path)
    #expect(set.count == images && set.classNames.count == classes)
    for index in [0, images / 2, images - 1] {
      let bytes = try set.bytes(of: index)
      #expect(bytes.starts(with: [0xFF, 0xD8]) && bytes.suffix(2) == [0xFF, 0xD9], "\(set.name(of: index))")
    }
  }
}
