/// The element types of the Open Inference Protocol that this service speaks.
enum TensorType: String, Sendable { case float32 = "FP32", truth = "BOOL", bytes = "BYTES" }

/// An output of the Open Inference Protocol: named numbers of a shape.
struct OutputTensor: Sendable {
  enum Content: Sendable {
    case floats([Float])
    /// 0 or 1 each.
    case truths([UInt8])
  }

  let name: String
  let shape: [Int]
  let content: Content

  var type: TensorType {
    switch content {
    case .floats: .float32
    case .truths: .truth
    }
  }

  /// The elements as the binary extension sends them: little-endian, without anything between them.
  var bytes: [UInt8] {
    switch content {
    case .floats(let values): values.withUnsafeBytes(Array.init)
    case .truths(let values): values
    }
  }

  /// Writes the tensor as JSON: with its elements, or, where they follow the JSON in binary, with how many bytes they are.
  func write(to json: inout JSONWriter, as form: TensorForm) {
    json.object { json in
      json.member("name", name)
      json.member("datatype", type.rawValue)
      json.member("shape", shape)
      switch (form, content) {
      case (.binary, _):
        let count = bytes.count
        json.member("parameters", object: { $0.member("binary_data_size", count) })
      case (.json, .floats(let values)): json.member("data", values)
      case (.json, .truths(let values)): json.member("data", values.map { $0 == 1 })
      }
    }
  }
}

/// Where the elements of a tensor stand: in the JSON, or behind it.
enum TensorForm: Sendable { case json, binary }
