/// A value of Python that `torch.load(weights_only=True)` reads.
package enum TorchValue {
  case none
  case boolean(Bool)
  case integer(Int)
  case float(Double)
  case text(String)
  case list([TorchValue])
  /// In order; keys are text or integers.
  case dictionary([(key: TorchValue, value: TorchValue)])
  /// The tensor of that index in the document.
  case tensor(Int)

  /// What a text of metadata says: a number, a truth value, else the text itself.
  package init(reading text: String) {
    let isNumeral = text.utf8.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
    if let number = Int(text) {
      self = .integer(number)
    } else if isNumeral, let number = Double(text), number.isFinite {
      self = .float(number)
    } else {
      self = text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : .text(text)
    }
  }

  /// A dictionary with text keys.
  package static func members(_ members: [(String, TorchValue)]) -> TorchValue {
    .dictionary(members.map { (.text($0.0), $0.1) })
  }

  /// A dictionary of what texts of metadata say, in the order of its keys.
  package static func members(reading texts: [String: String]) -> TorchValue {
    members(texts.sorted { $0.key < $1.key }.map { ($0.key, TorchValue(reading: $0.value)) })
  }
}

/// What a `.pth` file is to hold: one dictionary, and the tensors it speaks of.
///
/// A tensor may stand in several places of the dictionary; its numbers are written once.
package struct TorchDocument {
  private(set) var tensors: [WritableTensor] = []
  private(set) var root: [(String, TorchValue)] = []

  /// A document that says nothing yet.
  package init() {}

  /// Adds a member to the dictionary; a later one of the same key stands behind the earlier and wins.
  package mutating func set(_ key: String, _ value: TorchValue) { root.append((key, value)) }

  /// Takes tensors in, and gives their state dict, each under its name behind `prefix`.
  package mutating func stateDictionary(_ added: [WritableTensor], prefix: String = "") -> TorchValue {
    let first = tensors.count
    tensors += added
    return .members(added.enumerated().map { (prefix + $1.name, .tensor(first + $0)) })
  }
}

extension TorchDocument {
  /// The teacher of a training checkpoint.
  package enum Teacher {
    case absent
    /// Its weights are the student's: they are written once.
    case sameAsStudent
    case weights([WritableTensor])
  }

  /// What the authors' training program writes and resumes from, as far as weights go: the student as `state_dict`, every name behind
  /// `module.`, the teacher as `ema_state_dict`, `model` the architecture's name, `epoch` if known, and a `config` of ours beside them.
  package static func training(
    student: [WritableTensor], teacher: Teacher, model: String, epoch: Int?, configuration: TorchValue
  ) -> TorchDocument {
    var document = TorchDocument()
    if let epoch { document.set("epoch", .integer(epoch)) }
    document.set("state_dict", document.stateDictionary(student, prefix: "module."))
    switch teacher {
    case .absent: break
    case .sameAsStudent: document.set("ema_state_dict", .members(student.enumerated().map { ($1.name, .tensor($0)) }))
    case .weights(let weights): document.set("ema_state_dict", document.stateDictionary(weights))
    }
    document.set("model", .text(model))
    document.set("config", configuration)
    return document
  }
}
