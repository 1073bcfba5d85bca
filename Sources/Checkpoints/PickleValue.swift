/// What a pickle can describe here. Containers are indices into the machine's tables, so that values never nest in memory: however
/// deep a file's nesting, nothing recurses, not even freeing.
enum PickleValue: Hashable {
  case none
  case boolean(Bool)
  case integer(Int)
  /// An integer of more than 64 bits; only the legacy format's magic number is one.
  case wideInteger([UInt8])
  case float(Double)
  case text(String)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  /// A class or function, by name; never looked up, never called.
  case global(String)
  /// A storage that the file holds, by its index in the machine's table.
  case storage(Int)
  /// A tensor, by its index in the machine's table.
  case tensor(Int)
  /// An object whose class means nothing here: kept as its attributes, a dictionary (or `none`).
  case record(Int)
}
