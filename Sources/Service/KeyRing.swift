package import Foundation
package import Logging
import Synchronization

/// The keys that are valid now: those of a file, which is read again whenever it has changed.
package final class KeyRing: Sendable {
  private struct State {
    var keys: [String: AccessKey]
    /// Of the file when it was last read, whether or not it could be.
    var stamp: KeyFile.Stamp?
    var allowances: [String: RequestAllowance] = [:]
  }

  private let file: KeyFile
  private let logger: Logger
  private let date: @Sendable () -> Date
  private let now: @Sendable () -> Double
  private let state: Mutex<State>
  /// Stands in for a key that is not there, so that its absence takes as long as a wrong secret.
  private let decoy = AccessKey.fresh(name: "none", rights: [], requestsPerMinute: nil, expiry: nil).key

  /// - Parameters:
  ///   - date: By which keys expire.
  ///   - now: A clock in seconds that never goes back, by which requests a minute are counted.
  /// - Throws: ``KeyFileError`` where the file cannot be read.
  package init(
    _ file: KeyFile, logger: Logger, date: @escaping @Sendable () -> Date = { Date() },
    now: @escaping @Sendable () -> Double = { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
  ) throws(KeyFileError) {
    self.file = file
    self.logger = logger
    self.date = date
    self.now = now
    let stamp = file.stamp
    state = Mutex(State(keys: Self.byName(try file.read()), stamp: stamp))
  }

  /// The valid key that `authorization`, the field of a request, brings.
  ///
  /// - Throws: 401.
  func key(_ authorization: String?) throws(Problem) -> AccessKey {
    let words = authorization?.split(separator: " ", maxSplits: 1) ?? []
    guard words.count == 2, words[0].lowercased() == "bearer" else {
      throw Problem(.keyNeeded, "This route needs a key: send the header field \"Authorization: Bearer KEY\".", parameter: "Authorization")
    }
    guard let token = KeyToken(words[1].drop { $0 == " " }) else { throw Self.unknown }
    let found = current().keys[token.name]
    guard (found ?? decoy).recognises(token), let key = found else { throw Self.unknown }
    guard key.isValid(at: date()) else {
      throw Problem(.unknownKey, "The key \(key.name) has expired.", parameter: "Authorization")
    }
    return key
  }

  /// Counts one request of `key`.
  ///
  /// - Throws: 429 where its requests a minute are used up.
  func spend(_ key: AccessKey) throws(Problem) {
    guard let rate = key.requestsPerMinute else { return }
    let now = now()
    let wait = state.withLock { state in
      state.allowances[key.name, default: RequestAllowance(perMinute: rate, now: now)].take(perMinute: rate, now: now)
    }
    guard let wait else { return }
    throw Problem(
      .keyRateExceeded, "The key \(key.name) may make \(rate) requests a minute, and they are used up.",
      retryAfter: Int(wait.rounded(.up)))
  }

  /// The keys of the file as it is now; of a file that cannot be read any more, those it had before.
  private func current() -> State {
    state.withLock { state in
      let stamp = file.stamp
      guard stamp != state.stamp else { return state }
      state.stamp = stamp
      do throws(KeyFileError) {
        state.keys = Self.byName(try file.read())
        state.allowances = state.allowances.filter { state.keys[$0.key] != nil }
        logger.info("keys read again", metadata: ["file": .string(file.path), "keys": .stringConvertible(state.keys.count)])
      } catch {
        logger.error("keys not read again, the old ones stay", metadata: ["reason": .string(error.description)])
      }
      return state
    }
  }

  private static func byName(_ keys: [AccessKey]) -> [String: AccessKey] {
    Dictionary(uniqueKeysWithValues: keys.map { ($0.name, $0) })
  }

  private static let unknown = Problem(.unknownKey, "The key is not one of this server's.", parameter: "Authorization")
}
