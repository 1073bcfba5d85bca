import Images

extension PatchMap {
  /// Least, greatest, mean and (population) standard deviation of a map.
  struct Statistics: Sendable, Hashable, JSONWritable {
    let minimum, maximum, mean, deviation: Float

    func write(to json: inout JSONWriter) {
      json.object { json in
        json.member("min", minimum)
        json.member("max", maximum)
        json.member("mean", mean)
        json.member("std", deviation)
      }
    }
  }

  /// Computed in double precision; the map has at least one patch.
  var statistics: Statistics {
    let count = Double(values.count)
    let mean = values.reduce(0.0) { $0 + Double($1) } / count
    let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    return Statistics(
      minimum: values.min() ?? .nan, maximum: values.max() ?? .nan, mean: Float(mean), deviation: Float(variance.squareRoot()))
  }

  /// Patch indices, hardest first, ties by lower index.
  var ranking: [Int] {
    values.indices.sorted { values[$0] > values[$1] || (values[$0] == values[$1] && $0 < $1) }
  }

  /// Whether every number is finite, as every answer promises.
  var isFinite: Bool { values.allSatisfy(\.isFinite) }
}

extension PatchMap: JSONWritable {
  package func write(to json: inout JSONWriter) { json.value(Rows(values, columns: columns)) }
}
