import Tensors

/// The classes and functions that a checkpoint may name. None is ever run; a file that names another is refused.
enum PickleGlobals {
  private static let allowed: Set<String> = [
    "collections.OrderedDict", "collections.Counter", "torch.Size", "torch.device", "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state", "torch._tensor._rebuild_from_type_v2", "torch.Tensor",
    "torch.nn.parameter.Parameter",
    // Configuration objects that training programs save beside the weights, kept as inert records.
    "argparse.Namespace", "yacs.config.CfgNode", "copyreg._reconstructor", "copy_reg._reconstructor", "__builtin__.object",
    "builtins.object",
    "__builtin__.dict", "builtins.dict", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype", "_codecs.encode",
    "pathlib.PosixPath", "pathlib.Path",
  ]

  private static let types: Set<String> = [
    "float32", "float", "float64", "double", "float16", "half", "bfloat16", "int64", "long", "int32", "int", "int16", "short", "int8",
    "uint8",
    "bool",
  ]

  /// Which names a pickle may speak of, by what the file is.
  enum Allowance {
    /// Those that checkpoints use.
    case checkpoint
    /// Those, and the classes of a TorchScript archive's modules, which are kept as inert records.
    case scriptModules

    fileprivate func hasModule(_ module: String) -> Bool {
      self == .scriptModules && (module == "__torch__" || module.hasPrefix("__torch__.") || module == "torch.jit._pickle")
    }

    /// The full name, if it is one of them.
    func checked(module: String, name: String, at offset: Int) throws(FormatError) -> String {
      try PickleGlobals.checked(module: module, name: name, at: offset, self)
    }
  }

  private static func checked(
    module: String, name: String, at offset: Int, _ allowance: Allowance
  ) throws(FormatError) -> String {
    let full = "\(module).\(name)"
    let isType = module == "torch" && types.contains(name)
    guard allowed.contains(full) || storageType(full) != nil || isType || allowance.hasModule(module) else {
      throw FormatError(
        "the pickle names \(quoted(full)) at byte \(offset), which is not part of a checkpoint of weights; it was not run. Save a state dict"
      )
    }
    return full
  }

  /// Element type of a `torch.*Storage`.
  static func storageType(_ name: String) -> ElementType? {
    switch name {
    case "torch.FloatStorage": .float32
    case "torch.DoubleStorage": .float64
    case "torch.HalfStorage": .float16
    case "torch.BFloat16Storage": .bfloat16
    case "torch.LongStorage": .int64
    case "torch.IntStorage": .int32
    case "torch.ShortStorage": .int16
    case "torch.CharStorage": .int8
    case "torch.ByteStorage": .uint8
    case "torch.BoolStorage": .bool
    default: nil
    }
  }
}
