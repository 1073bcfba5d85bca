/// Chooses among the media types that a route can answer by the request's `Accept` (RFC 9110 §12.5.1).
package struct MediaTypeNegotiation: Sendable, Equatable {
  private struct Range: Sendable, Equatable {
    let type: String
    let subtype: String
    /// Thousandths, 0 to 1000.
    let quality: Int

    var specificity: Int { type == "*" ? 0 : subtype == "*" ? 1 : 2 }

    func includes(_ media: MediaType) -> Bool {
      (type == "*" || type == media.type) && (subtype == "*" || subtype == media.subtype)
    }
  }

  /// Ranges read at most; a longer list is an attack.
  private static let maximumRanges = 64
  static let wholeWeight = 1000

  private let ranges: [Range]

  /// Ranges that do not parse are left out; no `Accept`, or one without any valid range, takes everything.
  package init(accept: String?) {
    let elements = (accept ?? "").split(separator: ",").prefix(Self.maximumRanges)
    let parsed = elements.compactMap { Self.range(String($0)) }
    ranges = parsed.isEmpty ? [Range(type: "*", subtype: "*", quality: Self.wholeWeight)] : parsed
  }

  /// The offered type of the greatest quality, ties in the order offered; `nil` where the client takes none (406).
  package func best(of offered: [String]) -> String? {
    var best: (type: String, quality: Int)?
    for type in offered {
      let quality = quality(of: type)
      if quality > (best?.quality ?? 0) { best = (type, quality) }
    }
    return best?.type
  }

  /// 0 (not taken) to 1000: that of the most specific range that includes the type.
  package func quality(of offered: String) -> Int {
    guard let media = MediaType(offered) else { return 0 }
    let including = ranges.filter { $0.includes(media) }
    guard let specificity = including.map(\.specificity).max() else { return 0 }
    return including.first { $0.specificity == specificity }?.quality ?? 0
  }

  /// Whether a type is named itself, and not by a wildcard alone.
  package func names(_ offered: String) -> Bool {
    guard let media = MediaType(offered) else { return false }
    return ranges.contains { $0.quality > 0 && $0.type == media.type && $0.subtype == media.subtype }
  }

  private static func range(_ text: String) -> Range? {
    guard let media = MediaType(text), media.type != "*" || media.subtype == "*" else { return nil }
    guard let weight = media.parameters["q"] else { return Range(type: media.type, subtype: media.subtype, quality: wholeWeight) }
    return Self.weight(weight).map { Range(type: media.type, subtype: media.subtype, quality: $0) }
  }

  /// `qvalue` (RFC 9110 §12.4.2) in thousandths.
  static func weight(_ text: String) -> Int? {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"), bytes.count <= 5 else { return nil }
    guard bytes.count == 1 || (bytes[1] == UInt8(ascii: ".") && bytes[2...].allSatisfy(Octet.isDigit)) else { return nil }
    var thousandths = first == UInt8(ascii: "1") ? wholeWeight : 0
    var place = 100
    for digit in bytes.dropFirst(2) {
      thousandths += Int(digit - UInt8(ascii: "0")) * place
      place /= 10
    }
    return thousandths <= wholeWeight ? thousandths : nil
  }
}
