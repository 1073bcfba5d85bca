import Foundation

/// What the tests read of the service's JSON.
enum ServiceJSON {
  struct Model: Decodable {
    let name: String
    let weights: String
    let precision: String
  }

  /// Of `/predict-loss`.
  struct Losses: Decodable {
    let id: String
    let model: Model
    let grid: [Int]
    let mode: String
    let predictedLoss: [[Float]]
    let ranking: [Int]
    let mask: Mask?

    struct Mask: Decodable {
      let masked: Int
      let values: [[UInt8]]
    }
  }

  /// Of `/mask`.
  struct Masks: Decodable {
    let strategy: String
    let grid: [Int]
    let masked: Int
    let visible: Int
    let masks: [[[UInt8]]]
  }

  /// Of a batch.
  struct Results<Result: Decodable>: Decodable {
    let results: [Result]
  }

  /// An error's body.
  struct Problem: Decodable {
    let status: Int
    let detail: String
    let parameter: String?
  }

  static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(bytes))
  }
}
