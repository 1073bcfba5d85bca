import Foundation
import Synchronization

/// Bytes of the home that uploads on their way may take, whether or not they have taken them yet.
final class PromisedBytes: Sendable {
  private let promises = Mutex<[UUID: Int]>([:])

  var sum: Int { promises.withLock { $0.values.reduce(0, +) } }

  /// What one upload may take; 0 where it was promised nothing.
  subscript(upload: UUID) -> Int {
    get { promises.withLock { $0[upload] ?? 0 } }
    set { promises.withLock { $0[upload] = newValue } }
  }

  /// The upload is over.
  func end(_ upload: UUID) { promises.withLock { _ = $0.removeValue(forKey: upload) } }
}
