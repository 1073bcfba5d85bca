/// Numbers of a grid in raster order, written as one JSON array a row.
struct Rows<Element: JSONWritable & Sendable>: JSONWritable, Sendable {
  let columns: Int
  let values: ArraySlice<Element>

  init(_ values: some Collection<Element>, columns: Int) {
    self.columns = columns
    self.values = ArraySlice(values)
  }

  func write(to json: inout JSONWriter) {
    json.array { json in
      for start in stride(from: values.startIndex, to: values.endIndex, by: columns) {
        json.array { json in
          for value in values[start..<min(start + columns, values.endIndex)] { json.value(value) }
        }
      }
    }
  }
}
