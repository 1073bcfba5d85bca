import Tensors

/// Just enough of Python's pickle protocol 2 to describe PyTorch checkpoints: a closed set of opcodes over inert values.
///
/// Nothing is imported, instantiated or called. Names of classes are compared with a list; a file that names another is refused.
struct PickleMachine {
  struct Storage: Hashable {
    let key: String
    let type: ElementType
    let elementCount: Int
  }

  struct Tensor {
    let storage: Storage
    let offset: Int
    let shape: Shape
    let strides: [Int]
  }

  private let classes: PickleGlobals.Allowance
  private(set) var tuples: [[PickleValue]] = []
  private(set) var lists: [[PickleValue]] = []
  private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  private(set) var storages: [Storage] = []
  private(set) var tensors: [Tensor] = []
  private var records: [PickleValue] = []
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  /// Values copied from one container into another, which a few bytes of pickle can repeat without end.
  private var copiedValues = 0

  /// Far beyond any checkpoint's: the largest published ones, with their optimizer, take some ten thousand operations.
  private static let maximumOperations = 1_000_000
  private static let maximumStack = 1_000_000
  private static let maximumCopiedValues = 1_000_000
  /// A longer key would be hashed at every use.
  private static let maximumKeyBytes = 1024

  /// - Parameter classes: which names the file may speak of.
  init(classes: PickleGlobals.Allowance = .checkpoint) { self.classes = classes }

  /// Runs one pickle from the cursor to its STOP and returns what is left on the stack. Tables keep what earlier runs put there.
  mutating func run(_ cursor: inout ByteCursor) throws(FormatError) -> PickleValue {
    (stack, marks, memo) = ([], [], [:])
    for _ in 0..<Self.maximumOperations {
      let offset = cursor.position
      let opcode = try cursor.byte()
      if opcode == UInt8(ascii: ".") { return try pop() }
      try perform(opcode, &cursor, at: offset)
      guard stack.count <= Self.maximumStack else { throw FormatError("the pickle stacks more than \(Self.maximumStack) values") }
    }
    throw FormatError("the pickle has more than \(Self.maximumOperations) operations")
  }

  /// The opcodes that `torch.load(weights_only=True)` accepts; every other one is refused.
  private mutating func perform(_ opcode: UInt8, _ cursor: inout ByteCursor, at offset: Int) throws(FormatError) {
    switch Unicode.Scalar(opcode) {
    case "\u{80}":  // PROTO
      let version = try cursor.byte()
      guard version == 2 else { throw FormatError("the pickle is of protocol \(version); PyTorch writes protocol 2") }
    case "(": marks.append(stack.count)  // MARK
    case "N": push(.none)
    case "\u{88}": push(.boolean(true))
    case "\u{89}": push(.boolean(false))
    case "J": push(.integer(Int(Int32(truncatingIfNeeded: try cursor.unsigned(4)))))
    case "K": push(.integer(try cursor.size(1)))
    case "M": push(.integer(try cursor.size(2)))
    case "\u{8A}": push(try longInteger(&cursor))  // LONG1
    case "G": push(.float(Double(bitPattern: try cursor.unsigned(8).byteSwapped)))  // BINFLOAT, big-endian
    case "X": push(.text(try cursor.text(try cursor.size(4))))  // BINUNICODE
    case "U": push(.text(try cursor.text(try cursor.size(1))))  // SHORT_BINSTRING
    case ")": push(newTuple([]))
    case "\u{85}": try tuple(of: 1)
    case "\u{86}": try tuple(of: 2)
    case "\u{87}": try tuple(of: 3)
    case "t": push(newTuple(try popToMark()))
    case "]", "\u{8F}": push(newList())  // EMPTY_LIST, EMPTY_SET
    case "}": push(newDictionary())
    case "a": try append([try pop()])
    case "e": try append(try popToMark())
    case "s":
      let value = try pop()
      try setItems([try pop(), value])
    case "u": try setItems(try popToMark())
    case "q": memo[try cursor.size(1)] = try top()
    case "r": memo[try cursor.size(4)] = try top()
    case "h": push(try remembered(try cursor.size(1), at: offset))
    case "j": push(try remembered(try cursor.size(4), at: offset))
    case "c": push(.global(try classes.checked(module: try cursor.line(), name: try cursor.line(), at: offset)))
    case "Q": push(try persistentStorage())  // BINPERSID
    case "R", "\u{81}":  // REDUCE, NEWOBJ
      let arguments = try pop()
      push(try applied(try pop(), to: arguments, at: offset))
    case "b": try build()
    default: throw FormatError("the pickle has the opcode 0x\(String(opcode, radix: 16)) at byte \(offset), which a checkpoint never needs")
    }
  }

  // MARK: The stack

  private mutating func push(_ value: PickleValue) { stack.append(value) }

  private mutating func pop() throws(FormatError) -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
      throw FormatError("the pickle takes a value that is not there")
    }
    return value
  }

  private func top() throws(FormatError) -> PickleValue {
    guard let value = stack.last else { throw FormatError("the pickle takes a value that is not there") }
    return value
  }

  private mutating func popToMark() throws(FormatError) -> [PickleValue] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw FormatError("the pickle has no mark where one is needed") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private func remembered(_ index: Int, at offset: Int) throws(FormatError) -> PickleValue {
    guard let value = memo[index] else { throw FormatError("the pickle recalls value \(index) at byte \(offset), which it never stored") }
    return value
  }

  // MARK: Containers

  private mutating func newTuple(_ values: [PickleValue]) -> PickleValue {
    tuples.append(values)
    return .tuple(tuples.count - 1)
  }

  private mutating func newList() -> PickleValue {
    lists.append([])
    return .list(lists.count - 1)
  }

  private mutating func newDictionary() -> PickleValue {
    dictionaries.append([])
    return .dictionary(dictionaries.count - 1)
  }

  private mutating func tuple(of count: Int) throws(FormatError) {
    var values: [PickleValue] = []
    for _ in 0..<count { values.append(try pop()) }
    push(newTuple(values.reversed()))
  }

  private mutating func append(_ values: [PickleValue]) throws(FormatError) {
    guard case .list(let index) = try top() else { throw FormatError("the pickle appends to what is not a list") }
    lists[index] += values
  }

  private mutating func setItems(_ values: [PickleValue]) throws(FormatError) {
    guard case .dictionary(let index) = try top(), values.count % 2 == 0 else {
      throw FormatError("the pickle sets items of what is not a dictionary")
    }
    for item in stride(from: 0, to: values.count, by: 2) {
      if case .text(let key) = values[item] { try checkKey(key) }
      dictionaries[index].append((values[item], values[item + 1]))
    }
  }

  private func checkKey(_ key: String) throws(FormatError) {
    guard key.utf8.count <= Self.maximumKeyBytes else {
      throw FormatError("the pickle has a key of \(key.utf8.count) bytes, \(quoted(key)); at most \(Self.maximumKeyBytes) are read")
    }
  }

  /// Counts values that are copied, so that few operations cannot fill the memory.
  private mutating func countCopied(_ count: Int) throws(FormatError) {
    copiedValues += count
    guard copiedValues <= Self.maximumCopiedValues else {
      throw FormatError("the pickle copies more than \(Self.maximumCopiedValues) values from dictionary to dictionary or tensor to tensor")
    }
  }

  private func longInteger(_ cursor: inout ByteCursor) throws(FormatError) -> PickleValue {
    let count = try cursor.size(1)
    guard count <= 16 else { throw FormatError("the pickle has an integer of \(count) bytes; at most 16 are read") }
    let bytes = Array(try cursor.take(count))
    guard count <= 8 else { return .wideInteger(bytes) }
    let isNegative = (bytes.last ?? 0) & 0x80 != 0
    let padded = bytes + [UInt8](repeating: isNegative ? 0xFF : 0, count: 8 - count)
    return .integer(Int(truncatingIfNeeded: padded.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }))
  }

  // MARK: Objects

  /// What calling `callable` would make, for the few that matter; an inert record for the rest of the list.
  private mutating func applied(_ callable: PickleValue, to arguments: PickleValue, at offset: Int) throws(FormatError) -> PickleValue {
    guard case .global(let name) = callable, case .tuple(let index) = arguments else {
      throw FormatError("the pickle calls what is not a known function, at byte \(offset)")
    }
    let values = tuples[index]
    switch name {
    case "torch._utils._rebuild_tensor_v2": return try tensor(from: values)
    case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
      guard let data = values.first, case .tensor = data else { throw FormatError("the pickle makes a parameter of what is not a tensor") }
      return data
    case "torch._tensor._rebuild_from_type_v2":
      guard values.count >= 3, case .global(let inner) = values[0], inner == "torch._utils._rebuild_tensor_v2",
        case .tuple(let nested) = values[2]
      else { throw FormatError("the pickle rebuilds a tensor in a way that is not read") }
      return try tensor(from: tuples[nested])
    case "collections.OrderedDict", "collections.Counter":
      let made = newDictionary()
      if let first = values.first { try fill(made, from: first) }
      return made
    default:
      records.append(.none)
      return .record(records.count - 1)
    }
  }

  /// A new dictionary from another, or from a list of pairs.
  private mutating func fill(_ dictionary: PickleValue, from value: PickleValue) throws(FormatError) {
    guard case .dictionary(let index) = dictionary else { return }
    switch value {
    case .dictionary(let other):
      try countCopied(dictionaries[other].count)
      dictionaries[index] = dictionaries[other]
    case .list(let list):
      try countCopied(lists[list].count)
      for item in lists[list] {
        guard let pair = items(of: item), pair.count == 2 else { throw FormatError("the pickle makes a dictionary of what are not pairs") }
        if case .text(let key) = pair[0] { try checkKey(key) }
        dictionaries[index].append((pair[0], pair[1]))
      }
    default: throw FormatError("the pickle makes a dictionary of what is not one")
    }
  }

  private func items(of value: PickleValue) -> [PickleValue]? {
    switch value {
    case .tuple(let index): tuples[index]
    case .list(let index): lists[index]
    default: nil
    }
  }

  /// BUILD: the state of a record is kept; that of a dictionary or tensor (hooks, metadata) is dropped.
  private mutating func build() throws(FormatError) {
    let state = try pop()
    if case .record(let index) = try top() { records[index] = state }
  }

  /// A storage as a persistent id names it: ('storage', type, key, location, element count, …).
  private mutating func persistentStorage() throws(FormatError) -> PickleValue {
    guard case .tuple(let index) = try pop(), tuples[index].count >= 5, tuples[index][0] == .text("storage"),
      case .global(let typeName) = tuples[index][1], case .text(let key) = tuples[index][2], case .integer(let count) = tuples[index][4]
    else { throw FormatError("the pickle refers to something other than a storage; whole pickled modules are not read, save a state dict") }
    guard let type = PickleGlobals.storageType(typeName) else {
      throw FormatError("storage \(quoted(key)) is of type \(typeName), which is not read")
    }
    try checkKey(key)
    guard count >= 0 else { throw FormatError("storage \(quoted(key)) claims \(count) elements") }
    guard tuples[index].count == 5 || tuples[index][5] == .none else {
      throw FormatError("storage \(quoted(key)) is a view of another, as very old versions of PyTorch wrote them; it is not read")
    }
    storages.append(Storage(key: key, type: type, elementCount: count))
    return .storage(storages.count - 1)
  }

  /// A view: (storage, offset, size, stride, …); its extents must lie in the storage.
  private mutating func tensor(from values: [PickleValue]) throws(FormatError) -> PickleValue {
    guard values.count >= 4, case .storage(let index) = values[0], case .integer(let offset) = values[1],
      let sizes = items(of: values[2]), let steps = items(of: values[3]), sizes.count == steps.count, sizes.count <= 64
    else { throw FormatError("the pickle describes a tensor in a way that is not read") }
    let storage = storages[index]
    let dimensions = sizes.map { if case .integer(let value) = $0 { value } else { -1 } }
    let strides = steps.map { if case .integer(let value) = $0 { value } else { -1 } }
    guard let shape = StoredTensor.shape(claimed: dimensions), offset >= 0, strides.allSatisfy({ $0 >= 0 }),
      Self.fits(shape: shape, strides: strides, offset: offset, storage: storage)
    else {
      throw FormatError(
        "a tensor of shape \(dimensions) with strides \(strides) at element \(offset) does not fit its storage \(quoted(storage.key)) "
          + "of \(storage.elementCount) elements")
    }
    try countCopied(shape.rank)
    // The stride of an axis with one element says nothing, and may be anything.
    let meaningful = zip(dimensions, strides).map { $0 <= 1 ? 0 : $1 }
    tensors.append(Tensor(storage: storage, offset: offset, shape: shape, strides: meaningful))
    return .tensor(tensors.count - 1)
  }

  /// Whether offset + Σ (size − 1)·stride lies in the storage, and the view repeats no element more often than a weight could.
  private static func fits(shape: Shape, strides: [Int], offset: Int, storage: Storage) -> Bool {
    guard shape.elementCount > 0 else { return offset <= storage.elementCount }
    guard shape.elementCount <= storage.elementCount else { return false }
    var last = offset
    for (size, step) in zip(shape.dimensions, strides) {
      let (distance, overflows) = (size - 1).multipliedReportingOverflow(by: step)
      let (sum, beyond) = last.addingReportingOverflow(distance)
      guard !overflows, !beyond else { return false }
      last = sum
    }
    return last < storage.elementCount
  }

  // MARK: What the caller asks

  /// The dictionary's items whose keys are text, a later one replacing an earlier.
  func members(of value: PickleValue) -> [String: PickleValue]? {
    let items: [(key: PickleValue, value: PickleValue)]
    switch value {
    case .dictionary(let index): items = dictionaries[index]
    case .record(let index):
      guard case .dictionary(let state) = records[index] else { return [:] }
      items = dictionaries[state]
    default: return nil
    }
    var members: [String: PickleValue] = [:]
    for item in items { if case .text(let key) = item.key { members[key] = item.value } }
    return members
  }
}
