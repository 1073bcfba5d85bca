import Glibc
import Synchronization

/// The certificate as its files say it now.
///
/// New connections begin with the new files, those that are open go on with what they began with. Files that do not fit together, as in the
/// middle of an exchange of both, change nothing until they do.
final class TLSCredentials: Sendable {
  /// Which file stands at a path, and in which state.
  private struct Stamp: Equatable {
    let device: UInt
    let inode: UInt
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      (device, inode, size) = (UInt(status.st_dev), UInt(status.st_ino), Int(status.st_size))
      (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
  }

  private struct State {
    var context: TLSContext
    var stamps: [Stamp?]
    var looked: Duration
  }

  /// The files are not looked at more often.
  private static let lookInterval: Duration = .seconds(1)

  private let configuration: TLSConfiguration
  private let state: Mutex<State>

  /// - Throws: ``ServerError/certificate(_:key:reason:)``.
  init(_ configuration: TLSConfiguration, now: Duration) throws(ServerError) {
    self.configuration = configuration
    // Looked at before they are read: a change in between is seen at the next look.
    let stamps = Self.stamps(configuration)
    state = Mutex(State(context: try TLSContext(configuration), stamps: stamps, looked: now))
  }

  /// A client's session with the present certificate.
  func session(now: Duration) -> TLSSession {
    let (context, outcome) = state.withLock { state in
      let outcome = look(&state, now: now)
      return (state.context, outcome)
    }
    switch outcome {
    case .unchanged: break
    case .renewed: configuration.onReload(nil)
    case .refused(let error): configuration.onReload(error)
    }
    return context.session()
  }

  private enum Look {
    case unchanged
    case renewed
    case refused(ServerError)
  }

  private func look(_ state: inout State, now: Duration) -> Look {
    guard now - state.looked >= Self.lookInterval else { return .unchanged }
    state.looked = now
    let stamps = Self.stamps(configuration)
    guard stamps != state.stamps else { return .unchanged }
    state.stamps = stamps
    do throws(ServerError) {
      state.context = try TLSContext(configuration)
      return .renewed
    } catch { return .refused(error) }
  }

  private static func stamps(_ configuration: TLSConfiguration) -> [Stamp?] {
    [Stamp(configuration.certificate), Stamp(configuration.key)]
  }
}
