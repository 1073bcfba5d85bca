package import Foundation
package import Logging

/// Writes the log: a line of words for people, or a JSON object a line for machines.
package struct ServiceLogHandler: LogHandler {
  /// What a line looks like.
  package enum Form: Sendable { case text, json }

  package var logLevel = Logger.Level.info
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  private let form: Form
  private let now: @Sendable () -> Date
  private let write: @Sendable ([UInt8]) -> Void

  /// - Parameters:
  ///   - write: Takes one whole line with its end.
  ///   - now: The time that stands in the lines.
  package init(
    _ form: Form, metadataProvider: Logger.MetadataProvider? = RequestContext.metadataProvider,
    now: @escaping @Sendable () -> Date = { Date() }, write: @escaping @Sendable ([UInt8]) -> Void = StandardErrorOutput.write
  ) {
    self.form = form
    self.metadataProvider = metadataProvider
    self.now = now
    self.write = write
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var values = event.metadata ?? [:]
    if let provided = metadataProvider?.get() { values.merge(provided) { nearer, _ in nearer } }
    values.merge(metadata) { nearer, _ in nearer }
    let line = LogLine(
      time: Timestamp.exactText(now()), level: event.level.rawValue, message: event.message.description,
      values: values.sorted { $0.key < $1.key }.map { ($0.key, LogLine.Value($0.value)) })
    switch form {
    case .text: write(Array(line.text.utf8))
    case .json: write(JSONWriter.bytes(of: line) + [UInt8(ascii: "\n")])
    }
  }
}

/// One line of the log.
private struct LogLine: JSONWritable {
  enum Value {
    case number(Double)
    case text(LogText)

    init(_ value: Logger.Metadata.Value) {
      switch value {
      case .stringConvertible(let number as Int): self = .number(Double(number))
      case .stringConvertible(let number as Double): self = .number(number)
      default: self = .text(LogText(value.description))
      }
    }
  }

  let time, level, message: String
  let values: [(name: String, value: Value)]

  /// Time, level and message, then `name=value`.
  var text: String {
    let pairs = values.map { name, value in
      switch value {
      case .number(let number): "\(name)=\(Self.number(number))"
      case .text(let text): "\(name)=\(text.word)"
      }
    }
    let sentence = LogText(message).quoted.dropFirst().dropLast()
    return ([time, level, String(sentence)] + pairs).joined(separator: " ") + "\n"
  }

  func write(to json: inout JSONWriter) {
    json.object { json in
      json.member("time", time)
      json.member("level", level)
      json.member("message", LogText(message))
      for (name, value) in values {
        switch value {
        case .number(let number): json.member(name, Literal(text: Self.number(number)))
        case .text(let text): json.member(name, text)
        }
      }
    }
  }

  private static func number(_ number: Double) -> String { Int(exactly: number).map { String($0) } ?? number.description }

  private struct Literal: JSONWritable {
    let text: String

    func write(to json: inout JSONWriter) { json.literal(text) }
  }
}
