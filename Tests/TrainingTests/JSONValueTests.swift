import Foundation
import Tensors
import Testing

@testable import Training

@Suite struct JSONValueTests {
  private func complaint(_ text: String) -> String? {
    do throws(JSONFault) {
      _ = try JSONValue(parsing: text.utf8)
      return nil
    } catch { return error.description }
  }

  @Test func `reads every kind of value, in order, and writes it back`() throws {
    let text = #"{"b":[1,-0.5,1e-07,true,false,null,"a\"\\\n\u0001é😀"],"a":{},"c":[],"":9223372036854775807}"#
    let value = try JSONValue(parsing: text.utf8)
    #expect(value.compact == text)
    #expect(try JSONValue(parsing: value.pretty.utf8) == value)
    #expect(try JSONValue(parsing: #" "\u00e9\ud83d\ude00\/\b\f" "#.utf8) == .text("é😀/\u{08}\u{0C}"))
    #expect(try JSONValue(parsing: "9223372036854775808".utf8) == .number(0x1p63))
    #expect(value["a"] == .object([]) && value["d"] == nil && JSONValue.null["a"] == nil)
  }

  @Test(arguments: [
    ("", "line 1, column 1: expected a value"), ("{\"a\": 1,\n  \"b\": tru}", "line 2, column 8: expected a value"),
    ("[1,]", "line 1, column 4: expected a value"), ("[1 2]", "line 1, column 4: expected a comma or ]"),
    ("{} x", "line 1, column 4: expected the end"), ("{\"a\" 1}", "line 1, column 6: expected a colon"),
    ("{\"a\":1,\"a\":2}", "line 1, column 11: the name \"a\" stands twice in one object"),
    ("{a: 1}", "line 1, column 2: expected a name in quotation marks"), ("01", "line 1, column 2: expected the end"),
    ("-", "line 1, column 2: expected a digit"), ("1.", "line 1, column 3: expected a digit"), ("1e", "line 1, column 3: expected a digit"),
    ("1e999", "line 1, column 6: the number 1e999 is too great"), ("\"a", "line 1, column 3: the text does not end"),
    ("\"a\n\"", "line 1, column 3: a control character stands in a text"), (#""\x""#, "line 1, column 3: expected an escape"),
    (#""\u12g4""#, "line 1, column 4: expected four hexadecimal digits"),
    (#""\ud800a""#, "line 1, column 8: expected the other half of a surrogate pair"),
    (#""\udc00\udc00""#, "line 1, column 8: expected the other half of a surrogate pair"),
    ("NaN", "line 1, column 1: expected a value"),
  ])
  func `says where and why a text is not JSON`(text: String, expected: String) { #expect(complaint(text) == expected) }

  @Test func `neither depth nor bytes that are not UTF-8 harm`() {
    #expect(complaint(String(repeating: "[", count: 1_000_000))?.hasSuffix("more than 100 values lie within each other") == true)
    #expect(throws: JSONFault.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
    #expect(throws: JSONFault.self) { try JSONValue(parsing: [0xEF, 0xBB, 0xBF, 0x31]) }
  }

  @Test func `whichever byte of a configuration changes, it is read or refused`() throws {
    let whole = Array(PretrainingConfiguration().json.pretty.utf8)
    var random = SplitMix64(seed: 3)
    var refused = 0
    for _ in 0..<2_000 {
      var bytes = whole
      bytes[Int(random.next() % UInt64(whole.count))] = UInt8(truncatingIfNeeded: random.next())
      do throws(PretrainingConfigurationError) { _ = try .resolved(file: bytes) as PretrainingConfiguration } catch { refused += 1 }
    }
    #expect(refused > 1_000)
  }
}
