/// What is left of a number of requests a minute; it comes back steadily, and a whole minute's requests may be used at once.
struct RequestAllowance: Sendable {
  private var left: Double
  private var moment: Double

  private static let minute = 60.0

  /// A whole minute's requests, at `now` in seconds.
  init(perMinute rate: Int, now: Double) { (left, moment) = (Double(rate), now) }

  /// Takes one request; where none is left, the seconds until the next.
  mutating func take(perMinute rate: Int, now: Double) -> Double? {
    left = min(left + (now - moment) * Double(rate) / Self.minute, Double(rate))
    moment = now
    guard left < 1 else {
      left -= 1
      return nil
    }
    return (1 - left) * Self.minute / Double(rate)
  }
}
