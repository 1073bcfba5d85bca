import Glibc
import Tensors

/// Every trained number of a network, laid out one after another: the one list that initialisation, loading, saving, the optimizer's
/// groups, the EMA teacher and gradient reduction all walk.
///
/// Decayed parameters come first, so that each of the optimizer's two groups is one range. Position tables are fixed and not among them.
package struct ParameterTable: Sendable {
  /// How a parameter starts (MAE, `initialize_weights`).
  package enum Initialisation: Hashable, Sendable {
    /// Uniform within ±√(6 / (inputs + outputs)).
    case xavierUniform(inputs: Int, outputs: Int)
    /// Normal with that standard deviation.
    case normal(deviation: Float)
    case constant(Float)
  }

  /// One parameter.
  package struct Entry: Hashable, Sendable {
    /// As in the published checkpoints.
    package let name: String
    package let shape: [Int]
    /// Of its first number, a multiple of ``alignment``.
    package let offset: Int
    package let initialisation: Initialisation

    /// Numbers it has.
    package var count: Int { shape.reduce(1, *) }

    /// Where its numbers lie.
    package var range: Range<Int> { offset..<offset + count }

    /// Weight decay acts on everything but biases and one-dimensional tensors (so on the class and the mask token as well).
    package var isDecayed: Bool { shape.count > 1 }
  }

  /// Numbers in a cache line, to which every parameter is aligned.
  package static let alignment = 16

  /// In order of offset.
  package let entries: [Entry]
  /// Numbers in all, padding included.
  package let count: Int
  /// Where the decayed parameters end and the others begin.
  package let decayedCount: Int
  private let indices: [String: Int]

  /// The table of a network.
  ///
  /// - Parameter outputWidth: of the reconstructor's head: ``ModelConfiguration/patchLength`` for pixels, else a feature's width.
  /// - Parameter secondaryMask: whether there is a token for visible patches that are masked a second time.
  package init(
    _ configuration: ModelConfiguration, outputWidth: Int, lossPredictor: LossPredictorPresence = .present,
    secondaryMask: SecondaryMaskPresence = .absent
  ) {
    var list = ParameterList()
    list.addEncoder(configuration, secondaryMask: secondaryMask)
    list.addDecoders(configuration, outputWidth: outputWidth, lossPredictor: lossPredictor)
    var offset = 0
    var placed: [Entry] = []
    func place(_ drafts: [ParameterList.Draft]) {
      for draft in drafts {
        placed.append(Entry(name: draft.name, shape: draft.shape, offset: offset, initialisation: draft.initialisation))
        offset += (draft.shape.reduce(1, *) + Self.alignment - 1) / Self.alignment * Self.alignment
      }
    }
    place(list.drafts.filter { $0.shape.count > 1 })
    decayedCount = offset
    place(list.drafts.filter { $0.shape.count <= 1 })
    entries = placed
    count = offset
    indices = Dictionary(uniqueKeysWithValues: placed.enumerated().map { ($1.name, $0) })
  }

  /// The parameter of that name; a name that the network has not traps.
  package subscript(name: String) -> Entry {
    guard let index = indices[name] else { preconditionFailure("no parameter \(name) in this network") }
    return entries[index]
  }

  /// Whether the network has a parameter of that name.
  package func contains(_ name: String) -> Bool { indices[name] != nil }

  /// Numbers that are trained, padding left out.
  package var parameterCount: Int { entries.reduce(0) { $0 + $1.count } }
}

/// Whether a network has the second decoder; a plain masked autoencoder has not.
package enum LossPredictorPresence: Sendable {
  case present
  case absent
}

/// Whether a network has the token of secondary masking, `vis_mask_token`; only one that is trained so has it, as in the authors' program.
package enum SecondaryMaskPresence: Sendable {
  case present
  case absent
}

/// Collects parameters in the order of the published checkpoints.
private struct ParameterList {
  struct Draft {
    let name: String
    let shape: [Int]
    let initialisation: ParameterTable.Initialisation
  }

  private static let tokenDeviation: Float = 0.02
  private(set) var drafts: [Draft] = []

  private mutating func add(_ name: String, _ shape: [Int], _ initialisation: ParameterTable.Initialisation) {
    drafts.append(Draft(name: name, shape: shape, initialisation: initialisation))
  }

  private mutating func addLinear(_ name: String, inputs: Int, outputs: Int) {
    add(name + ".weight", [outputs, inputs], .xavierUniform(inputs: inputs, outputs: outputs))
    add(name + ".bias", [outputs], .constant(0))
  }

  private mutating func addNorm(_ name: String, width: Int) {
    add(name + ".weight", [width], .constant(1))
    add(name + ".bias", [width], .constant(0))
  }

  private mutating func addBlocks(_ name: String, _ transformer: TransformerConfiguration) {
    let (width, hidden) = (transformer.width, transformer.hiddenWidth)
    for block in 0..<transformer.depth {
      addNorm("\(name).\(block).norm1", width: width)
      addLinear("\(name).\(block).attn.qkv", inputs: width, outputs: 3 * width)
      addLinear("\(name).\(block).attn.proj", inputs: width, outputs: width)
      addNorm("\(name).\(block).norm2", width: width)
      addLinear("\(name).\(block).mlp.fc1", inputs: width, outputs: hidden)
      addLinear("\(name).\(block).mlp.fc2", inputs: hidden, outputs: width)
    }
  }

  mutating func addEncoder(_ configuration: ModelConfiguration, secondaryMask: SecondaryMaskPresence) {
    let (width, side) = (configuration.encoder.width, configuration.patchSize)
    if secondaryMask == .present { add("vis_mask_token", [1, 1, width], .normal(deviation: Self.tokenDeviation)) }
    add("cls_token", [1, 1, width], .normal(deviation: Self.tokenDeviation))
    add(
      "patch_embed.proj.weight", [width, configuration.channels, side, side],
      .xavierUniform(inputs: configuration.patchLength, outputs: width))
    add("patch_embed.proj.bias", [width], .constant(0))
    addBlocks("blocks", configuration.encoder)
    addNorm("norm", width: width)
  }

  mutating func addDecoders(_ configuration: ModelConfiguration, outputWidth: Int, lossPredictor: LossPredictorPresence) {
    let width = configuration.decoder.width
    addLinear("decoder_embed", inputs: configuration.encoder.width, outputs: width)
    add("mask_token", [1, 1, width], .normal(deviation: Self.tokenDeviation))
    addBlocks("decoder_blocks", configuration.decoder)
    addNorm("decoder_norm", width: width)
    addLinear("decoder_pred", inputs: width, outputs: outputWidth)
    guard lossPredictor == .present else { return }
    addBlocks("decoder_blocks_losspred", configuration.decoder)
    addNorm("decoder_norm_losspred", width: width)
    addLinear("decoder_pred_losspred", inputs: width, outputs: configuration.patchLength)
  }
}

extension ParameterTable.Initialisation {
  /// Fills a parameter; equal seed and name give equal numbers on every machine.
  package func fill(_ destination: inout MutableSpan<Float>, name: String, seed: UInt64) {
    var random = SplitMix64(seed: name.utf8.reduce(SplitMix64.mix(seed)) { SplitMix64.mix($0 ^ UInt64($1)) })
    for index in 0..<destination.count {
      switch self {
      case .constant(let value): destination[index] = value
      case .xavierUniform(let inputs, let outputs):
        let bound = (6 / Double(inputs + outputs)).squareRoot()
        destination[index] = Float((2 * random.nextUnitDouble() - 1) * bound)
      case .normal(let deviation):
        // Box and Muller: one of the two normal numbers that two uniform ones give.
        let radius = (-2 * log(1 - random.nextUnitDouble())).squareRoot()
        destination[index] = Float(Double(deviation) * radius * cos(2 * .pi * random.nextUnitDouble()))
      }
    }
  }
}
