import Kernels
import Tensors
import TestSupport
import Testing

/// The reference's predicted losses, through the command line and over HTTP.
@Suite(.serialized) struct GoldenPredictionTests {
  /// Which file holds which network, and how near its numbers come.
  struct Case: Sendable, CustomTestStringConvertible {
    let file: String
    let golden: String
    var options: [String] = []
    var weights = "plain"
    var tolerance: Float = 1e-6

    var testDescription: String { ([file] + options).joined(separator: " ") }
  }

  static let cases = [
    Case(file: "student.safetensors", golden: "student"),
    Case(file: "teacher.safetensors", golden: "teacher"),
    Case(file: "hpm.pth", golden: "teacher", weights: "ema"),
    Case(file: "hpm.pth", golden: "student", options: ["--weights", "student"], weights: "student"),
    Case(file: "hpm-legacy.pth", golden: "teacher", weights: "ema"),
    Case(file: "bare.pth", golden: "student"),
    Case(file: "half.pth", golden: "student", tolerance: 1e-4),
    Case(file: "student-f16.safetensors", golden: "student", tolerance: 1e-4),
    Case(file: "student-bf16.safetensors", golden: "student", tolerance: 1e-3),
  ]

  private func greatestDifference(_ found: [Float], _ expected: [Float]) -> Float {
    guard found.count == expected.count else { return .infinity }
    return zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
  }

  @Test(arguments: cases)
  func `hpm predict gives the golden losses as a NumPy file`(example: Case) async throws {
    let outcome = try await Program.run(["predict", Samples.images, "--format", "npy"] + Samples.model(example.file) + example.options)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let array = try NumPyFile.parse(outcome.output)
    #expect(array.shape.dimensions == [4, 6, 6])
    #expect(greatestDifference(try #require(array.floats), try Samples.golden("\(example.golden)_predict_loss")) < example.tolerance)
  }

  @Test(arguments: cases)
  func `POST predict-loss gives the golden losses in both formats`(example: Case) async throws {
    let expected = try Samples.golden("\(example.golden)_predict_loss")
    let body = try Samples.bytes(Samples.images)
    try await ServedProgram.with(Samples.model(example.file) + example.options) { service in
      let json = try await service.ask("POST", "/predict-loss", body: body)
      #expect(json.status == 200, "\(json.text)")
      let results = try ServiceJSON.decode(ServiceJSON.Results<ServiceJSON.Losses>.self, json.body).results
      #expect(greatestDifference(results.flatMap { $0.predictedLoss.flatMap(\.self) }, expected) < example.tolerance)
      #expect(results.allSatisfy { $0.model.weights == example.weights && $0.model.precision == "fp32" && $0.mode == "full_visible" })
      let array = try await service.ask("POST", "/predict-loss", accept: "application/x-npy", body: body)
      #expect(array["Content-Type"] == "application/x-npy")
      let file = try NumPyFile.parse(array.body)
      #expect(file.shape.dimensions == [4, 6, 6])
      #expect(greatestDifference(try #require(file.floats), expected) < example.tolerance)
    }
  }

  @Test func `hpm predict prints as JSON what it writes as a NumPy file`() async throws {
    let outcome = try await Program.run(["predict", Samples.images] + Samples.model("student.safetensors"))
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors == "")
    let results = try outcome.json(ServiceJSON.Results<ServiceJSON.Losses>.self).results
    let expected = try Samples.golden("student_predict_loss")
    #expect(greatestDifference(results.flatMap { $0.predictedLoss.flatMap(\.self) }, expected) < 1e-6)
    for (index, result) in results.enumerated() {
      let scores = Array(expected[index * 36..<(index + 1) * 36])
      #expect(result.ranking == scores.indices.sorted { scores[$0] > scores[$1] })
    }
  }

  @Test(.enabled(if: Processor.hasBFloat16, "this processor has no AVX-512 BF16"))
  func `computing in bfloat16 keeps the order of the patches`() async throws {
    let outcome = try await Program.run(
      ["predict", Samples.images, "--format", "npy", "--precision", "bf16"] + Samples.model("student.safetensors"))
    #expect(outcome.status == 0, "\(outcome.errors)")
    let found = try #require(try NumPyFile.parse(outcome.output).floats)
    let expected = try Samples.golden("student_predict_loss")
    for image in 0..<4 {
      let range = image * 36..<(image + 1) * 36
      #expect(Self.rankCorrelation(Array(found[range]), Array(expected[range])) >= 0.99)
    }
  }

  @Test(.disabled(if: Processor.hasBFloat16, "this processor has AVX-512 BF16"))
  func `bfloat16 is refused where the processor lacks it, and auto is then fp32`() async throws {
    let refused = try await Program.run(["predict", Samples.images, "--precision", "bf16"] + Samples.model("student.safetensors"))
    #expect(refused.status == 1)
    #expect(refused.errors.contains("no AVX-512 BF16"))
    let automatic = try await Program.run(["predict", Samples.images, "--precision", "auto"] + Samples.model("student.safetensors"))
    let results = try automatic.json(ServiceJSON.Results<ServiceJSON.Losses>.self).results
    #expect(results.allSatisfy { $0.model.precision == "fp32" })
  }

  /// Spearman's coefficient of numbers without ties.
  private static func rankCorrelation(_ a: [Float], _ b: [Float]) -> Double {
    func ranks(_ values: [Float]) -> [Double] {
      var ranks = [Double](repeating: 0, count: values.count)
      for (rank, index) in values.indices.sorted(by: { values[$0] < values[$1] }).enumerated() { ranks[index] = Double(rank) }
      return ranks
    }
    let count = Double(a.count)
    let squares = zip(ranks(a), ranks(b)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return 1 - 6 * squares / (count * (count * count - 1))
  }
}
