/// A reader of bytes that come from outside. Whatever they are, it must not trap, hang, leak, or take memory out of proportion; what else
/// must hold is asked beside each.
enum FuzzTarget: String, CaseIterable {
  /// Requests on a connection, cut in two anywhere.
  case requests
  /// The chunks of a chunked body.
  case chunks
  /// The bytes of a body in gzip or deflate.
  case codings
  /// Values of header fields.
  case fields
  /// Paths and queries.
  case targets
  /// `multipart/form-data`.
  case forms
  case json
  /// NumPy's `.npy`.
  case arrays
  /// Requests of the Open Inference Protocol, with or without binary tensors.
  case tensors
  case png, jpeg, webp
  case safetensors
  /// What `torch.save` writes: a zip around a pickle.
  case torch
  /// What `torch.save` wrote before PyTorch 1.6.
  case legacy
  /// TorchScript archives.
  case script
  /// Uploaded data sets: tar and zip archives, unpacked.
  case datasets
  /// Archives that training reads in place.
  case archives

  func read(_ bytes: [UInt8]) {
    switch self {
    case .requests: Self.readRequests(bytes)
    case .chunks: Self.readChunks(bytes)
    case .codings: Self.readCoding(bytes)
    case .fields: Self.readFields(bytes)
    case .targets: Self.readTarget(bytes)
    case .forms: Self.readForm(bytes)
    case .json: Self.readJSON(bytes)
    case .arrays: Self.readArray(bytes)
    case .tensors: Self.readTensors(bytes)
    case .png, .jpeg, .webp: Self.readImage(bytes)
    case .safetensors, .torch, .legacy, .script: Self.readCheckpoint(bytes)
    case .datasets: Self.unpackDataset(bytes)
    case .archives: Self.readArchive(bytes)
    }
  }
}
