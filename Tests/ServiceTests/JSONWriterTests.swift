import Testing

@testable import Service

@Suite struct JSONWriterTests {
  private func text(_ value: some JSONWritable) -> String { String(decoding: JSONWriter.bytes(of: value), as: UTF8.self) }

  @Test(arguments: [Float(0.1), 1, -0.0, 1e-5, 16_777_216, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.333_333_34])
  func `writes a float in the shortest text that reads back as the same float`(value: Float) {
    let written = text(value)
    #expect(Float(written)?.bitPattern == value.bitPattern)
    #expect(written == value.description)
  }

  @Test func `does not widen a float32 to a double's digits`() {
    #expect(text(Float(0.1)) == "0.1")
  }

  @Test func `never writes a number that is not finite`() {
    #expect(text([Float.nan, .infinity, -.infinity]) == "[null,null,null]")
  }

  @Test func `escapes quotes, controls and what HTML would read`() {
    #expect(text("a\"b\\c\n\u{1}</é>") == #""a\"b\\c\n\u0001\u003c/é\u003e""#)
  }

  @Test func `keeps members in the order they were written`() {
    var json = JSONWriter()
    json.object { json in
      json.member("z", 1)
      json.member("a", [true, false])
      json.member("nothing", Int?.none)
      json.member("m", object: { $0.member("x", 0.5) })
    }
    #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"z":1,"a":[true,false],"nothing":null,"m":{"x":0.5}}"#)
  }

  @Test func `writes a grid row by row`() {
    #expect(text(Rows([UInt8(1), 2, 3, 4, 5, 6], columns: 3)) == "[[1,2,3],[4,5,6]]")
  }
}
