import Masking

extension ModelConfiguration {
  /// The published sizes, and small ones for small data (`hpm.md` §1): `vit_tiny`, `vit_small`, `vit_base`, `vit_large`, `vit_huge`.
  package static let presetNames = ["vit_tiny", "vit_small", "vit_base", "vit_large", "vit_huge"]

  /// The network of that name for images of 224 pixels; `nil` for an unknown name.
  package static func preset(_ name: String) -> ModelConfiguration? {
    switch name {
    case "vit_tiny": preset(patch: 16, encoder: (192, 12, 3), decoder: (128, 4, 4))
    case "vit_small": preset(patch: 16, encoder: (384, 12, 6), decoder: (256, 4, 8))
    case "vit_base": preset(patch: 16, encoder: (768, 12, 12), decoder: (512, 8, 16))
    case "vit_large": preset(patch: 16, encoder: (1024, 24, 16), decoder: (512, 8, 16))
    case "vit_huge": preset(patch: 14, encoder: (1280, 32, 16), decoder: (512, 8, 16))
    default: nil
    }
  }

  private typealias Size = (width: Int, depth: Int, heads: Int)

  private static func preset(patch: Int, encoder: Size, decoder: Size) -> ModelConfiguration {
    func transformer(_ size: Size) -> TransformerConfiguration {
      TransformerConfiguration(width: size.width, depth: size.depth, heads: size.heads, hiddenWidth: 4 * size.width)
    }
    return ModelConfiguration(
      patchSize: patch, grid: PatchGrid(rows: 224 / patch, columns: 224 / patch), encoder: transformer(encoder),
      decoder: transformer(decoder))
  }

  /// A linear layer as often as one image goes through it.
  package struct LinearShape: Hashable, Sendable {
    package let rows: Int
    package let inputs: Int
    package let outputs: Int
    package let times: Int

    /// A multiplication and an addition count as two.
    package var operations: Double { 2 * Double(rows) * Double(inputs) * Double(outputs) * Double(times) }
  }

  /// The linear layers of encoder and loss predictor for one wholly visible image of the trained grid.
  package var linearShapes: [LinearShape] {
    let tokens = grid.count + 1
    func stack(_ t: TransformerConfiguration) -> [LinearShape] {
      [(t.width, 3 * t.width), (t.width, t.width), (t.width, t.hiddenWidth), (t.hiddenWidth, t.width)]
        .map { LinearShape(rows: tokens, inputs: $0.0, outputs: $0.1, times: t.depth) }
    }
    return [LinearShape(rows: grid.count, inputs: patchLength, outputs: encoder.width, times: 1)] + stack(encoder)
      + [LinearShape(rows: tokens, inputs: encoder.width, outputs: decoder.width, times: 1)] + stack(decoder)
  }

  /// Floating-point operations of encoder and loss predictor for one wholly visible image: linear layers and the two products of attention.
  package var operationsPerImage: Double {
    let tokens = Double(grid.count + 1)
    func attention(_ t: TransformerConfiguration) -> Double { 4 * tokens * tokens * Double(t.width) * Double(t.depth) }
    return linearShapes.reduce(0) { $0 + $1.operations } + attention(encoder) + attention(decoder)
  }
}
