/// A request of the Open Inference Protocol, read but not yet understood: <https://github.com/kserve/open-inference-protocol> and Triton's
/// binary tensor data extension.
struct InferRequest: Sendable {
  /// A parameter's value, as a query would write it.
  typealias Parameters = [(name: String, value: String)]

  struct Input: Sendable {
    enum Content: Sendable {
      case none
      case floats([Float])
      case texts([String])
      /// As many bytes behind the JSON.
      case binary(Int)
    }

    var name = ""
    var type = ""
    var shape: [Int] = []
    var content = Content.none
  }

  struct Output: Sendable {
    var name = ""
    /// `nil` follows the request's `binary_data_output`.
    var form: TensorForm?
  }

  var id: String?
  var parameters: Parameters = []
  var inputs: [Input] = []
  /// Empty where the request does not name any.
  var outputs: [Output] = []

  /// A request that says nothing.
  init() {}

  /// Reads the JSON at the start of a body, `count` bytes of it.
  init(_ body: [UInt8], count: Int) throws(JSONFault) {
    var reader = JSONReader(body, count: count)
    try reader.object { (reader, name) throws(JSONFault) in
      switch name {
      case "id": id = try reader.text()
      case "parameters": parameters = try Self.parameters(&reader)
      case "inputs": try reader.array { (reader) throws(JSONFault) in inputs.append(try Input(&reader)) }
      case "outputs": try reader.array { (reader) throws(JSONFault) in outputs.append(try Output(&reader)) }
      default: throw reader.fault("\"\(name)\" is no member of an inference request")
      }
    }
    try reader.finish()
  }

  fileprivate static func parameters(_ reader: inout JSONReader) throws(JSONFault) -> Parameters {
    var parameters: Parameters = []
    try reader.object { (reader, name) throws(JSONFault) in
      switch try reader.kind() {
      case .text: parameters.append((name, try reader.text()))
      case .number: parameters.append((name, try reader.numeral()))
      case .truth: parameters.append((name, try reader.truth() ? "true" : "false"))
      case .object, .array, .null: throw reader.fault("the parameter \"\(name)\" is no text, number or truth value")
      }
    }
    return parameters
  }
}

extension InferRequest.Input {
  fileprivate init(_ reader: inout JSONReader) throws(JSONFault) {
    try reader.object { (reader, member) throws(JSONFault) in
      switch member {
      case "name": name = try reader.text()
      case "datatype": type = try reader.text()
      case "shape": try reader.array { (reader) throws(JSONFault) in shape.append(try reader.integer()) }
      case "data":
        guard case .none = content else { throw reader.fault("an input has both data and binary_data_size") }
        content = try Self.data(&reader)
      case "parameters": try readParameters(&reader)
      default: throw reader.fault("\"\(member)\" is no member of an input")
      }
    }
  }

  private mutating func readParameters(_ reader: inout JSONReader) throws(JSONFault) {
    for (parameter, value) in try InferRequest.parameters(&reader) {
      guard parameter == "binary_data_size" else { throw reader.fault("\"\(parameter)\" is no parameter of an input here") }
      guard case .none = content else { throw reader.fault("an input has both data and binary_data_size") }
      guard let size = Numeral.integer(value, in: 0...Int.max) else { throw reader.fault("binary_data_size is no number of bytes") }
      content = .binary(size)
    }
  }

  /// Texts where the first element is one, else numbers.
  private static func data(_ reader: inout JSONReader) throws(JSONFault) -> Content {
    var probe = reader
    if try probe.isFirstElementText() {
      var texts: [String] = []
      try reader.texts(into: &texts)
      return .texts(texts)
    }
    var floats: [Float] = []
    try reader.floats(into: &floats)
    return .floats(floats)
  }
}

extension InferRequest.Output {
  fileprivate init(_ reader: inout JSONReader) throws(JSONFault) {
    try reader.object { (reader, member) throws(JSONFault) in
      switch member {
      case "name": name = try reader.text()
      case "parameters":
        for (parameter, value) in try InferRequest.parameters(&reader) {
          guard parameter == "binary_data", value == "true" || value == "false" else {
            throw reader.fault("\"\(parameter)\" is no parameter of an output here; binary_data is, true or false")
          }
          form = value == "true" ? .binary : .json
        }
      default: throw reader.fault("\"\(member)\" is no member of an output")
      }
    }
  }
}
