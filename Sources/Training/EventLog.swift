import Foundation

/// A TensorBoard event file: `Event` messages (`tensorflow/core/util/event.proto`) as records of a TFRecord file
/// (`tensorflow/core/lib/io/record_writer.h`).
///
/// Every start of the process writes a file of its own. It begins with a session start at the step resumed from, which makes TensorBoard
/// drop what older files say of later steps.
package final class EventLog {
  private let file: AppendedFile
  private let now: @Sendable () -> Double

  /// Field numbers of `Event`, `SessionLog`, `Summary.Value` and `Summary.Image`.
  private enum Field {
    static let wallTime: UInt64 = 1
    static let step: UInt64 = 2
    static let fileVersion: UInt64 = 3
    static let summary: UInt64 = 5
    static let sessionLog: UInt64 = 7
    static let sessionStatus: UInt64 = 1
    static let summaryValue: UInt64 = 1
    static let tag: UInt64 = 1
    static let simpleValue: UInt64 = 2
    static let image: UInt64 = 4
    static let imageHeight: UInt64 = 1
    static let imageWidth: UInt64 = 2
    static let imageColorSpace: UInt64 = 3
    static let encodedImage: UInt64 = 4
  }

  private static let fileVersion = "brain.Event:2"
  private static let sessionStart = 1
  /// RGB.
  private static let colorChannels = 3

  /// Starts a file in `folder`, whose name is unique to the moment and the process.
  init(folder: String, resumingAfter step: Int, now: @escaping @Sendable () -> Double) throws(RunError) {
    self.now = now
    let moment = now()
    let host = ProcessInfo.processInfo.hostName
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    // TensorBoard reads the files of a folder in the order of their names, and of one second there may be several.
    let number = String(names.count)
    let order = String(repeating: "0", count: max(0, 6 - number.count)) + number
    file = try AppendedFile("\(folder)/events.out.tfevents.\(Int(moment)).\(order).\(host).\(getpid())")
    try append(step: 0) { $0.text(Field.fileVersion, Self.fileVersion) }
    // The first step that this session may write is the one after.
    try append(step: step + 1) { event in
      event.message(Field.sessionLog) { $0.integer(Field.sessionStatus, Self.sessionStart) }
    }
  }

  /// Every metric of the record as a scalar `phase/name`.
  package func append(_ record: MetricsRecord) throws(RunError) {
    for metric in record.metrics where metric.value.isFinite {
      try append(step: record.step) { event in
        event.message(Field.summary) { summary in
          summary.message(Field.summaryValue) { value in
            value.text(Field.tag, "\(record.phase.rawValue)/\(metric.name.rawValue)")
            value.float(Field.simpleValue, Float(metric.value))
          }
        }
      }
    }
  }

  /// An RGB picture, encoded as PNG.
  package func append(png: [UInt8], width: Int, height: Int, tag: String, step: Int) throws(RunError) {
    try append(step: step) { event in
      event.message(Field.summary) { summary in
        summary.message(Field.summaryValue) { value in
          value.text(Field.tag, tag)
          value.message(Field.image) { image in
            image.integer(Field.imageHeight, height)
            image.integer(Field.imageWidth, width)
            image.integer(Field.imageColorSpace, Self.colorChannels)
            image.data(Field.encodedImage, png)
          }
        }
      }
    }
  }

  private func append(step: Int, _ fields: (inout ProtocolBuffer) -> Void) throws(RunError) {
    var event = ProtocolBuffer()
    event.double(Field.wallTime, now())
    event.integer(Field.step, step)
    fields(&event)
    try file.append(Self.record(event.bytes))
  }

  /// Length, its checksum, the data, its checksum.
  static func record(_ data: [UInt8]) -> [UInt8] {
    let length = LittleEndian.bytes(UInt64(data.count))
    return length + LittleEndian.bytes(CRC32C.masked(of: length)) + data + LittleEndian.bytes(CRC32C.masked(of: data))
  }
}
