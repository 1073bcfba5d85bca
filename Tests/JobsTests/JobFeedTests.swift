import Foundation
import Testing

@testable import Jobs

@Suite(.timeLimit(.minutes(1))) struct JobFeedTests {
  @Test func `wakes a follower at once, at changes of its job alone, and as time passes`() async {
    let feed = JobFeed()
    var own = feed.changes(of: "a").makeAsyncIterator()
    #expect(await own.next() == .change)
    feed.changed("b")
    feed.changed("a")
    feed.changed("a")
    #expect(await own.next() == .change)
    var beaten = feed.changes(of: "b", beat: 0.01).makeAsyncIterator()
    #expect(await beaten.next() == .change)
    #expect(await beaten.next() == .beat)
    #expect(await beaten.next() == .beat)
  }

  @Test func `ends every stream when it closes, and those that begin later at once`() async {
    let feed = JobFeed()
    var early = feed.changes(of: "a").makeAsyncIterator()
    _ = await early.next()
    feed.close()
    #expect(await early.next() == nil)
    var late = feed.changes(of: "a").makeAsyncIterator()
    #expect(await late.next() == .change)
    #expect(await late.next() == nil)
  }
}

@Suite struct GrowingFileTests {
  private let folder: TemporaryHome

  init() throws { folder = try TemporaryHome() }

  @Test func `gives whole lines once, and begins anew with a file that was replaced or cut`() throws {
    try folder.write(Array("one\ntwo\nthr".utf8), to: "log")
    var file = GrowingFile(folder.file("log"))
    #expect(file.read().lines == ["one", "two"])
    #expect(file.read().lines == [])
    let handle = try #require(FileHandle(forWritingAtPath: folder.file("log")))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("ee\n".utf8))
    try handle.close()
    #expect(file.read().lines == ["three"])
    #expect(file.position == 14)
    try folder.write(Array("one\n".utf8), to: "log")
    let (lines, isAnew) = file.read()
    #expect(lines == ["one"] && isAnew)
  }

  @Test func `the tail of a file is its last lines, whole or not`() throws {
    try folder.write(Array("one\ntwo\nthree".utf8), to: "log")
    #expect(FileTail.lines(folder.file("log"), count: 2) == ["two", "three"])
    #expect(FileTail.lines(folder.file("log"), count: 9) == ["one", "two", "three"])
    #expect(FileTail.lines(folder.file("none"), count: 9) == [])
  }
}
