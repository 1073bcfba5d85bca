import Testing

@testable import Service

@Suite struct JSONReaderTests {
  private func floats(_ text: String) throws(JSONFault) -> [Float] {
    var reader = JSONReader(Array(text.utf8))
    var floats: [Float] = []
    try reader.floats(into: &floats)
    try reader.finish()
    return floats
  }

  private func skip(_ text: String) throws(JSONFault) {
    var reader = JSONReader(Array(text.utf8))
    try reader.skip()
    try reader.finish()
  }

  @Test func `reads numbers out of arrays of any depth, in order`() throws {
    #expect(try floats(" [[1, -2.5e1],[ 0.1 ],[]]") == [1, -25, 0.1])
    #expect(try floats("[]") == [])
  }

  @Test func `reads texts with every escape`() throws {
    var reader = JSONReader(Array(#""a\"\\\/\b\f\n\r\té😀é""#.utf8))
    #expect(try reader.text() == "a\"\\/\u{08}\u{0C}\n\r\té😀é")
  }

  @Test func `stops at the count it was given`() throws {
    var reader = JSONReader(Array(#"{"a":1}binary"#.utf8), count: 7)
    var value = 0
    try reader.object { (reader, _) throws(JSONFault) in value = try reader.integer() }
    try reader.finish()
    #expect(value == 1)
  }

  @Test(arguments: [#"{"a":[1,{"b":null}],"c":true,"d":"x"}"#, "-0.5E-3", "false", " [] "])
  func `passes over any value`(text: String) throws { try skip(text) }

  @Test(arguments: [
    "", "{", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{a:1}", "nul", "tru", "01", "+1", "1.", ".5", "1e", "-", "\"",
    "\"\\x\"",
    "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\u12g4\"", "\"\u{01}\"", "[1]x", "\u{FEFF}1",
    String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
  ])
  func `throws at what is no JSON, and never traps`(text: String) {
    #expect(throws: JSONFault.self) { try skip(text) }
  }

  @Test(arguments: ["[1e39]", "[\"1\"]", "[true]", "[[1],null]", "{}"])
  func `takes no number that is no finite float32`(text: String) {
    #expect(throws: JSONFault.self) { try floats(text) }
  }

  @Test func `throws at bytes that are no UTF-8`() {
    var reader = JSONReader([0x22, 0xFF, 0x22])
    #expect(throws: JSONFault.self) { try reader.text() }
  }
}
