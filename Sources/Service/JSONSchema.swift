/// What a JSON value may be: of JSON Schema 2020-12, as OpenAPI 3.1 uses it, what this service's bodies need.
indirect enum JSONSchema: Sendable {
  case text
  case words([String])
  case pattern(String)
  case integer(ClosedRange<Int>?)
  case number(ClosedRange<Double>?)
  case truth
  case null
  case array(JSONSchema)
  /// An array of so many elements.
  case list(JSONSchema, ClosedRange<Int>)
  /// An object that may come to have more members than these.
  case object([Member])
  /// An object that may have no other members: what is asked, where a misspelt word must not go unseen.
  case closed([Member])
  /// An object of names that are not known before.
  case dictionary(JSONSchema)
  /// A schema of the document's components.
  case named(String)
  case oneOf([JSONSchema])

  /// A member of an object.
  struct Member: Sendable {
    let name: String
    let schema: JSONSchema
    /// Whether every such object has it.
    let isAlwaysThere: Bool
  }

  static let wholeNumber = JSONSchema.integer(0...Int(Int32.max))
  static let anyNumber = JSONSchema.number(nil)
  static let digest = JSONSchema.pattern("^[0-9a-f]{64}$")
  static let grid = JSONSchema.array(.integer(1...GridWord.maximumSide))

  /// The schema, or `null`.
  var orNull: JSONSchema { .oneOf([self, .null]) }

  /// The rows of a grid.
  static func rows(_ element: JSONSchema) -> JSONSchema { .array(.array(element)) }
}

extension JSONSchema.Member {
  /// A member that every such object has.
  static func always(_ name: String, _ schema: JSONSchema) -> Self { Self(name: name, schema: schema, isAlwaysThere: true) }

  /// A member that some such objects have.
  static func sometimes(_ name: String, _ schema: JSONSchema) -> Self { Self(name: name, schema: schema, isAlwaysThere: false) }
}

extension JSONSchema: JSONWritable {
  func write(to json: inout JSONWriter) {
    json.object { json in
      switch self {
      case .text: json.member("type", "string")
      case .words(let words): write("string", in: &json) { $0.member("enum", words) }
      case .pattern(let pattern): write("string", in: &json) { $0.member("pattern", pattern) }
      case .integer(let range): write("integer", range, in: &json)
      case .number(let range): write("number", range, in: &json)
      case .truth: json.member("type", "boolean")
      case .null: json.member("type", "null")
      case .array(let element): write("array", in: &json) { $0.member("items", element) }
      case .list(let element, let count):
        json.member("type", "array")
        json.member("items", element)
        json.member("minItems", count.lowerBound)
        json.member("maxItems", count.upperBound)
      case .object(let members): write(members, in: &json)
      case .closed(let members):
        write(members, in: &json)
        json.member("additionalProperties", false)
      case .dictionary(let value): write("object", in: &json) { $0.member("additionalProperties", value) }
      case .named(let name): json.member("$ref", "#/components/schemas/\(name)")
      case .oneOf(let schemas): json.member("anyOf", schemas)
      }
    }
  }

  private func write(_ type: String, in json: inout JSONWriter, _ rest: (inout JSONWriter) -> Void) {
    json.member("type", type)
    rest(&json)
  }

  private func write(_ type: String, _ range: ClosedRange<some JSONWritable>?, in json: inout JSONWriter) {
    json.member("type", type)
    guard let range else { return }
    json.member("minimum", range.lowerBound)
    json.member("maximum", range.upperBound)
  }

  private func write(_ members: [Member], in json: inout JSONWriter) {
    json.member("type", "object")
    json.member("properties", object: { json in for member in members { json.member(member.name, member.schema) } })
    let required = members.filter(\.isAlwaysThere).map(\.name)
    if !required.isEmpty { json.member("required", required) }
  }
}
